import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connectAddress } from '#functions/host/connect-address.ts'
import type { Time } from '../time.ts'
import type { Update } from './bot-api.ts'
import type { QueuedUpdate, UpdateQueue } from './update-queue.ts'

export interface WebhookSettings {
  url: string
  secret: string
  maxConnections: number
}

/** One attempt to hand an update to the webhook. */
export interface DeliveryAttempt {
  updateId: number
  /** Counted from 1. */
  attempt: number
  at: Date
  /** HTTP status; null where there was none. */
  status: number | null
  /** Telegram's words for what went wrong, as getWebhookInfo shows them; null when it was taken. */
  error: string | null
  body: string
  /** The Bot API method that the answer asked for and that was therefore executed: our bot should never ask. */
  executed: string | null
}

export interface WebhookSender {
  set(settings: WebhookSettings): void
  /** Ends deliveries; what was not taken stays in the queue. */
  remove(): void
  settings(): WebhookSettings | null
  lastError(): { at: Date; message: string } | null
  /** Newest last. */
  deliveries(): DeliveryAttempt[]
  /** From now on every update that was taken is delivered a second time. */
  deliverTwice(on: boolean): void
  /** Delivers an update once more, whatever became of it. */
  redeliver(update: Update): void
  stop(): void
}

const readTimeoutMs = 60_000
const maxRetryAfterS = 3600
const maxBackoffS = 60
const removeAfterGoneMs = 23 * 3600 * 1000
const maxBodyBytes = 1024 * 1024
const maxStoredDeliveries = 2_000
const neverExecuted = /^(deletewebhook|setwebhook|close|logout|get.*)$/

interface PendingUpdate {
  readonly update: Update
  readonly expiresAt: number
  attempts: number
  failures: number
  delayS: number
  wakeAt: number
  inFlight: boolean
  /** How many more times it is to be taken. */
  deliveriesLeft: number
}

/**
 * Hands updates to a webhook as Telegram's server does: one at a time per queue, any 2xx takes one, the first retry at
 * once and then after 2, 4, 8 … seconds (at most 60 to 120), Retry-After honoured up to an hour, dropped at its expiry,
 * and a `method` in the answer executed.
 */
export const webhookSender = (
  time: Time,
  updates: UpdateQueue,
  execute: (method: string, args: Record<string, unknown>) => void,
): WebhookSender => {
  let settings: WebhookSettings | null = null
  let lastError: { at: Date; message: string } | null = null
  let twice = false
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
      deliveriesLeft: twice ? 2 : 1,
    })
  }

  const drop = (queue: number, pending: PendingUpdate) => {
    const left = (queues.get(queue) ?? []).filter(other => other !== pending)
    if (left.length === 0) queues.delete(queue)
    else queues.set(queue, left)
    updates.forget(pending.update.update_id)
  }

  const pump = () => {
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
    cancelWake = wakeAt < Number.POSITIVE_INFINITY ? time.after(wakeAt - now(), pump) : () => {}
  }

  const deliver = async (to: WebhookSettings, queue: number, pending: PendingUpdate) => {
    const mine = generation
    pending.inFlight = true
    pending.attempts++
    const at = time.now()
    const answer = await post(to, pending.update, agent, time)
    if (mine !== generation) return
    pending.inFlight = false
    const executed = answer.error === null ? methodInResponse(answer) : null
    deliveries.push({
      updateId: pending.update.update_id,
      attempt: pending.attempts,
      at,
      status: answer.status,
      error: answer.error,
      body: answer.body,
      executed: executed?.method ?? null,
    })
    if (deliveries.length > maxStoredDeliveries) deliveries.splice(0, maxStoredDeliveries / 10)
    if (answer.error === null) taken(queue, pending)
    else failed(queue, pending, answer.error, answer)
    if (executed !== null) execute(executed.method, executed.args)
    pump()
  }

  const taken = (queue: number, pending: PendingUpdate) => {
    goneSince = null
    pending.deliveriesLeft--
    if (pending.deliveriesLeft <= 0) drop(queue, pending)
  }

  const failed = (queue: number, pending: PendingUpdate, error: string, answer: WebhookResponse) => {
    lastError = { at: time.now(), message: error }
    if (answer.status === 410) {
      goneSince ??= now()
      if (now() > goneSince + removeAfterGoneMs) return remove()
    } else goneSince = null
    let waitS = Math.min(answer.retryAfterS, maxRetryAfterS)
    if (waitS === 0 && pending.failures > 0) {
      pending.delayS = Math.min(pending.delayS * 2, maxBackoffS * (1 + Math.random()))
      waitS = pending.delayS
    }
    if (now() + waitS * 1000 > pending.expiresAt) return drop(queue, pending)
    pending.failures++
    pending.wakeAt = now() + waitS * 1000
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
    pump()
  })

  return {
    set: given => {
      remove()
      settings = given
      for (const queued of updates.pending()) enqueue(queued)
      pump()
    },
    remove,
    settings: () => settings,
    lastError: () => lastError,
    deliveries: () => [...deliveries],
    deliverTwice: on => {
      twice = on
    },
    redeliver: update => {
      // A queue of its own: the repeat may overtake or run beside anything else.
      enqueue({ update, queue: -update.update_id, expiresAt: now() + readTimeoutMs * 10 })
      pump()
    },
    stop: () => {
      unwatch()
      remove()
      agent.destroy()
    },
  }
}

