import type { ServerResponse } from 'node:http'
import { Conflict, Malformed, Permanent, RetryLater } from './errors.ts'
import type { HttpResponse } from './function-definition.ts'
import { redact } from './redact.ts'

/** How the handling of an event ended; a label in the log and in the metrics. */
export type Outcome = 'done' | 'malformed' | 'permanent' | 'conflict' | 'later' | 'failed'

/** The response to an event. */
export interface EventResponse {
  outcome: Outcome
  status: number
  headers: Record<string, string>
  body: string
}

/**
 * The response to an event that was handled. It has no body, because a broker treats a 2xx whose body is not an event
 * as a failure.
 */
export const noContent: EventResponse = { outcome: 'done', status: 204, headers: {}, body: '' }

/** Knative's default broker crashes on error bodies over 768 bytes; ours stay well below. */
export const maxErrorBytes = 512

/**
 * The response for an error. The status tells the broker whether to try again (Knative's table of retried statuses; see
 * errors.ts).
 */
export const errorResponse = (error: Error): EventResponse => {
  const { outcome, status, headers } = classify(error)
  return {
    outcome,
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: messageOf(error),
  }
}

/**
 * The response for an error in a public HTTP request. Unexpected errors are answered with "internal error"; their
 * message is only logged.
 */
export const publicErrorResponse = (error: Error): EventResponse => {
  const response = errorResponse(error)
  return response.outcome === 'failed' ? { ...response, body: 'internal error' } : response
}

const classify = (error: Error): { outcome: Outcome; status: number; headers?: Record<string, string> } => {
  if (error instanceof Malformed) return { outcome: 'malformed', status: 400 }
  if (error instanceof Permanent) return { outcome: 'permanent', status: 422 }
  if (error instanceof Conflict) return { outcome: 'conflict', status: 409 }
  if (error instanceof RetryLater)
    return { outcome: 'later', status: 503, headers: { 'retry-after': String(error.seconds) } }
  return { outcome: 'failed', status: 500 }
}

/** Error names that add nothing to the message. */
const omittedNames = new Set(['Error', 'Malformed', 'Permanent', 'Conflict', 'RetryLater'])

/** The error's message without secrets and stack, at most `maxErrorBytes` long. */
const messageOf = (error: Error) => {
  const message = error.message
    .split('\n')
    .filter(line => !/^\s*at /.test(line))
    .join(' ')
  return shortened(redact(omittedNames.has(error.name) ? message : `${error.name}: ${message}`))
}

const shortened = (text: string) => {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxErrorBytes) return text
  // A character that was cut in two becomes U+FFFD, which is removed too.
  return `${bytes
    .subarray(0, maxErrorBytes - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}

/** Sends a response, unless one was sent before or the connection is closed. */
export const sendResponse = (response: ServerResponse, { status, headers, body = '' }: HttpResponse): void => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    ...headers,
    ...(status !== 204 && status !== 304 && { 'content-length': Buffer.byteLength(body) }),
  })
  response.end(body)
}
