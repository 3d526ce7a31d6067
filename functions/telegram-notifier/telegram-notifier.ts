import type { NotedMessage } from '#database/messages/messages.ts'
import type { EventOf, VigiaEvent } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import { deliver, type Outbox, type Outcome } from './deliver.ts'

/** A wait that is worth staying for; what waits longer is left to the tick. */
const SHORT_MS = 3_000
const SPREAD_MS = 500
const LOOK_AGAIN_MS = 250
const EVENT_BUDGET_MS = 10_000
const TICK_BUDGET_MS = 40_000
const TICK_CHATS = 500
const TICK_WORKERS = 8
/**
 * Requests that stay to send, of those that a process takes at once: the others of a burst are only stored, and the
 * broker is not held up.
 */
const MOST_SERVED = 20
// Longer than the tick that may have found it first: a crash before publishing must not swallow the news.
const NOTES_AGAIN_MS = 5 * 60_000
const KEPT_MS = 45 * 24 * 60 * 60_000

/**
 * message.requested: into the outbox, and out of it as far as Telegram's limits allow now. What must wait is the
 * outbox's from here on.
 */
export const telegramNotifier = async (
  event: EventOf<typeof MessageRequested>,
  outbox: Outbox,
  signal?: AbortSignal,
): Promise<VigiaEvent[]> => {
  const kept = await outbox.messages.keep(event, outbox.clock())
  if (kept === null) throw new Permanent(`message for chat ${event.data.chatId}, which is in no table of ours`)
  const { chatId } = kept
  const { serving = new Map() } = outbox
  const keys = [event.id]
  const other = serving.get(chatId)
  if (other !== undefined) other.again = true
  else if (serving.size < MOST_SERVED) {
    const goOn = within(outbox, EVENT_BUDGET_MS, signal)
    const own = { again: true }
    serving.set(chatId, own)
    try {
      // A message that was stored after the last look, by a request that left it to this one.
      while (own.again && goOn(0)) {
        own.again = false
        const served = await serveChat(outbox, chatId, goOn, event.id)
        keys.push(...served.keys)
        // Whoever was sending it may have died: the broker brings it again, and then the lease will have run out.
        if (served.sending) throw new RetryLater(`${event.id} is being sent by another process`, 10)
      }
    } finally {
      serving.delete(chatId)
    }
  }
  return (await outbox.messages.notes({ keys: [...new Set(keys)] })).map(refusal)
}

/** The minute's tick: every chat with something due gets it, within what Telegram bears. */
export const outboxTick = async (outbox: Outbox, signal?: AbortSignal): Promise<VigiaEvent[]> => {
  const { messages, clock, bot } = outbox
  const now = clock()
  if (now.getUTCMinutes() === 17) await messages.forgetBefore(new Date(now.getTime() - KEPT_MS))
  const goOn = within(outbox, TICK_BUDGET_MS, signal)
  const paused = await messages.pausedUntil(bot)
  if (paused === null || paused.getTime() <= now.getTime() + SHORT_MS) {
    const chats = await messages.chatsWaiting(new Date(now.getTime() + SHORT_MS), TICK_CHATS)
    // After a pause one message finds out whether it is over, before the others are tried too.
    const isOver = paused === null || (await serveChats(outbox, chats.slice(0, 1), 1, goOn, 1))
    if (isOver) await serveChats(outbox, chats, TICK_WORKERS, goOn)
  }
  return (await messages.notes({ since: new Date(now.getTime() - NOTES_AGAIN_MS) })).map(refusal)
}

/**
 * Serves chats in turn, a message each, `mostTurns` at most: a chat with many messages delays the others by one. False
 * when it is no use to go on: Telegram is away, or will have nothing of ours.
 */
