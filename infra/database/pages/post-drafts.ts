import { jsonText, type Postgres } from '../connect.ts'
import { type Impacts, impactsWith, type ServiceImpact } from './impacts.ts'
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

/** SQL: the outages of the monitors of the chat $1. */
const incidentsOfChat = 'incident join monitor on monitor.id = monitor_id and monitor.chat_id = $1'

/** SQL: whether a draft is of the chat $1 and of one of these outages. A monitor may have moved to another chat. */
const isDraftOfChat = 'incident.id = incident_id and page_post_draft.chat_id = $1'

/** SQL: the drafts of the chat $1 with the monitors of their outages. */
const drafts = `page_post_draft join (${incidentsOfChat}) on ${isDraftOfChat}`

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
         where message.chat_id = $1 and telegram_message_id = $2 and key like 'incident/%'`,
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

  /** Changes one thing of a draft of this chat. Null if the draft is gone or decided already. */
  change: async (
    chatId: number,
    id: number,
    { status, isTemplate, impact }: Partial<Pick<PostDraft, 'status' | 'isTemplate'>> & { impact?: ServiceImpact },
  ): Promise<PostDraft | null> =>
    (
      await db.query<PostDraft>(
        `update page_post_draft set status = coalesce($3, page_post_draft.status), is_template = coalesce($4, is_template),
           impacts = case when $5::bigint is null then impacts else ${impactsWith('impacts', '$5', '$6')} end
         from ${incidentsOfChat} where ${isDraftOfChat} and page_post_draft.id = $2 and outcome is null returning ${columns}`,
        [chatId, id, status ?? null, isTemplate ?? null, impact?.monitorId ?? null, impact?.impact ?? null],
      )
    ).rows[0] ?? null,

  /**
   * Decides a draft of this chat and returns it. Null if it is gone, or if another update has decided it, or this one
   * in another way.
   */
  decide: async (
    chatId: number,
    id: number,
    outcome: 'published' | 'discarded',
    cause: string,
  ): Promise<PostDraft | null> =>
    (
      await db.query<PostDraft>(
        `update page_post_draft set outcome = $3, decided_by = $4 from ${incidentsOfChat}
         where ${isDraftOfChat} and page_post_draft.id = $2 and (outcome is null or outcome = $3 and decided_by = $4)
         returning ${columns}`,
        [chatId, id, outcome, cause],
      )
    ).rows[0] ?? null,
})

export type PostDrafts = ReturnType<typeof postDraftsIn>
