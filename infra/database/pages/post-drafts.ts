import { jsonText, type Postgres } from '../connect.ts'
import type { Impacts } from './impacts.ts'
import type { PostStatus } from './posts.ts'

/** A text about an outage. If a person confirms it, it becomes a post on each page of the chat with the monitor. */
export interface PostDraft {
  id: number
  incidentId: number
  monitorId: number
  status: PostStatus
  text: string
  /** Whether each page gets the text of a template in its language instead. */
  isTemplate: boolean
  impacts: Impacts
  outcome: 'published' | 'discarded' | null
  /** The update that decided the outcome. */
  decidedBy: string | null
}

/** An outage of a monitor of the chat. */
export interface ChatOutage {
  incidentId: number
  monitorId: number
  isOver: boolean
}

const columns = `page_post_draft.id, incident_id as "incidentId", monitor_id as "monitorId", page_post_draft.status, text,
  is_template as "isTemplate", impacts, outcome, decided_by as "decidedBy"`

/** SQL: the drafts of the chat $1 with the monitors of their outages. A monitor may have moved to another chat. */
const drafts = `page_post_draft join incident on incident.id = incident_id
  join monitor on monitor.id = monitor_id and monitor.chat_id = page_post_draft.chat_id and monitor.chat_id = $1`

/** The table `page_post_draft`. */
export const postDraftsIn = (db: Postgres) => ({
  /**
   * The outage that a message of the bot in this chat is about; null if it is about none. Messages have the id of the
   * event that led to them: `incident/7/monitor.down/message.requested/42`.
   */
  outageOfMessage: async (chatId: number, telegramId: number): Promise<ChatOutage | null> =>
    (
      await db.query<ChatOutage>(
        `select incident.id as "incidentId", monitor_id as "monitorId", closed_at is not null as "isOver"
         from message
         join incident on incident.id = substring(key from '^incident/([1-9][0-9]{0,15})/monitor\\.')::bigint
         join monitor on monitor.id = monitor_id and monitor.chat_id = message.chat_id
         where message.chat_id = $1 and telegram_message_id = $2`,
        [chatId, telegramId],
      )
    ).rows[0] ?? null,

  /** Stores a draft. A second call for the same cause returns the draft of the first call. */
  add: async (
    chatId: number,
    draft: Pick<PostDraft, 'incidentId' | 'status' | 'text' | 'impacts'>,
    cause: string,
    at: Date,
  ): Promise<PostDraft | null> => {
    await db.query(
      `insert into page_post_draft (chat_id, incident_id, status, text, impacts, cause, at)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (cause) do nothing`,
      [chatId, draft.incidentId, draft.status, draft.text, jsonText(draft.impacts), cause, at],
    )
    const { rows } = await db.query<PostDraft>(`select ${columns} from ${drafts} where page_post_draft.cause = $2`, [
      chatId,
      cause,
    ])
    return rows[0] ?? null
  },

  /** The draft of this chat; null if there is none. */
  find: async (chatId: number, id: number): Promise<PostDraft | null> =>
    (await db.query<PostDraft>(`select ${columns} from ${drafts} where page_post_draft.id = $2`, [chatId, id]))
      .rows[0] ?? null,

  /** Changes fields of a draft that is not decided yet. */
  change: async (
    id: number,
    { status, isTemplate, impacts }: Partial<Pick<PostDraft, 'status' | 'isTemplate' | 'impacts'>>,
  ): Promise<void> => {
    await db.query(
      `update page_post_draft set status = coalesce($2, status), is_template = coalesce($3, is_template),
         impacts = coalesce($4::jsonb, impacts)
       where id = $1 and outcome is null`,
      [id, status ?? null, isTemplate ?? null, impacts === undefined ? null : jsonText(impacts)],
    )
  },

  /** Decides a draft. True if this update decides it, or has decided it before in the same way. */
  decide: async (id: number, outcome: 'published' | 'discarded', cause: string): Promise<boolean> =>
    (
      await db.query(
        `update page_post_draft set outcome = $2, decided_by = $3
         where id = $1 and (outcome is null or outcome = $2 and decided_by = $3)`,
        [id, outcome, cause],
      )
    ).rowCount === 1,
})

export type PostDrafts = ReturnType<typeof postDraftsIn>
