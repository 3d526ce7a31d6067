import { createHash } from 'node:crypto'
import type { Postgres } from '../connect.ts'

export const logoTypes = ['png', 'jpg', 'webp'] as const
export type LogoType = (typeof logoTypes)[number]

/** What a page says about its logo. */
export interface PageLogo {
  type: LogoType
  width: number
  height: number
  hash: string
}

/** A picture to store. */
export interface LogoImage extends Omit<PageLogo, 'hash'> {
  bytes: Buffer
}

/** The part of the address of a logo that changes with it. */
export const logoHash = ({ bytes }: Pick<LogoImage, 'bytes'>): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 16)

/** How long the next picture of a person who was asked for a logo is the logo. */
const askedFor = '15 minutes'

/** SQL: the logo of the row `page` as JSON; null if it has none. */
export const logoOfPage = `(select json_build_object('type', type, 'width', width, 'height', height, 'hash', hash)
  from page_logo where page_id = page.id)`

/** The table `page_logo`, and who was asked for a logo. */
export const pageLogosIn = (db: Postgres) => ({
  /** The next picture of the person in the chat becomes the logo of this page, and of no other. */
  ask: (chatId: number, pageId: number, personId: number, at: Date): Promise<boolean> =>
    db.transaction(async tx => {
      await tx.query(
        'update status_page set logo_asked_of = null, logo_asked_at = null where chat_id = $1 and logo_asked_of = $2',
        [chatId, personId],
      )
      const { rowCount } = await tx.query(
        'update status_page set logo_asked_of = $3, logo_asked_at = $4 where chat_id = $1 and id = $2',
        [chatId, pageId, personId, at],
      )
      return rowCount === 1
    }),

  /**
   * The page for which the person was asked for a logo a short time ago; null if there is none. `isDone`: this update
   * has sent the logo already.
   */
  askedOf: async (
    chatId: number,
    personId: number,
    cause: string,
    now: Date,
  ): Promise<{ id: number; isDone: boolean } | null> =>
    (
      await db.query<{ id: number; isDone: boolean }>(
        `select id, coalesce(cause = $3, false) as "isDone" from status_page left join page_logo on page_id = id
         where chat_id = $1 and (cause = $3 or logo_asked_of = $2 and logo_asked_at > $4::timestamptz - interval '${askedFor}')
         order by 2 desc limit 1`,
        [chatId, personId, cause, now],
      )
    ).rows[0] ?? null,

  /** Stores the logo of a page in place of an earlier one. No other picture is awaited after it. */
  keep: (pageId: number, image: LogoImage, cause: string): Promise<void> =>
    db.transaction(async tx => {
      const { type, bytes, width, height } = image
      await tx.query(
        `insert into page_logo (page_id, type, bytes, width, height, hash, cause) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (page_id) do update set type = excluded.type, bytes = excluded.bytes, width = excluded.width,
           height = excluded.height, hash = excluded.hash, cause = excluded.cause`,
        [pageId, type, bytes, width, height, logoHash(image), cause],
      )
      await tx.query('update status_page set logo_asked_of = null, logo_asked_at = null where id = $1', [pageId])
    }),

  /** Removes the logo of a page of this chat, and awaits none. */
  remove: async (chatId: number, pageId: number): Promise<void> => {
    await db.query(
      `with page as (
         update status_page set logo_asked_of = null, logo_asked_at = null where chat_id = $1 and id = $2 returning id
       )
       delete from page_logo using page where page_id = page.id`,
      [chatId, pageId],
    )
  },

  /** The hashes of the logos of pages, by the ids of the pages. */
  hashesOf: async (pageIds: readonly number[]): Promise<Map<number, string>> => {
    const { rows } = await db.query<{ id: number; hash: string }>(
      'select page_id as id, hash from page_logo where page_id = any ($1)',
      [pageIds],
    )
    return new Map(rows.map(({ id, hash }) => [id, hash]))
  },

  /** Whether a page has a logo. */
  exists: async (pageId: number): Promise<boolean> =>
    (await db.query('select from page_logo where page_id = $1', [pageId])).rowCount === 1,
})

export type PageLogos = ReturnType<typeof pageLogosIn>
