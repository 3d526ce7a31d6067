import type { Postgres } from '#database/connect.ts'
import { deadLettersIn } from '#database/operations/dead-letters.ts'
import { type NoticeContent, operatorNoticesIn } from '#database/operations/operator-notices.ts'
import type { EventOf } from '#events/event.ts'
import type { MessageRefused } from '#events/message-refused.ts'
import type { OperatorsReport } from '#events/operators-report.ts'
import type { RecordSkipped } from '#events/record-skipped.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import type { Logger } from '#functions/host/log.ts'
import { redact } from '#functions/host/redact.ts'
import { fingerprint } from './fingerprint.ts'
import { isMisrouted } from './misrouted.ts'
import { hourMs } from './notice-frequency.ts'
import { refusedTitle, skippedTitle, type TextSettings } from './notice-text.ts'
import { type NotifierState, notifyUnlessPaused } from './notify-unless-paused.ts'
import type { Operators } from './operators.ts'

export interface Dependencies {
  db: Postgres
  /** Undefined if no operators' chat is configured. Faults are then stored, but no notice is sent. */
  operators: Operators | undefined
  notifierState: NotifierState
  /** Reads the operators' language and zone. Called only when there is something to send. */
  textSettings: () => Promise<TextSettings>
  clock: Clock
  log: Logger
}

/** How long the ids of the events are kept by which a redelivery of message.refused and others is recognised. */
const alertsKeptMs = 30 * 24 * hourMs

/**
 * Handles a dead letter: stores it, counts it and notifies the operators, unless its event was not for the Trigger. The
 * dead letter counts as handled once it is stored. A failed notification is only logged, because a thrown error would
 * lead to another dead letter.
 */
export const errorNotifier = async (letter: DeadLetter, dependencies: Dependencies): Promise<void> => {
  if (isMisrouted(letter)) {
    const { trigger, event } = letter
    dependencies.log.info(
      `nothing is lost: the filter of ${trigger} excludes ${event.type}, so this is not a dead letter`,
    )
    return
  }
  const at = dependencies.clock()
  const reason = redact(letter.reason)
  const kind = fingerprint(letter.trigger, letter.code, reason)
  await dependencies.db.transaction(async tx => {
    const { isNew } = await deadLettersIn(tx).keep({ ...letter, reason, fingerprint: kind, at })
    if (isNew) await operatorNoticesIn(tx).count(kind, contentOf(letter, reason), at)
  })
  await notifyUnlessPaused(dependencies)
}

/**
 * Handles a message that Telegram refused. There is no dead letter to replay, but the operators should know about the
 * message.
 */
export const messageRefused = async (
  event: EventOf<typeof MessageRefused>,
  dependencies: Dependencies,
): Promise<void> => {
  const { code, chatId, reason } = event.data
  await alert(event.id, { title: refusedTitle, subject: `chat/${chatId}`, code, reason: redact(reason) }, dependencies)
}

/**
 * Handles a record that a function skipped because the record is unusable. There is no dead letter to replay, but the
 * operators can repair the record.
 */
export const recordSkipped = async (
  event: EventOf<typeof RecordSkipped>,
  dependencies: Dependencies,
): Promise<void> => {
  const { store, key, reason } = event.data
  await alert(
    event.id,
    { title: skippedTitle, subject: `${store} ${redact(key)}`, code: null, reason: redact(reason) },
    dependencies,
  )
}

/** Handles the daily report: the operators get one message for each day. */
export const installationReport = async (
  event: EventOf<typeof OperatorsReport>,
  dependencies: Dependencies,
): Promise<void> => {
  const at = dependencies.clock()
  // Each report is a notice of its own, so each is a new message.
  const kind = `report@${event.data.to.slice(0, 10)}`
  const content = { title: 'operators.report', subject: 'operators', code: null, reason: '', report: event.data }
  await dependencies.db.transaction(async tx => {
    const notices = operatorNoticesIn(tx)
    if (await notices.isNewAlert(event.id, kind, at)) await notices.count(kind, content, at)
  })
  await notifyUnlessPaused(dependencies)
}

/** Counts an event that is not a dead letter, once for each event id, and notifies the operators. */
const alert = async (eventId: string, content: NoticeContent, dependencies: Dependencies): Promise<void> => {
  const at = dependencies.clock()
  const kind = fingerprint(content.title, content.code, content.reason)
  await dependencies.db.transaction(async tx => {
    const notices = operatorNoticesIn(tx)
    if (await notices.isNewAlert(eventId, kind, at)) await notices.count(kind, content, at)
  })
  await notifyUnlessPaused(dependencies)
}

/** Handles a tick: updates the counts in the messages, and tries again to send the messages that could not be sent. */
export const noticesTick = async (dependencies: Dependencies): Promise<void> => {
  const now = dependencies.clock()
  if (now.getUTCMinutes() === 0)
    await operatorNoticesIn(dependencies.db).deleteAlertsBefore(new Date(now.getTime() - alertsKeptMs))
  await notifyUnlessPaused(dependencies, { isTick: true })
}

const contentOf = ({ trigger, event, code }: DeadLetter, reason: string): NoticeContent => ({
  title: trigger,
  subject: [event.type?.replace(/^dev\.vigia\./, ''), event.subject].filter(Boolean).join(' · '),
  code,
  reason,
})
