import { jsonText, type Postgres } from '../connect.ts'
import type { ChangedFields } from './monitor-changes.ts'
import type { Monitor } from './monitors.ts'

/** The fields of a monitor that are chosen so far. A missing field has its usual value. */
export type DraftContent = Partial<Pick<Monitor, 'kind' | 'url'> & Omit<ChangedFields, 'secrets'>>

/** The settings that a person is choosing by buttons, in one chat. */
export interface MonitorDraft {
  id: number
  chatId: number
  personId: number
  /** The monitor that they change; null for a new one. */
  monitorId: number | null
  content: DraftContent
  /** The passwords, tokens and certificates that the person sent, by name. Those that the monitor has are not here. */
  secrets: Record<string, string>
  /** The field that the person's next text fills in; null if no text is expected. */
  asked: string | null
  /** The id of the update that changed the draft last. */
  cause: string
  version: number
  savedAt: Date | null
}

const columns = `id, chat_id as "chatId", person_id as "personId", monitor_id as "monitorId", content, secrets, asked, cause, version,
  saved_at as "savedAt"`

/** A text fills in a draft that was changed at most this long ago. Later the person probably means something else. */
const askedFor = '1 hour'

/** The table `monitor_draft`: one draft for each person and chat. */
export const monitorDraftsIn = (db: Postgres) => ({
  /** Starts a draft in place of the person's former one. */
  start: async (
    {
      chatId,
      personId,
      monitorId,
      content,
      asked,
    }: Omit<MonitorDraft, 'id' | 'secrets' | 'cause' | 'version' | 'savedAt'>,
    cause: string,
    now: Date,
  ): Promise<MonitorDraft> =>
    (
      await db.query<MonitorDraft>(
        `insert into monitor_draft (chat_id, person_id, monitor_id, content, asked, cause, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (chat_id, person_id) do update set id = default, monitor_id = excluded.monitor_id,
           content = excluded.content, secrets = '{}', asked = excluded.asked, cause = excluded.cause, version = 1, saved_at = null,
           changed_at = excluded.changed_at
         returning ${columns}`,
        [chatId, personId, monitorId, jsonText(content), asked, cause, now],
      )
    ).rows[0]!,

  /** A draft of this chat, whoever began it, or null. */
  find: async (chatId: number, id: number): Promise<MonitorDraft | null> =>
    (await db.query<MonitorDraft>(`select ${columns} from monitor_draft where chat_id = $1 and id = $2`, [chatId, id]))
      .rows[0] ?? null,

  /** The person's draft that expects a text, or that this update has filled in already; else null. */
  expectingText: async (chatId: number, personId: number, cause: string, now: Date): Promise<MonitorDraft | null> =>
    (
      await db.query<MonitorDraft>(
        `select ${columns} from monitor_draft
         where chat_id = $1 and person_id = $2 and saved_at is null and (asked is not null or cause = $3)
           and changed_at > $4::timestamptz - interval '${askedFor}'`,
        [chatId, personId, cause, now],
      )
    ).rows[0] ?? null,

  /** Changes a draft, unless it was changed or saved since it was read. Null if it was. */
  change: async (
    { id, version }: MonitorDraft,
    { content, secrets, asked }: Pick<MonitorDraft, 'content' | 'secrets' | 'asked'>,
    cause: string,
    now: Date,
  ): Promise<MonitorDraft | null> =>
    (
      await db.query<MonitorDraft>(
        `update monitor_draft set content = $3, asked = $4, cause = $5, changed_at = $6, secrets = $7, version = version + 1
         where id = $1 and version = $2 and saved_at is null returning ${columns}`,
        [id, version, jsonText(content), asked, cause, now, jsonText(secrets)],
      )
    ).rows[0] ?? null,

  /** Marks a draft as saved, and forgets its secrets. The same update may do it again. */
  markSaved: async (id: number, cause: string, now: Date): Promise<void> => {
    await db.query(
      `update monitor_draft set saved_at = $3, cause = $2, asked = null, secrets = '{}'
       where id = $1 and saved_at is null`,
      [id, cause, now],
    )
  },

  /** The person's next text is meant for something else. */
  expectNoText: async (chatId: number, personId: number): Promise<void> => {
    await db.query(
      'update monitor_draft set asked = null where chat_id = $1 and person_id = $2 and asked is not null',
      [chatId, personId],
    )
  },

  /** Deletes the draft of a person. */
  remove: async ({ id, personId }: Pick<MonitorDraft, 'id' | 'personId'>): Promise<void> => {
    await db.query('delete from monitor_draft where id = $1 and person_id = $2', [id, personId])
  },
})

export type MonitorDrafts = ReturnType<typeof monitorDraftsIn>
