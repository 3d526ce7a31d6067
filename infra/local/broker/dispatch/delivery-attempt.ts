import { connectAddress } from '#functions/host/connect-address.ts'
import { type CloudEvent, inBinaryMode, inStructuredMode, readEvent } from '../event/cloud-event.ts'
import { type Letter, mostErrorData, type Outcome } from './delivery-outcome.ts'
import { mostAnswer, type Poster, TimedOut } from './http-post.ts'
import type { Job, Reached } from './route.ts'

/** What one attempt came to, and the event in its answer. */
export interface Attempt {
  outcome: Outcome
  reply: CloudEvent | null
}

export interface AttemptOptions {
  post: Poster['post']
  namespace: string
  clock: () => Date
}

/** Knative's limit for a delivery that has no timeout of its own. */
const longestMs = 15 * 60_000

/** Hands the event to its subscriber, or a dead letter to its sink, once. Never rejects. */
export const attempt = async (job: Job, { post, namespace, clock }: AttemptOptions): Promise<Attempt> => {
  const { route, event, letter } = job
  const { subscriber, address: url } = letter ? route.sink! : route.target
  const limit = limitFor(route.delivery.timeoutMs, subscriber.timeoutMs)
  let reached: Reached | undefined
  try {
    // Waiting for a process takes none of the time: here all functions share the cores of one machine, and a burst is no fault.
    reached = subscriber.reach ? await subscriber.reach().catch(unreached) : { origin: dialled(url), release: () => {} }
    const { headers, body } = letter
      ? inBinaryMode(event, letterAttributes(letter, event.ttl))
      : route.delivery.format === 'json'
        ? inStructuredMode(event)
        : inBinaryMode(event)
    headers.push('host', url.host, 'kn-namespace', namespace)
    if (!letter) headers.push('prefer', 'reply')
    const path = url.pathname + url.search
    const answer = await post({ origin: reached.origin, path, headers, body, timeoutMs: limit.ms })
    if (answer.status < 200 || answer.status > 299)
      return failed({ kind: 'status', status: answer.status, body: answer.body.subarray(0, mostErrorData) })
    return letter ? { outcome: { kind: 'taken', status: answer.status }, reply: null } : replied(answer, event, clock())
  } catch (error) {
    return failed(fault(error as Error, url, limit))
  } finally {
    reached?.release()
  }
}

const failed = (outcome: Outcome): Attempt => ({ outcome, reply: null })

interface Limit {
  ms: number
  /** Whether the one in front of the subscriber is the first to lose patience: then there is an answer, 504. */
  answered: boolean
}

const limitFor = (timeoutMs: number | null, answeredMs: number | undefined): Limit => {
  const own = timeoutMs ?? longestMs
  return answeredMs !== undefined && answeredMs < own
    ? { ms: answeredMs, answered: true }
    : { ms: own, answered: false }
}

/** Who stands in front of the subscriber answered in its place. */
class Unreached extends Error {
  readonly status: number
  constructor({ message, status = 503 }: Error & { status?: number }) {
    super(message)
    this.status = status
  }
}

const unreached = (error: Error): never => {
  throw new Unreached(error)
}

const dialled = (url: URL): string => {
  const { host, port } = connectAddress(url)
  return host === '127.0.0.1' ? `${url.protocol}//${host}${port ? `:${port}` : ''}` : url.origin
}

const letterAttributes = ({ dest, code, data }: Letter, ttl: number): Record<string, string> => ({
  knativebrokerttl: String(ttl),
  ...(dest === undefined ? {} : { knativeerrordest: dest }),
  ...(code === undefined ? {} : { knativeerrorcode: code }),
  ...(data === undefined ? {} : { knativeerrordata: data }),
})

const replied = (
  { status, headers, body }: { status: number; headers: Parameters<typeof readEvent>[0]; body: Buffer },
  cause: CloudEvent,
  arrival: Date,
): Attempt => {
  if (body.length > mostAnswer) return failed({ kind: 'nonsense', status, why: 'the answer is longer than 1 MiB' })
  const read = readEvent(headers, body, arrival, cause)
  switch (read.is) {
    case 'nothing':
      return { outcome: { kind: 'taken', status }, reply: null }
    case 'unreadable':
      return failed({ kind: 'nonsense', status, why: `the answer is not a CloudEvent: ${read.why}` })
    case 'invalid':
      return failed({ kind: 'refused reply', status, why: `the reply was refused: ${read.why}` })
    case 'event': {
      const { traceparent, tracestate, baggage } = cause.headers
      const trace = {
        ...(traceparent && { traceparent }),
        ...(tracestate && { tracestate }),
        ...(baggage && { baggage }),
      }
      return {
        outcome: { kind: 'taken', status },
        reply: { ...read.event, headers: { ...read.event.headers, ...trace } },
      }
    }
    default:
      return read satisfies never
  }
}

const fault = (error: Error & { code?: string; status?: number }, { host }: URL, limit: Limit): Outcome => {
  if (error instanceof TimedOut)
    return limit.answered
      ? { kind: 'status', status: 504, body: Buffer.from('activator request timeout') }
      : { kind: 'timeout', afterMs: limit.ms }
  if (error instanceof Unreached) return { kind: 'status', status: error.status, body: Buffer.from(error.message) }
  return {
    kind: 'unreachable',
    why: error.code === 'ECONNREFUSED' ? `dial tcp ${host}: connect: connection refused` : error.message,
  }
}