interface WebhookResponse {
  status: number | null
  type: string
  body: string
  retryAfterS: number
  error: string | null
}

const post = (to: WebhookSettings, update: Update, agent: Agent, time: Time): Promise<WebhookResponse> =>
  new Promise(resolve => {
    const url = new URL(to.url)
    const body = JSON.stringify(update)
    const secure = url.protocol === 'https:'
    const fail = (error: string) => resolve({ status: null, type: '', body: '', retryAfterS: 0, error })
    const request = (secure ? httpsRequest : httpRequest)({
      host: connectAddress(url).host,
      port: url.port || (secure ? 443 : 80),
      path: url.pathname + url.search,
      method: 'POST',
      ...(secure ? {} : { agent }),
      headers: {
        host: url.host,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'accept-encoding': 'gzip, deflate',
        ...(to.secret === '' ? {} : { 'x-telegram-bot-api-secret-token': to.secret }),
      },
    })
    const cancel = time.after(readTimeoutMs, () => {
      fail('Read timeout expired')
      request.destroy()
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      cancel()
      fail(error.code === 'ECONNREFUSED' ? 'Connection refused' : 'Webhook connection closed')
    })
    request.on('response', response => {
      read(response).then(
        text => {
          cancel()
          const status = response.statusCode ?? 0
          const good = status >= 200 && status <= 299
          resolve({
            status,
            type: response.headers['content-type'] ?? '',
            body: text,
            retryAfterS: Math.max(0, Number.parseInt(response.headers['retry-after'] ?? '', 10) || 0),
            error: good ? null : `Wrong response from the webhook: ${status} ${response.statusMessage ?? ''}`.trimEnd(),
          })
        },
        () => {
          cancel()
          fail('Webhook connection closed')
        },
      )
    })
    request.end(body)
  })

const read = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size <= maxBodyBytes) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const methodInResponse = ({
  body,
  type,
}: WebhookResponse): { method: string; args: Record<string, unknown> } | null => {
  const args = argsInBody(body, type)
  const method = args?.method
  if (args === null || typeof method !== 'string' || method === '') return null
  return neverExecuted.test(method.toLowerCase()) ? null : { method, args }
}

const argsInBody = (body: string, type: string): Record<string, unknown> | null => {
  if (/urlencoded/i.test(type)) return Object.fromEntries(new URLSearchParams(body))
  try {
    const parsed: unknown = JSON.parse(body)
    return parsed !== null && typeof parsed === 'object' ? { ...parsed } : null
  } catch {
    return null
  }
}
