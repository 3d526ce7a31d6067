import type { DataOf } from '#events/event.ts'
import type { OperatorsReport } from '#events/operators-report.ts'
import type { Language } from '../chats/language.ts'
import { jsonText, type Postgres } from '../connect.ts'

/** The content of a notice to the operators. */
export interface NoticeContent {
  /** The Trigger that could not deliver, or the name of the event of an alert: `message.refused`, `record.skipped`. */
  title: string
  /** `message.requested · chat/7` */
  subject: string
  code: number | null
  reason: string
  /** Only in a notice about a group of alerts. */
  alerts?: AlertGroup
  /** Only in the daily report. */
  report?: DataOf<typeof OperatorsReport>
}

/** A group of alerts as Alertmanager last sent it. All texts are single lines without secrets. */
export interface AlertGroup {
  status: AlertStatus
  /** The label `severity`; '' without one. */
  severity: string
  /** The first alerts of the group, the firing ones before the others. */
  shown: GroupedAlert[]
  /** The number of the group's alerts that are not in `shown`. */
  more: number
}

export type AlertStatus = 'firing' | 'resolved'

export interface GroupedAlert {
  status: AlertStatus
  /** The labels by which the alert differs from others of its name: `job=backup, shard=3`. */
  labels: string
  /** What happens, in Portuguese and in English. */
  summary: Record<Language, string>
  /** RFC 3339; null if unknown, and `endedAt` also while the alert fires. */
  startedAt: string | null
  endedAt: string | null
  /** Pages for the operators: what to do, and the dashboard. */
  runbook: string | null
  dashboard: string | null
}

/**
 * The errors of one kind since the count last began at one, and what the operators know about them. For a group of
 * alerts, `count` is the number of its changes.
 */
export interface OperatorNotice {
  fingerprint: string
  content: NoticeContent
  count: number
  firstAt: Date
  lastAt: Date
  telegramMessageId: number | null
  /** When the message was claimed or sent, or when the notice was held back. */
  notifiedAt: Date | null
  editedAt: Date | null
  notifiedCount: number
  heldBack: boolean
  /**
   * Only in a notice about a group of alerts: from this count on, the operators get a new message, and not an edit of
   * the last one.
   */
  newMessageFrom: number | null
}

/** The message about the number of notices that were held back. */
export interface OperatorDigest {
  telegramMessageId: number | null
  notifiedAt: Date | null
  editedAt: Date | null
  notifiedCount: number
  count: number
}

const hour = '1 hour'
const columns = `fingerprint, news as content, count, first_at as "firstAt", last_at as "lastAt", telegram_message_id as "telegramMessageId",
  told_at as "notifiedAt", edited_at as "editedAt", told_count as "notifiedCount", held_back as "heldBack",
  new_message_from as "newMessageFrom"`

/** Whether a group of alerts that was resolved fires again. Only for the statement of `keepAlertGroup`. */
const firesAgain = `(kept.news #>> '{alerts,status}' = 'resolved' and excluded.news #>> '{alerts,status}' = 'firing')`

