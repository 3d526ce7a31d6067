import type { ServerResponse } from 'node:http'
import { Conflict, Malformed, Permanent, RetryLater } from './errors.ts'
import type { HttpResponse } from './function-definition.ts'
import { redact } from './redact.ts'

/** How a request ended: in the log, in the metrics, and as what the sender is told. */
export interface EventResponse {
  outcome: 'done' | 'malformed' | 'permanent' | 'conflict' | 'later' | 'failed'
  status: number
  headers: Record<string, string>
  body: string
}

/** Done. Without a body: a broker takes a 2xx whose body is no event for a failure. */
export const noContent: EventResponse = { outcome: 'done', status: 204, headers: {}, body: '' }

/** Bodies over 768 bytes end the dispatcher of Knative's default broker; ours stay well below. */
export const maxErrorBytes = 512

/** What an error is for whoever decides on another try: which status retries is Knative's table, see errors.ts. */
export const errorResponse = (error: Error): EventResponse => {
  const [outcome, status, headers] = verdict(error)
  return {
    outcome,
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: reasonOf(error),
  }
}

/** The same for whoever calls from outside: what we did not mean to say is not said. */
export const publicErrorResponse = (error: Error): EventResponse => {
  const answer = errorResponse(error)
  return answer.outcome === 'failed' ? { ...answer, body: 'internal error' } : answer
}

const verdict = (error: Error): [EventResponse['outcome'], number, Record<string, string>?] => {
  if (error instanceof Malformed) return ['malformed', 400]
  if (error instanceof Permanent) return ['permanent', 422]
  if (error instanceof Conflict) return ['conflict', 409]
  if (error instanceof RetryLater) return ['later', 503, { 'retry-after': String(error.seconds) }]
  return ['failed', 500]
}

/** Names that add nothing to the words. */
const ourNames = new Set(['Error', 'Malformed', 'Permanent', 'Conflict', 'RetryLater'])

/** The error in words: without secrets, without a stack, short. */
const reasonOf = (error: Error) => {
  const words = error.message
    .split('\n')
    .filter(line => !/^\s*at /.test(line))
    .join(' ')
  return shortened(redact(ourNames.has(error.name) ? words : `${error.name}: ${words}`))
}

const shortened = (text: string) => {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxErrorBytes) return text
  // A character that was cut in two becomes U+FFFD, which goes too.
  return `${bytes
    .subarray(0, maxErrorBytes - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}

/** Answers, unless somebody has or nobody listens any more. */
export const sendResponse = (response: ServerResponse, { status, headers, body = '' }: HttpResponse): void => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { ...headers, ...(status !== 204 && { 'content-length': Buffer.byteLength(body) }) })
  response.end(body)
}
