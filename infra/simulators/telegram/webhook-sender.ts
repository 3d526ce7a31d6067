import { Agent } from 'node:http'
import type { Time } from '../time.ts'
import type { Update } from './bot-api.ts'
import type { QueuedUpdate, UpdateQueue } from './update-queue.ts'
import {
  methodInResponse,
  postUpdate,
  readTimeoutMs,
  type WebhookResponse,
  type WebhookSettings,
} from './webhook-request.ts'

/** One attempt to deliver an update to the webhook. */
export interface DeliveryAttempt {
  updateId: number
  /** The number of the attempt, from 1. */
  attempt: number
  at: Date
  /** HTTP status; null if there was no response. */
  status: number | null
  /** Telegram's description of the error, as in getWebhookInfo; null if the webhook accepted the update. */
  error: string | null
  body: string
  /** The Bot API method that the response asked for and that was executed. Vigia should never ask for one. */
  executed: string | null
}

export interface WebhookSender {
  set(settings: WebhookSettings): void
  /** Removes the webhook. The updates that it has not accepted stay in the queue. */
  remove(): void
  settings(): WebhookSettings | null
  lastError(): { at: Date; message: string } | null
  /** The attempts to deliver updates, oldest first. */
  deliveries(): DeliveryAttempt[]
  /** Delivers every later update a second time after the webhook has accepted it. */
  deliverTwice(on: boolean): void
  /** Delivers an update again, even if the webhook has accepted it before. */
  redeliver(update: Update): void
  stop(): void
}

const maxRetryAfterS = 3600
const maxBackoffS = 60
/** Telegram removes a webhook that answers 410 for this long. */
const removeAfterGoneMs = 23 * 3600 * 1000
const maxStoredDeliveries = 2_000

interface PendingUpdate {
  readonly update: Update
  readonly expiresAt: number
  attempts: number
  failures: number
  delayS: number
  wakeAt: number
  inFlight: boolean
  /** How many more times the webhook must accept the update. */
  deliveriesLeft: number
}

/**
 * Delivers updates to a webhook like Telegram's server: one at a time per queue, and any status from 200 to 299 accepts
 * an update. After any other result the sender retries at once, then after 2, 4, 8 … seconds, or after the response's
 * Retry-After (at most an hour). The delay stops growing at a random limit between 60 and 120 seconds. An update that
 * expires is dropped, and a `method` in the response is executed. The function is long because the deliveries share its
 * variables.
 */
export const webhookSender = (
  time: Time,
  updates: UpdateQueue,
  execute: (method: string, args: Record<string, unknown>) => void,
): WebhookSender => {
  let settings: WebhookSettings | null = null
  let lastError: { at: Date; message: string } | null = null
  let isDeliveringTwice = false
  /** Increases with every call of `set` and `remove`, so that a delivery notices that its webhook was replaced. */
  let generation = 0
  let goneSince: number | null = null
  let cancelWake = () => {}
  let agent = new Agent({ keepAlive: true })
  const deliveries: DeliveryAttempt[] = []
  const queues = new Map<number, PendingUpdate[]>()
  const now = () => time.now().getTime()

  const enqueue = ({ update, queue, expiresAt }: QueuedUpdate) => {
    const waiting = queues.get(queue) ?? []
    queues.set(queue, waiting)
    waiting.push({
      update,
      expiresAt,
      attempts: 0,
      failures: 0,
      delayS: 1,
      wakeAt: now(),
      inFlight: false,
      deliveriesLeft: isDeliveringTwice ? 2 : 1,
    })
  }

  const drop = (queue: number, pending: PendingUpdate) => {
    const left = (queues.get(queue) ?? []).filter(other => other !== pending)
    if (left.length === 0) queues.delete(queue)
    else queues.set(queue, left)
    updates.remove(pending.update.update_id)
  }

  const startDeliveries = () => {
    cancelWake()
    if (settings === null) return
    const heads = [...queues].flatMap(([queue, [head]]) => (head === undefined ? [] : [{ queue, head }]))
    let free = settings.maxConnections - heads.filter(({ head }) => head.inFlight).length
    let wakeAt = Number.POSITIVE_INFINITY
    for (const { queue, head } of heads) {
      if (head.inFlight) continue
      if (head.wakeAt > now()) wakeAt = Math.min(wakeAt, head.wakeAt)
      else if (free-- > 0) void deliver(settings, queue, head)
    }
    cancelWake = wakeAt < Number.POSITIVE_INFINITY ? time.after(wakeAt - now(), startDeliveries) : () => {}
  }

  const deliver = async (to: WebhookSettings, queue: number, pending: PendingUpdate) => {
    const startedIn = generation
    pending.inFlight = true
    pending.attempts++
    const at = time.now()
    const response = await postUpdate(to, pending.update, agent, time)
    // The webhook was removed or set again during the request.
    if (startedIn !== generation) return
    pending.inFlight = false
    const executed = response.error === null ? methodInResponse(response) : null
    deliveries.push({
      updateId: pending.update.update_id,
      attempt: pending.attempts,
      at,
      status: response.status,
      error: response.error,
      body: response.body,
      executed: executed?.method ?? null,
    })
    if (deliveries.length > maxStoredDeliveries) deliveries.splice(0, maxStoredDeliveries / 10)
    if (response.error === null) onAccepted(queue, pending)
    else onFailed(queue, pending, response.error, response)
    if (executed !== null) execute(executed.method, executed.args)
    startDeliveries()
  }

  const onAccepted = (queue: number, pending: PendingUpdate) => {
    goneSince = null
    pending.deliveriesLeft--
    if (pending.deliveriesLeft <= 0) drop(queue, pending)
  }

  const onFailed = (queue: number, pending: PendingUpdate, error: string, response: WebhookResponse) => {
    lastError = { at: time.now(), message: error }
    if (response.status === 410) {
      goneSince ??= now()
      if (now() > goneSince + removeAfterGoneMs) return remove()
    } else goneSince = null
    let waitS = Math.min(response.retryAfterS, maxRetryAfterS)
    if (waitS === 0 && pending.failures > 0) {
      pending.delayS = Math.min(pending.delayS * 2, maxBackoffS * (1 + Math.random()))
      waitS = pending.delayS
    }
    if (now() + waitS * 1000 > pending.expiresAt) return drop(queue, pending)
    pending.failures++
    // The clock has whole milliseconds.
    pending.wakeAt = now() + Math.ceil(waitS * 1000)
  }

  const remove = () => {
    generation++
    settings = null
    lastError = null
    goneSince = null
    cancelWake()
    queues.clear()
    agent.destroy()
    agent = new Agent({ keepAlive: true })
  }

  const unwatch = updates.watch(queued => {
    if (settings === null) return
    enqueue(queued)
    startDeliveries()
  })

  return {
    set: given => {
      remove()
      settings = given
      for (const queued of updates.pending()) enqueue(queued)
      startDeliveries()
    },
    remove,
    settings: () => settings,
    lastError: () => lastError,
    deliveries: () => [...deliveries],
    deliverTwice: on => {
      isDeliveringTwice = on
    },
    redeliver: update => {
      // A redelivered update need not wait for other updates, so it gets a queue of its own: it can overtake them or be
      // delivered at the same time.
      enqueue({ update, queue: -update.update_id, expiresAt: now() + readTimeoutMs * 10 })
      startDeliveries()
    },
    stop: () => {
      unwatch()
      remove()
      agent.destroy()
    },
  }
}