/** The tables `operator_notice`, `operator_digest` and `alert`. The present time is always an argument. */
export const operatorNoticesIn = (db: Postgres) => ({
  /** Counts one more error of this kind. After an hour without an error, the count begins at one again. */
  count: async (fingerprint: string, content: NoticeContent, at: Date): Promise<void> => {
    await db.query(
      `insert into operator_notice (fingerprint, news, count, first_at, last_at) values ($1, $2, 1, $3, $3)
       on conflict (fingerprint) do update set
         news = excluded.news,
         count = case when operator_notice.last_at < $3::timestamptz - interval '${hour}' then 1 else operator_notice.count + 1 end,
         told_count = case when operator_notice.last_at < $3::timestamptz - interval '${hour}' then 0 else operator_notice.told_count end,
         first_at = case when operator_notice.last_at < $3::timestamptz - interval '${hour}' then $3 else operator_notice.first_at end,
         last_at = greatest(operator_notice.last_at, $3)`,
      [fingerprint, jsonText(content), at],
    )
  },

  /**
   * Stores the present state of a group of alerts. The same state again changes nothing, unless the group still fires
   * an hour after its last message: then the same state counts as a reminder. A new message is due for a new group, for
   * a group that fires again after it was resolved, and for a reminder.
   */
  keepAlertGroup: async (fingerprint: string, content: NoticeContent, at: Date): Promise<void> => {
    await db.query(
      `insert into operator_notice as kept (fingerprint, news, count, first_at, last_at, new_message_from)
       values ($1, $2, 1, $3, $3, 1)
       on conflict (fingerprint) do update set
         news = excluded.news,
         count = kept.count + 1,
         first_at = case when ${firesAgain} then excluded.first_at else kept.first_at end,
         last_at = greatest(kept.last_at, excluded.last_at),
         new_message_from = case when kept.news = excluded.news or ${firesAgain} then kept.count + 1 else kept.new_message_from end
       where kept.news <> excluded.news or (
         excluded.news #>> '{alerts,status}' = 'firing' and kept.told_count = kept.count
         and kept.told_at <= excluded.last_at - interval '${hour}')`,
      [fingerprint, jsonText(content), at],
    )
  },

  /** Stores an alert by the id of its event. Returns false for a redelivery. */
  isNewAlert: async (eventId: string, fingerprint: string, at: Date): Promise<boolean> =>
    (
      await db.query('insert into alert (event_id, fingerprint, at) values ($1, $2, $3) on conflict do nothing', [
        eventId,
        fingerprint,
        at,
      ])
    ).rowCount === 1,

  /** Deletes the alerts from before `at`, because their events are not delivered again. */
  deleteAlertsBefore: async (at: Date): Promise<void> => {
    await db.query('delete from alert where at < $1', [at])
  },

  /** Reads the digest and locks its row until the transaction ends. Only inside a transaction. */
  lockDigest: async (): Promise<OperatorDigest> =>
    (
      await db.query<OperatorDigest>(
        `select telegram_message_id as "telegramMessageId", told_at as "notifiedAt", edited_at as "editedAt",
           told_count as "notifiedCount", count from operator_digest for update`,
      )
    ).rows[0]!,

  /** The notices with a higher count than the operators know, the oldest first. */
  outdated: async (): Promise<OperatorNotice[]> =>
    (
      await db.query<OperatorNotice>(
        `select ${columns} from operator_notice where told_count < count order by first_at`,
      )
    ).rows,

  /** The number of messages sent or claimed since `at`. Edits and notices that were held back do not count. */
  messagesSince: async (at: Date): Promise<number> =>
    (
      await db.query<{ count: number }>(
        'select count(*) as count from operator_notice where told_at > $1 and not held_back',
        [at],
      )
    ).rows[0]!.count,

  /**
   * Claims the next message of a notice: writes `at` as its time and no message id. Returns false if the notice was
   * claimed or sent after it was read.
   */
  claimSend: async ({ fingerprint, notifiedAt }: OperatorNotice, at: Date): Promise<boolean> =>
    (
      await db.query(
        `update operator_notice set told_at = $2, edited_at = $2, telegram_message_id = null, held_back = false
         where fingerprint = $1 and told_at is not distinct from $3`,
        [fingerprint, at, notifiedAt],
      )
    ).rowCount === 1,

  /**
   * Writes that the claimed message was sent. The notice is passed as it was before the claim. Returns false if the
   * claim has expired and another process has claimed the message.
   */
  confirmSend: async (
    { fingerprint, count }: OperatorNotice,
    telegramMessageId: number,
    claimedAt: Date,
  ): Promise<boolean> =>
    (
      await db.query(
        `update operator_notice set told_count = $3, telegram_message_id = $4
         where fingerprint = $1 and told_at = $2 and telegram_message_id is null`,
        [fingerprint, claimedAt, count, telegramMessageId],
      )
    ).rowCount === 1,

  /** Undoes a claim whose message was not sent. The notice is passed as it was before the claim. */
  releaseSend: async (notice: OperatorNotice, claimedAt: Date): Promise<void> => {
    const { fingerprint, notifiedAt, editedAt, telegramMessageId, heldBack } = notice
    await db.query(
      `update operator_notice set told_at = $3, edited_at = $4, telegram_message_id = $5, held_back = $6
       where fingerprint = $1 and told_at = $2 and telegram_message_id is null`,
      [fingerprint, claimedAt, notifiedAt, editedAt, telegramMessageId, heldBack],
    )
  },

  /**
   * Claims an edit of a notice's message. Returns false if the message was edited, or claimed for an edit, after the
   * notice was read.
   */
  claimEdit: async ({ fingerprint, editedAt }: OperatorNotice, at: Date): Promise<boolean> =>
    (
      await db.query(
        'update operator_notice set edited_at = $2 where fingerprint = $1 and edited_at is not distinct from $3',
        [fingerprint, at, editedAt],
      )
    ).rowCount === 1,

  /** Writes that the message shows the notice's count. Returns false if another edit was claimed meanwhile. */
  confirmEdit: async ({ fingerprint, count }: OperatorNotice, claimedAt: Date): Promise<boolean> =>
    (
      await db.query('update operator_notice set told_count = $3 where fingerprint = $1 and edited_at = $2', [
        fingerprint,
        claimedAt,
        count,
      ])
    ).rowCount === 1,

  /** Undoes a claim whose edit failed. The notice is passed as it was before the claim. */
  releaseEdit: async ({ fingerprint, editedAt }: OperatorNotice, claimedAt: Date): Promise<void> => {
    await db.query('update operator_notice set edited_at = $3 where fingerprint = $1 and edited_at = $2', [
      fingerprint,
      claimedAt,
      editedAt,
    ])
  },

  /** Writes that there is no message about a notice. `notifiedCount` is the count that needs no message. */
  markHeldBack: async (fingerprint: string, notifiedCount: number, at: Date): Promise<void> => {
    await db.query(
      `update operator_notice set told_at = $2, edited_at = $2, told_count = $3, telegram_message_id = null, held_back = true
       where fingerprint = $1`,
      [fingerprint, at, notifiedCount],
    )
  },

  /**
   * Writes the whole digest. Only inside the transaction that has called `lockDigest`. A new `editedAt` claims the
   * digest's next message or edit.
   */
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

  /**
   * Writes that the operators see the digest's count. Changes nothing if another claim was made, or a new digest was
   * started, meanwhile.
   */
  confirmDigest: async ({ count }: OperatorDigest, telegramMessageId: number, claimedAt: Date): Promise<void> => {
    await db.query(
      `update operator_digest set telegram_message_id = $2, told_at = coalesce(told_at, $1), told_count = $3
       where edited_at = $1`,
      [claimedAt, telegramMessageId, count],
    )
  },

  /** Undoes a claim of the digest after the request to Telegram failed. */
  releaseDigest: async ({ editedAt }: OperatorDigest, claimedAt: Date): Promise<void> => {
    await db.query('update operator_digest set edited_at = $2 where edited_at = $1', [claimedAt, editedAt])
  },
})
