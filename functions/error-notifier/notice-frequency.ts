import type { OperatorDigest, OperatorNotice } from '#database/operations/operator-notices.ts'

const minuteMs = 60_000
export const hourMs = 60 * minuteMs

/**
 * The maximum number of messages to the operators in an hour. The digest, which says how many kinds of fault were held
 * back, does not count.
 */
export const maxMessagesPerHour = 20

/** The time between two edits of one message. */
const editIntervalMs = minuteMs

/**
 * How long a claimed message counts as being sent. An edit and a message together take less time (at most 10 s each),
 * so only a process that crashed leaves an expired claim.
 */
const claimMs = minuteMs

const msSince = (instant: Date | null, now: Date) =>
  instant === null ? Number.POSITIVE_INFINITY : now.getTime() - instant.getTime()

/** Whether a process claimed the notice to send it, and has not yet stored the id that Telegram gives the message. */
const isClaimed = ({ notifiedAt, telegramMessageId, heldBack }: OperatorNotice) =>
  notifiedAt !== null && telegramMessageId === null && !heldBack

/** What to do about one kind of fault now. */
export type Decision = 'send' | 'edit' | 'hold back' | 'wait'

/**
 * Decides what to do about one kind of fault now. The first fault of a kind is sent at once. Further faults of the same
 * kind change the count in this message, at most once a minute. A new message is sent only if the fault still occurs an
 * hour later. Above 20 messages an hour, notices are held back and only counted in the digest. `messagesInTheLastHour`
 * includes messages that another replica is sending now.
 */
export const decide = (notice: OperatorNotice, messagesInTheLastHour: number, now: Date): Decision => {
  if (notice.content.alerts !== undefined) return decideAboutAlerts(notice, messagesInTheLastHour, now)
  const { count, notifiedCount, notifiedAt, editedAt, heldBack } = notice
  if (notifiedCount >= count) return 'wait'
  const sentAgoMs = msSince(notifiedAt, now)
  const claimExpired = isClaimed(notice) && sentAgoMs >= claimMs
  if (sentAgoMs >= hourMs || claimExpired) return messagesInTheLastHour < maxMessagesPerHour ? 'send' : 'hold back'
  if (heldBack || isClaimed(notice)) return 'wait'
  return msSince(editedAt, now) >= editIntervalMs ? 'edit' : 'wait'
}

/** A group of alerts that fires again this soon after its last message is shown in that message. */
const flappingMs = 10 * minuteMs

/**
 * Decides what to do about a group of alerts now. A group has one message, which is edited: at once when the group is
 * resolved, else at most once a minute. The operators get a new message if the group fires again after it was
 * resolved, or if the group still fires when Alertmanager sends it again an hour after its last message. A group that
 * is held back by the limit of messages gets its message as soon as the limit allows it.
 */
const decideAboutAlerts = (notice: OperatorNotice, messagesInTheLastHour: number, now: Date): Decision => {
  const { content, count, notifiedCount, notifiedAt, editedAt, telegramMessageId, heldBack, newMessageFrom } = notice
  if (notifiedCount >= count) return 'wait'
  const hasRoom = messagesInTheLastHour < maxMessagesPerHour
  const sentAgoMs = msSince(notifiedAt, now)
  if (isClaimed(notice) && sentAgoMs < claimMs) return 'wait'
  if (heldBack) return hasRoom ? 'send' : 'wait'
  const isNewMessageDue = notifiedCount < (newMessageFrom ?? 0) && sentAgoMs >= flappingMs
  if (telegramMessageId === null || isNewMessageDue) return hasRoom ? 'send' : 'hold back'
  return content.alerts?.status === 'resolved' || msSince(editedAt, now) >= editIntervalMs ? 'edit' : 'wait'
}

/** Whether the digest shows too low a count, and was not sent or edited within the last minute. */
export const isDigestDue = ({ count, notifiedCount, editedAt }: OperatorDigest, now: Date): boolean =>
  count > notifiedCount && msSince(editedAt, now) >= editIntervalMs

/** The digest after one more kind of fault was held back. A digest covers one hour; then a new one starts. */
export const countHeldBack = (digest: OperatorDigest, now: Date): OperatorDigest =>
  msSince(digest.notifiedAt, now) >= hourMs
    ? { telegramMessageId: null, notifiedAt: now, editedAt: null, notifiedCount: 0, count: 1 }
    : { ...digest, count: digest.count + 1 }
