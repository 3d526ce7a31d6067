import type { Postgres } from '#database/connect.ts'
import { deadLettersIn } from '#database/operations/dead-letters.ts'
import { type NoticeContent, type OperatorNotice, operatorNoticesIn } from '#database/operations/operator-notices.ts'
import type { EventOf } from '#events/event.ts'
import type { MessageRefused } from '#events/message-refused.ts'
import type { RecordSkipped } from '#events/record-skipped.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import { asError } from '#functions/host/errors.ts'
import type { Logger } from '#functions/host/log.ts'
import { redact } from '#functions/host/redact.ts'
import { TelegramError } from '#functions/telegram/client.ts'
import { fingerprint } from './fingerprint.ts'
import { decide, hourMs } from './notice.ts'
import type { Operators } from './operators.ts'
import { digestText, noticeText, REFUSED, type Reader, SKIPPED } from './words.ts'

/** What the notifier may touch. Without operators it only keeps. */
export interface Outside {
  db: Postgres
  operators: Operators | undefined
  /** Looked up when there is something to say. */
  reader: () => Promise<Reader>
  clock: Clock
  log: Logger
}

const alertsKeptMs = 30 * 24 * hourMs
const minuteMs = 60_000

/** A dead letter: kept, counted, told. Once it is kept it is done, whatever becomes of the telling: a failure of ours makes no new letter. */
export const errorNotifier = async (letter: DeadLetter, outside: Outside): Promise<void> => {
  const at = outside.clock()
  const reason = redact(letter.reason)
  const kind = fingerprint(letter.trigger, letter.code, reason)
  await outside.db.transaction(async tx => {
    const { isNew } = await deadLettersIn(tx).keep({ ...letter, reason, fingerprint: kind, at })
    if (isNew) await operatorNoticesIn(tx).count(kind, newsOf(letter, reason), at)
  })
  await tellIfPossible(outside)
}

/** A message that Telegram will not have: no letter to replay, but the operators should know. */
export const messageRefused = async (event: EventOf<typeof MessageRefused>, outside: Outside): Promise<void> => {
  const { code, chatId, reason } = event.data
  await alert(event.id, { title: REFUSED, subject: `chat/${chatId}`, code, reason: redact(reason) }, outside)
}

/** A record that a rule had to leave out: nothing to replay, but the operators can mend it. */
export const recordSkipped = async (event: EventOf<typeof RecordSkipped>, outside: Outside): Promise<void> => {
  const { store, key, reason } = event.data
  await alert(
    event.id,
    { title: SKIPPED, subject: `${store} ${redact(key)}`, code: null, reason: redact(reason) },
    outside,
  )
}

const alert = async (eventId: string, news: NoticeContent, outside: Outside): Promise<void> => {
  const at = outside.clock()
  const kind = fingerprint(news.title, news.code, news.reason)
  await outside.db.transaction(async tx => {
    const notices = operatorNoticesIn(tx)
    if (await notices.isNewAlert(eventId, kind, at)) await notices.count(kind, news, at)
  })
  await tellIfPossible(outside)
}

/** A tick: counts are brought up to date, and what could not be told is tried again. */
export const noticesTick = async (outside: Outside): Promise<void> => {
  const now = outside.clock()
  if (now.getUTCMinutes() === 0)
    await operatorNoticesIn(outside.db).deleteAlertsBefore(new Date(now.getTime() - alertsKeptMs))
  await tellIfPossible(outside, { evenAfterFailure: true })
}

const newsOf = ({ trigger, event, code }: DeadLetter, reason: string): NoticeContent => ({
  title: trigger,
  subject: [event.type?.replace(/^dev\.vigia\./, ''), event.subject].filter(Boolean).join(' · '),
  code,
  reason,
})

const tellIfPossible = async (outside: Outside, { evenAfterFailure = false } = {}): Promise<void> => {
  const { operators, log, clock } = outside
  if (!operators) return
  const state = speech.get(operators) ?? { speaking: false, again: false, quietUntil: 0, floodedUntil: 0 }
  speech.set(operators, state)
  // Whoever speaks looks again before it ends, so what arrives meanwhile is told by it and holds up nothing here.
  if (state.speaking) state.again = true
  const now = clock().getTime()
  if (state.speaking || now < state.floodedUntil || (!evenAfterFailure && now < state.quietUntil)) return
  state.speaking = true
  try {
    do {
      state.again = false
      await tell(outside, operators)
    } while (state.again)
  } catch (thrown) {
    // Telegram is away or refuses us: the tick tries again, and another dead letter about it would help nobody.
    const error = asError(thrown)
    const now = clock().getTime()
    state.quietUntil = now + minuteMs
    // A wait that Telegram asked for binds the tick too: a call before its end would make it longer.
    if (error instanceof TelegramError && error.code === 429) state.floodedUntil = now + (error.retryAfter ?? 60) * 1000
    log.warn({ error }, `the operators could not be told: ${error.message}`)
  } finally {
    state.speaking = false
  }
}

/** Of this process: one of us speaks, and after a failure letters leave the next try to the tick. */
const speech = new WeakMap<Operators, { speaking: boolean; again: boolean; quietUntil: number; floodedUntil: number }>()

/** Says what the operators do not know yet. One speaks at a time, here and in other replicas: the lock is the digest's row. */
const tell = async ({ db, reader, clock }: Outside, operators: Operators): Promise<void> => {
  for (let left = mostAtOnce; left > 0; left--) {
    const more = await db.transaction(async tx => {
      const notices = operatorNoticesIn(tx)
      const digest = await notices.lockDigest()
      if (digest === null) return false
      const now = clock()
      const untold = await notices.outdated()
      const messages = await notices.messagesSince(new Date(now.getTime() - hourMs))
      const next = untold
        .map(notice => ({ notice, what: decide(notice, messages, now) }))
        .find(({ what }) => what !== 'wait')

      if (next === undefined) {
        const stale =
          digest.count > digest.notifiedCount &&
          (digest.editedAt === null || now.getTime() - digest.editedAt.getTime() >= minuteMs)
        if (!stale) return false
        const text = digestText(digest.count, await reader())
        const edited = digest.telegramMessageId !== null && (await operators.edit(digest.telegramMessageId, text))
        const telegramMessageId = edited ? digest.telegramMessageId : await operators.send(text)
        await notices.saveDigest({
          ...digest,
          telegramMessageId,
          editedAt: now,
          notifiedAt: digest.notifiedAt ?? now,
          notifiedCount: digest.count,
        })
        return false
      }

      const { notice, what } = next
      if (what === 'hold back') {
        await notices.markHeldBack(notice.fingerprint, notice.count, now)
        const over = digest.notifiedAt === null || now.getTime() - digest.notifiedAt.getTime() >= hourMs
        await notices.saveDigest(
          over
            ? { telegramMessageId: null, notifiedAt: now, editedAt: null, notifiedCount: 0, count: 1 }
            : { ...digest, count: digest.count + 1 },
        )
        return true
      }
      const text = noticeText(notice, await reader(), now)
      if (what === 'edit' && (await edited(operators, notice, text))) {
        await notices.markEdited(notice.fingerprint, notice.count, now)
        return true
      }
      await notices.markSent(notice.fingerprint, notice.count, await operators.send(text), now)
      return true
    })
    if (!more) return
  }
}

/** An outbreak of more kinds than this is told by the next ticks. */
const mostAtOnce = 100

const edited = async (operators: Operators, { telegramMessageId }: OperatorNotice, text: string): Promise<boolean> =>
  telegramMessageId !== null && operators.edit(telegramMessageId, text)
