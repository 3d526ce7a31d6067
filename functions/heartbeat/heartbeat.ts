import { RetryLater } from '#functions/host/errors.ts'
import type { Context, HttpRequest, HttpResponse } from '#functions/host/function-definition.ts'
import type { ChangedHeartbeat } from './changes.ts'
import { logOf, maxLogBytes, type PingRequest, parsePing } from './ping-request.ts'
import type { PingOutcome, PingWriter } from './ping-writer.ts'

export interface PingDependencies {
  writer: Pick<PingWriter, 'write'>
  clock(): Date
  /** Publishes the events about changes. It never rejects, because the next check of the deadlines repeats it. */
  tell(changed: readonly ChangedHeartbeat[], context: Context): void
  /** Counts an unknown URL. Returns whether there were too many of them in this second. */
  isFlood(): boolean
}

/** With five retries, as in `curl --retry 5`, a client tries for 50 seconds. */
const retryAfterS = 10
const refusal = 'the ping could not be stored; send it again'

/** A response that is logged only as debug, because pings and forged requests may come many times a second. */
const text = (status: number, body: string, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  body,
  quiet: true,
})

/**
 * Takes a ping of a job. The answer is 200 only after the ping is committed. If PostgreSQL is unavailable for longer
 * than the ping can wait, the answer is 503 with Retry-After: curl with `--retry` and the clients of Healthchecks then
 * send it again.
 */
export const heartbeat = async (
  request: HttpRequest,
  context: Context,
  { writer, clock, tell, isFlood }: PingDependencies,
): Promise<HttpResponse> => {
  const parsed = parsePing(request, request.query)
  if ('status' in parsed)
    return parsed.status === 404 ? unknown(isFlood) : text(parsed.status, parsed.text, parsed.headers)
  const outcome = await writer.write({ ...received(parsed, request), at: clock() })
  const response = responseTo(outcome, isFlood)
  if (outcome.done !== 'stored' || outcome.change === null) return response
  tell([outcome.change], context)
  return { ...response, quiet: false }
}

const received = (ping: PingRequest, { body }: HttpRequest) => ({ ...ping, log: logOf(body) })

const responseTo = (outcome: PingOutcome, isFlood: () => boolean): HttpResponse => {
  switch (outcome.done) {
    case 'stored':
      return text(outcome.isNew ? 201 : 200, outcome.isNew ? 'Created' : 'OK', {
        'ping-body-limit': String(maxLogBytes),
      })
    case 'not found':
      return unknown(isFlood)
    case 'full':
      return text(403, 'this chat has as many monitors as it may have')
    case 'refused':
      // A flood of refusals must cost little, so only the first one in a second is an error, which the log tells.
      if (outcome.isFirst) throw new RetryLater(refusal, retryAfterS)
      return text(503, refusal, { 'retry-after': String(retryAfterS) })
    default:
      return outcome satisfies never
  }
}

/** The response to a URL without a heartbeat. A token cannot be guessed; the limit keeps floods of guesses cheap. */
const unknown = (isFlood: () => boolean) =>
  isFlood() ? text(429, 'rate limited', { 'retry-after': '1' }) : text(404, 'not found')
