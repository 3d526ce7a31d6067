import type { IncomingHttpHeaders } from 'node:http'
import { Malformed, Permanent } from './errors.ts'
import type { FunctionDefinition, HttpResponse, RequestHead } from './function-definition.ts'
import { mediaTypeOf } from './media-type.ts'
import { errorResponse } from './responses.ts'

/** Which part of the function handles a request. */
export type Route = { to: 'event' } | { to: 'dead letter'; trigger: string } | { to: 'http' }

/**
 * Decides by the head of a request which part of the function handles the request. For a refused request, returns the
 * response. The body has not been read yet.
 */
export const routeOf = (definition: FunctionDefinition, head: RequestHead): Route | HttpResponse => {
  const { method, path, headers } = head
  if (!isEventRequest(headers)) {
    if (!definition.http)
      return method === 'POST' ? errorResponse(new Malformed('the request is not a CloudEvent')) : { status: 404 }
    const refusal = definition.http.admit?.(head)
    if (refusal === undefined) return { to: 'http' }
    return typeof refusal === 'number' ? { status: refusal } : refusal
  }
  if (method !== 'POST') return { status: 405, headers: { allow: 'POST' } }
  const refusal = definition.admitEvent?.(headers)
  if (refusal !== undefined) return { status: refusal }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return { status: 415 }
  const trigger = /^\/dead\/([^/]+)$/.exec(path)?.[1]
  if (trigger === undefined) return { to: 'event' }
  return definition.deadLetters
    ? { to: 'dead letter', trigger }
    : errorResponse(new Permanent(`${definition.name} does not handle dead letters`))
}

/** Whether a request is meant to be an event, valid or not. */
export const isEventRequest = (headers: IncomingHttpHeaders): boolean =>
  headers['ce-id'] !== undefined ||
  headers['ce-type'] !== undefined ||
  headers['ce-specversion'] !== undefined ||
  mediaTypeOf(headers['content-type']).startsWith('application/cloudevents')
