import type { OperatorNotice } from '#database/operations/operator-notices.ts'

const minuteMs = 60_000
export const hourMs = 60 * minuteMs

/** More messages than this in an hour help nobody who is on call. */
export const messagesAnHour = 20

/** What to do about one kind of fault now. */
export type Decision = 'send' | 'edit' | 'hold back' | 'wait'

/**
 * The first of a kind is a message at once; more of the same edit its count, at most once a minute; a new message only when it
 * still goes on an hour later; never more than 20 messages an hour in all, and what comes above is held back.
 */
export const decide = (notice: OperatorNotice, messagesInTheLastHour: number, now: Date): Decision => {
  const since = (instant: Date | null) =>
    instant === null ? Number.POSITIVE_INFINITY : now.getTime() - instant.getTime()
  if (notice.notifiedCount >= notice.count) return 'wait'
  if (since(notice.notifiedAt) >= hourMs) return messagesInTheLastHour < messagesAnHour ? 'send' : 'hold back'
  if (notice.heldBack) return 'wait'
  return since(notice.editedAt) >= minuteMs ? 'edit' : 'wait'
}