const serveChats = async (
  outbox: Outbox,
  chats: number[],
  workers: number,
  goOn: GoOn,
  mostTurns = Number.POSITIVE_INFINITY,
): Promise<boolean> => {
  const now = () => outbox.clock().getTime()
  const queue = chats.map(chatId => ({ chatId, readyMs: now() }))
  let turns = 0
  let silent = 0
  let stopped = false
  const useless = () => stopped || silent >= 3
  const work = Array.from({ length: Math.min(workers, chats.length) }, async () => {
    while (!useless() && turns < mostTurns && goOn(0)) {
      const next = queue.toSorted((one, other) => one.readyMs - other.readyMs)[0]
      if (next === undefined) return
      queue.splice(queue.indexOf(next), 1)
      const waitMs = next.readyMs - now()
      if (waitMs > 0) {
        if (!goOn(waitMs)) return
        await outbox.wait(waitMs)
      }
      const turn = await takeTurn(outbox, next.chatId)
      if (turn.is === 'empty') continue
      if (turn.is === 'waits') {
        if (turn.ms <= SHORT_MS) queue.push({ ...next, readyMs: now() + turn.ms + spread(outbox) })
        continue
      }
      turns++
      const { outcome } = turn
      silent = outcome.is === 'silence' ? silent + 1 : 0
      stopped ||= outcome.is === 'stopped'
      queue.push({ chatId: outcome.is === 'moved' ? outcome.to : next.chatId, readyMs: now() })
    }
  })
  for (const done of await Promise.allSettled(work)) if (done.status === 'rejected') throw done.reason
  return !useless()
}

/**
 * One message of a chat, as far as one may be sent now. `waits`: for so long; `sending`: the message that somebody else
 * is sending.
 */
type Turn =
  | { is: 'empty' }
  | { is: 'waits'; ms: number; sending: string | null }
  | { is: 'tried'; key: string; outcome: Outcome }

const takeTurn = async (outbox: Outbox, chatId: number): Promise<Turn> => {
  const now = outbox.clock()
  const next = await outbox.messages.claim(chatId, outbox.bot, now)
  if (next === null) return { is: 'empty' }
  if ('readyAt' in next) return { is: 'waits', ms: next.readyAt.getTime() - now.getTime(), sending: next.sending }
  return { is: 'tried', key: next.message.key, outcome: await deliver(outbox, next.message) }
}

/** Many may wait for the same second: they do not all come back in the same instant. */
const spread = ({ random }: Outbox) => Math.round(random() * SPREAD_MS)

/** Whether there is time left for something that takes `ms`. */
type GoOn = (ms: number) => boolean

const within = ({ clock }: Outbox, budgetMs: number, signal?: AbortSignal): GoOn => {
  const end = clock().getTime() + budgetMs
  return ms => signal?.aborted !== true && clock().getTime() + ms <= end
}

/** How far serving a chat came: what was sent or tried, and whether `own` is still in somebody else's hands. */
interface Served {
  keys: string[]
  sending: boolean
}

/**
 * Sends what waits for a chat, in order. Whoever stores a message while another is being sent may leave: the sender
 * looks again after each one, and so one of the two sees it. For `own` it stays, in case the sender never ends.
 */
const serveChat = async (outbox: Outbox, chatId: number, goOn: GoOn, own: string): Promise<Served> => {
  const keys: string[] = []
  let chat = chatId
  for (;;) {
    const turn = await takeTurn(outbox, chat)
    if (turn.is === 'empty') return { keys, sending: false }
    if (turn.is === 'waits') {
      const sending = turn.sending === own
      const pause = sending ? Math.min(turn.ms, LOOK_AGAIN_MS) : turn.ms + spread(outbox)
      if ((turn.ms > SHORT_MS && !sending) || !goOn(pause)) return { keys, sending }
      await outbox.wait(pause)
      continue
    }
    keys.push(turn.key)
    if (turn.outcome.is === 'moved') chat = turn.outcome.to
    if (turn.outcome.is === 'stopped' || !goOn(0)) return { keys, sending: false }
  }
}

const refusal = ({ key, chatId, cause, code, reason, at }: NotedMessage): VigiaEvent =>
  MessageRefused.from(cause, { subject: `chat/${chatId}`, data: { chatId, message: key, code, reason }, time: at })
