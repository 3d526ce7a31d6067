import { jsonText, type Postgres } from '../connect.ts'

/** A notice that waits for its time. */
export interface WaitingNotice {
  /** The id of the event that led to it, and the chat. */
  key: string
  chatId: number
  threadId: number | null
  /** `news` waits for the end of quiet hours; a person asked for a `reminder`. */
  kind: 'news' | 'reminder'
  dueAt: Date
  /** The event: its name, its subject and its data. */
  name: string
  subject: string
  data: unknown
  /** The key of the message that tells the same news outside of quiet hours; null for a reminder. */
  messageKey: string | null
}

/** A notice whose time has come, with the zone of its chat. */
export interface DueNotice extends WaitingNotice {
  zone: string
  /** Whether the chat was told before its quiet hours. */
  isTold: boolean
}

/** The table `waiting_notice`. */
export const waitingNoticesIn = (db: Postgres) => ({
  /** Stores notices, each once, also if it was told in the meantime. */
  keep: async (notices: readonly WaitingNotice[], now: Date): Promise<void> => {
    if (notices.length === 0) return
    await db.query(
      `insert into waiting_notice (key, chat_id, thread_id, kind, due_at, name, subject, data, message_key, made_at)
       select key, "chatId", "threadId", kind, "dueAt", name, subject, data, "messageKey", $2
       from jsonb_to_recordset($1) as notice (key text, "chatId" bigint, "threadId" bigint, kind text,
         "dueAt" timestamptz, name text, subject text, data jsonb, "messageKey" text)
       on conflict (key) do nothing`,
      [jsonText(notices), now],
    )
  },

  /** Those of the keys whose notice is stored, also if it was told in the meantime. */
  known: async (keys: readonly string[]): Promise<Set<string>> =>
    new Set(
      (await db.query<{ key: string }>('select key from waiting_notice where key = any ($1)', [keys])).rows.map(
        ({ key }) => key,
      ),
    ),

  /**
   * The notices that are due, in the order in which they were made; only those of `chats`, or of all chats if it is
   * null.
   */
  due: async (now: Date, chats: readonly number[] | null, limit: number): Promise<DueNotice[]> =>
    (
      await db.query<DueNotice>(
        `select key, chat_id as "chatId", thread_id as "threadId", waiting_notice.kind, due_at as "dueAt", name, subject,
           data, chat.zone, message_key as "messageKey",
           exists (select from message where message.key = message_key) as "isTold"
         from waiting_notice join chat on chat.id = chat_id
         where done_at is null and due_at <= $1 and unreachable_since is null
         and ($2::bigint[] is null or chat_id = any ($2)) order by made_at, key limit $3`,
        [now, chats, limit],
      )
    ).rows,

  /** Marks notices as told, or as dropped. */
  finish: async (keys: readonly string[], now: Date): Promise<void> => {
    await db.query('update waiting_notice set done_at = $2 where key = any ($1)', [keys, now])
  },

  /** The news waits longer, because the chat has changed its quiet hours. */
  postpone: async (keys: readonly string[], until: Date): Promise<void> => {
    await db.query('update waiting_notice set due_at = $2 where key = any ($1)', [keys, until])
  },
})

export type WaitingNotices = ReturnType<typeof waitingNoticesIn>
