import type { Postgres } from '../connect.ts'

/** The content of a report. */
export interface ReportContent {
  /** Telegram HTML; null if there was nothing to report. */
  html: string | null
  /** PNG, or null. */
  picture: Buffer | null
}

/** A report as it is sent. The picture is only read by `picture`. */
export interface StoredReport {
  id: number
  html: string | null
  hasPicture: boolean
}

/** The table `report`. `key` is the id of the event that requested the report. */
export const reportsIn = (db: Postgres) => {
  const find = async (key: string): Promise<StoredReport | null> =>
    (
      await db.query<StoredReport>(`select id, html, picture is not null as "hasPicture" from report where key = $1`, [
        key,
      ])
    ).rows[0] ?? null
  return {
    find,

    /** Stores the report, unless one with this key exists. Returns the stored one. */
    keep: async (key: string, chatId: number, { html, picture }: ReportContent, at: Date): Promise<StoredReport> => {
      await db.query(
        `insert into report (key, chat_id, html, picture, made_at) values ($1, $2, $3, $4, $5)
         on conflict (key) do nothing`,
        [key, chatId, html, picture, at],
      )
      return (await find(key))!
    },

    /** The picture of a report; null if the report is gone or has none. */
    picture: async (id: number): Promise<Buffer | null> =>
      (await db.query<{ picture: Buffer | null }>('select picture from report where id = $1', [id])).rows[0]?.picture ??
      null,
  }
}

export type Reports = ReturnType<typeof reportsIn>
