import { connectAddress } from '#functions/host/connect-address.ts'
import { type CloudEvent, inBinaryMode, inStructuredMode } from '../event/cloud-event.ts'
import type { DeadLetterInfo } from '../event/dead-letter-info.ts'
import { readEvent } from '../event/read-event.ts'
import { type DeliveryOutcome, maxErrorDataBytes } from './delivery-outcome.ts'
import { type HttpPoster, maxResponseBytes, type PostResponse, TimedOut } from './http-post.ts'
import type { Job } from './route.ts'
import type { Reached } from './subscriber.ts'

/** The outcome of one attempt, and the event in the subscriber's response; null when the response has none. */
export interface AttemptResult {
  outcome: DeliveryOutcome
  reply: CloudEvent | null
}

export interface AttemptOptions {
  post: HttpPoster['post']
  namespace: string
  clock: () => Date
}

/** Knative's limit for an attempt when the Trigger sets no `timeout`. */
const defaultTimeoutMs = 15 * 60_000

/** Sends the event once to its subscriber, or a dead letter to its sink. Never rejects. */
export const attemptDelivery = async (job: Job, { post, namespace, clock }: AttemptOptions): Promise<AttemptResult> => {
  const { route, event, deadLetter } = job
  const { subscriber, address: url } = deadLetter ? route.sink! : route.target
  const timeout = timeoutFor(route.delivery.timeoutMs, subscriber.timeoutMs)
  let reached: Reached | undefined
  try {
    // Waiting for a function does not count towards the timeout: all functions share this machine, and a burst is not
    // an error.
    reached = subscriber.reach
      ? await subscriber.reach().catch(notReached)
      : { origin: originOf(url), release: () => {} }
    const { headers, body } = deadLetter
      ? inBinaryMode(event, deadLetterAttributes(deadLetter, event.ttl))
      : route.delivery.format === 'json'
        ? inStructuredMode(event)
        : inBinaryMode(event)
    headers.push('host', url.host, 'kn-namespace', namespace)
    if (!deadLetter) headers.push('prefer', 'reply')
    const path = url.pathname + url.search
    const response = await post({ origin: reached.origin, path, headers, body, timeoutMs: timeout.ms })
    if (response.status < 200 || response.status > 299)
      return failed({
        kind: 'status',
        status: response.status,
        body: response.body.subarray(0, maxErrorDataBytes),
      })
    return deadLetter ? succeeded(response.status, null) : readReply(response, event, clock())
  } catch (error) {
    return failed(outcomeOf(error as Error, url, timeout))
  } finally {
    reached?.release()
  }
}

const failed = (outcome: DeliveryOutcome): AttemptResult => ({ outcome, reply: null })
const succeeded = (status: number, reply: CloudEvent | null): AttemptResult => ({
  outcome: { kind: 'success', status },
  reply,
})

interface Timeout {
  ms: number
  /**
   * Whether the proxy in front of the subscriber times out before the broker does. On Knative the proxy then responds
   * with 504, so the outcome is that status and not `timeout`.
   */
  is504: boolean
}

const timeoutFor = (triggerMs: number | null, proxyMs: number | undefined): Timeout => {
  const attemptMs = triggerMs ?? defaultTimeoutMs
  return proxyMs !== undefined && proxyMs < attemptMs ? { ms: proxyMs, is504: true } : { ms: attemptMs, is504: false }
}

/** The request did not reach the subscriber, so the proxy in front of the subscriber answered. */
class NotReached extends Error {
  readonly status: number
  constructor({ message, status = 503 }: Error & { status?: number }) {
    super(message)
    this.status = status
  }
}

const notReached = (error: Error): never => {
  throw new NotReached(error)
}

const originOf = (url: URL): string => {
  const { host, port } = connectAddress(url)
  return host === '127.0.0.1' ? `${url.protocol}//${host}${port ? `:${port}` : ''}` : url.origin
}

const deadLetterAttributes = ({ dest, code, data }: DeadLetterInfo, ttl: number): Record<string, string> => ({
  knativebrokerttl: String(ttl),
  ...(dest === undefined ? {} : { knativeerrordest: dest }),
  ...(code === undefined ? {} : { knativeerrorcode: code }),
  ...(data === undefined ? {} : { knativeerrordata: data }),
})

/** Reads the reply in a response. The reply gets the trace context of the event that it answers. */
const readReply = ({ status, headers, body }: PostResponse, cause: CloudEvent, arrival: Date): AttemptResult => {
  if (body.length > maxResponseBytes)
    return failed({ kind: 'invalid reply', status, why: 'the answer is longer than 1 MiB' })
  const read = readEvent(headers, body, arrival, cause)
  switch (read.kind) {
    case 'empty':
      return succeeded(status, null)
    case 'unreadable':
      return failed({ kind: 'invalid reply', status, why: `the answer is not a CloudEvent: ${read.why}` })
    case 'invalid':
      return failed({ kind: 'refused reply', status, why: `the reply was refused: ${read.why}` })
    case 'event': {
      const { traceparent, tracestate, baggage } = cause.headers
      const trace = {
        ...(traceparent && { traceparent }),
        ...(tracestate && { tracestate }),
        ...(baggage && { baggage }),
      }
      return succeeded(status, { ...read.event, headers: { ...read.event.headers, ...trace } })
    }
    default:
      return read satisfies never
  }
}

const outcomeOf = (
  error: Error & { code?: string; status?: number },
  { host }: URL,
  timeout: Timeout,
): DeliveryOutcome => {
  if (error instanceof TimedOut)
    return timeout.is504
      ? { kind: 'status', status: 504, body: Buffer.from('activator request timeout') }
      : { kind: 'timeout', afterMs: timeout.ms }
  if (error instanceof NotReached) return { kind: 'status', status: error.status, body: Buffer.from(error.message) }
  return {
    kind: 'unreachable',
    why: error.code === 'ECONNREFUSED' ? `dial tcp ${host}: connect: connection refused` : error.message,
  }
}
