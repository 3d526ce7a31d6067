import { jsonText, type Postgres } from '../connect.ts'

/** What happened, as the operators read it. */
export interface NoticeContent {
  /** The Trigger that gave up, or what the alert is about. */
  title: string
  /** `message.requested · chat/7` */
  subject: string
  code: number | null
  reason: string
}

/** One kind of fault in its latest outbreak, and what the operators know of it. */
export interface OperatorNotice {
  fingerprint: string
  content: NoticeContent
  count: number
  firstAt: Date
  lastAt: Date
  telegramMessageId: number | null
  /** When its message was sent, or when it was held back. */
  notifiedAt: Date | null
  editedAt: Date | null
  notifiedCount: number
  heldBack: boolean
}

/** The message that says how many kinds of fault were held back. */
export interface OperatorDigest {
  telegramMessageId: number | null
  notifiedAt: Date | null
  editedAt: Date | null
  notifiedCount: number
  count: number
}

const hour = '1 hour'
const columns = `fingerprint, news as content, count, first_at as "firstAt", last_at as "lastAt", telegram_message_id as "telegramMessageId",
  told_at as "notifiedAt", edited_at as "editedAt", told_count as "notifiedCount", held_back as "heldBack"`

/** The tables `operator_notice`, `operator_digest` and `alert`. Every instant is an argument. */
export const operatorNoticesIn = (db: Postgres) => ({
  /** Counts one more of its kind. After an hour of silence it is a new outbreak, which counts from one. */
  count: async (fingerprint: string, news: NoticeContent, at: Date): Promise<void> => {
    await db.query(
      `insert into operator_notice (fingerprint, news, count, first_at, last_at) values ($1, $2, 1, $3, $3)
       on conflict (fingerprint) do update set
         news = excluded.news,
         count = case when operator_notice.last_at < $3::timestamptz - interval '${hour}' then 1 else operator_notice.count + 1 end,
         told_count = case when operator_notice.last_at < $3::timestamptz - interval '${hour}' then 0 else operator_notice.told_count end,
         first_at = case when operator_notice.last_at < $3::timestamptz - interval '${hour}' then $3 else operator_notice.first_at end,
         last_at = greatest(operator_notice.last_at, $3)`,
      [fingerprint, jsonText(news), at],
    )
  },

  /** Remembers an alert by the id of its event. False when it was known. */
  isNewAlert: async (eventId: string, fingerprint: string, at: Date): Promise<boolean> =>
    (
      await db.query('insert into alert (event_id, fingerprint, at) values ($1, $2, $3) on conflict do nothing', [
        eventId,
        fingerprint,
        at,
      ])
    ).rowCount === 1,

  /** Alerts from before that instant go; their events come no more. */
  deleteAlertsBefore: async (at: Date): Promise<void> => {
    await db.query('delete from alert where at < $1', [at])
  },

  /** Takes the operators' ear for this transaction, or null when somebody else has it. */
  lockDigest: async (): Promise<OperatorDigest | null> =>
    (
      await db.query<OperatorDigest>(
        `select telegram_message_id as "telegramMessageId", told_at as "notifiedAt", edited_at as "editedAt",
           told_count as "notifiedCount", count from operator_digest for update skip locked`,
      )
    ).rows[0] ?? null,

  /** Kinds of fault of which the operators do not know everything, the oldest first. */
  outdated: async (): Promise<OperatorNotice[]> =>
    (
      await db.query<OperatorNotice>(
        `select ${columns} from operator_notice where told_count < count order by first_at`,
      )
    ).rows,

  /** How many messages they got since then; edits and what was held back do not count. */
  messagesSince: async (at: Date): Promise<number> =>
    (
      await db.query<{ count: number }>(
        'select count(*) as count from operator_notice where told_at > $1 and not held_back',
        [at],
      )
    ).rows[0]!.count,

  markSent: async (fingerprint: string, count: number, telegramMessageId: number, at: Date): Promise<void> => {
    await db.query(
      `update operator_notice set told_at = $2, edited_at = $2, told_count = $3, telegram_message_id = $4, held_back = false
       where fingerprint = $1`,
      [fingerprint, at, count, telegramMessageId],
    )
  },

  markEdited: async (fingerprint: string, count: number, at: Date): Promise<void> => {
    await db.query('update operator_notice set edited_at = $2, told_count = $3 where fingerprint = $1', [
      fingerprint,
      at,
      count,
    ])
  },

  markHeldBack: async (fingerprint: string, count: number, at: Date): Promise<void> => {
    await db.query(
      `update operator_notice set told_at = $2, edited_at = $2, told_count = $3, telegram_message_id = null, held_back = true
       where fingerprint = $1`,
      [fingerprint, at, count],
    )
  },

  saveDigest: async ({
    telegramMessageId,
    notifiedAt,
    editedAt,
    notifiedCount,
    count,
  }: OperatorDigest): Promise<void> => {
    await db.query(
      'update operator_digest set telegram_message_id = $1, told_at = $2, edited_at = $3, told_count = $4, count = $5',
      [telegramMessageId, notifiedAt, editedAt, notifiedCount, count],
    )
  },
})

export type OperatorNotices = ReturnType<typeof operatorNoticesIn>
