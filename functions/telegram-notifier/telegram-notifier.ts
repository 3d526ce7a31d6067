import type { NotedMessage } from '#database/messages.ts'
import type { EventOf, VigiaEvent } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { Permanent, RetryLater } from '../errors.ts'
import { deliver, type Outbox, type Outcome } from './deliver.ts'

/** A wait that is worth staying for; what waits longer is left to the tick. */
const SHORT_MS = 3_000
const SPREAD_MS = 500
const LOOK_AGAIN_MS = 250
const EVENT_BUDGET_MS = 10_000
const TICK_BUDGET_MS = 40_000
const TICK_CHATS = 500
const TICK_WORKERS = 8
// Longer than the tick that may have found it first: a crash before publishing must not swallow the news.
const NOTES_AGAIN_MS = 5 * 60_000
const KEPT_MS = 45 * 24 * 60 * 60_000

/** message.requested: into the outbox, and out of it as far as Telegram's limits allow now. What must wait is the outbox's from here on. */
export const telegramNotifier = async (
  event: EventOf<typeof MessageRequested>,
  outbox: Outbox,
  signal?: AbortSignal,
): Promise<VigiaEvent[]> => {
  const kept = await outbox.messages.keep(event, outbox.clock())
  if (kept === null) throw new Permanent(`message for chat ${event.data.chatId}, which is in no table of ours`)
  const { keys, sending } = await serveChat(outbox, kept.chatId, within(outbox, EVENT_BUDGET_MS, signal), event.id)
  // Whoever was sending it may have died: the broker brings it again, and then the lease will have run out.
  if (sending) throw new RetryLater(`${event.id} is being sent by somebody else`, 10)
  return (await outbox.messages.notes({ keys: [...new Set([event.id, ...keys])] })).map(refusal)
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
    // After a pause one chat finds out whether it is over, before the others ask too.
    const first = paused === null ? [] : chats.splice(0, 1)
    if (await serveChats(outbox, first, 1, goOn)) await serveChats(outbox, chats, TICK_WORKERS, goOn)
  }
  return (await messages.notes({ since: new Date(now.getTime() - NOTES_AGAIN_MS) })).map(refusal)
}

/** Serves chats, some at a time. False when it is no use to go on: Telegram is away, or will have nothing of ours. */
const serveChats = async (outbox: Outbox, chats: number[], workers: number, goOn: GoOn): Promise<boolean> => {
  const waiting = chats.values()
  let silent = 0
  let stopped = false
  const useless = () => stopped || silent >= 3
  const work = Array.from({ length: Math.min(workers, chats.length) }, async () => {
    for (const chatId of waiting) {
      if (useless() || !goOn(0)) return
      const { last } = await serveChat(outbox, chatId, goOn)
      silent = last === 'silence' ? silent + 1 : 0
      stopped ||= last === 'stopped'
    }
  })
  for (const done of await Promise.allSettled(work)) if (done.status === 'rejected') throw done.reason
  return !useless()
}

/** Whether there is time left for something that takes `ms`. */
type GoOn = (ms: number) => boolean

const within = ({ clock }: Outbox, budgetMs: number, signal?: AbortSignal): GoOn => {
  const end = clock().getTime() + budgetMs
  return ms => signal?.aborted !== true && clock().getTime() + ms <= end
}

/** How far serving a chat came: what was sent or tried, how the last one ended, and whether `own` is still in somebody else's hands. */
interface Served {
  keys: string[]
  last: Outcome['is'] | undefined
  sending: boolean
}

/**
 * Sends what waits for a chat, in order. Whoever stores a message while another is being sent may leave: the sender looks
 * again after each one, and so one of the two sees it. For `own` it stays, in case the sender never ends.
 */
const serveChat = async (outbox: Outbox, chatId: number, goOn: GoOn, own?: string): Promise<Served> => {
  const keys: string[] = []
  let chat = chatId
  let last: Outcome['is'] | undefined
  for (;;) {
    const now = outbox.clock()
    const next = await outbox.messages.claim(chat, outbox.bot, now)
    if (next === null) return { keys, last, sending: false }
    if ('readyAt' in next) {
      const sending = own !== undefined && next.sending === own
      const ms = next.readyAt.getTime() - now.getTime()
      // Many may wait for the same second: they do not all come back in the same instant.
      const pause = sending ? Math.min(ms, LOOK_AGAIN_MS) : ms + Math.round(outbox.random() * SPREAD_MS)
      if ((ms > SHORT_MS && !sending) || !goOn(pause)) return { keys, last, sending }
      await outbox.wait(pause)
      continue
    }
    const outcome = await deliver(outbox, next.message)
    keys.push(next.message.key)
    last = outcome.is
    if (outcome.is === 'moved') chat = outcome.to
    if (outcome.is === 'stopped' || !goOn(0)) return { keys, last, sending: false }
  }
}

const refusal = ({ key, chatId, cause, code, reason, at }: NotedMessage): VigiaEvent =>
  MessageRefused.from(cause, { subject: `chat/${chatId}`, data: { chatId, message: key, code, reason }, time: at })
