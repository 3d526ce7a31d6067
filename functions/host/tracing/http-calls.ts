import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { redact } from '../redact.ts'

/** An HTTP call when it begins. Times are milliseconds since 1970. */
export interface HttpCall {
  name: string
  startedAt: number
  attributes: Record<string, string | number>
}

/** What is known when the call has ended. */
export interface HttpCallEnd {
  endedAt: number
  attributes: Record<string, string | number>
  failure?: string
}

/**
 * Calls `begin` for each HTTP call of this process that node:http makes. `begin` returns a function that is called when
 * the response or an error has arrived, or undefined to ignore the call.
 */
export const recordHttpCalls = (begin: (call: HttpCall) => ((end: HttpCallEnd) => void) | undefined): void => {
  const calls = new WeakMap<ClientRequest, { call: HttpCall; end: (end: HttpCallEnd) => void }>()
  const end = (request: ClientRequest, attributes: Record<string, string | number>, failure?: string) => {
    const known = calls.get(request)
    if (!known) return
    calls.delete(request)
    known.end({
      endedAt: Date.now(),
      attributes: { ...known.call.attributes, ...attributes },
      ...(failure === undefined ? {} : { failure }),
    })
  }

  // Node.js runs this subscriber in the asynchronous context of the code that makes the call, so that `begin` can find
  // out to which span the call belongs.
  subscribe('http.client.request.created', message => {
    const { request } = message as { request: ClientRequest }
    const { host, protocol, method, path } = request
    // The path of a call to Telegram has the token in it.
    const url = redact(`${protocol}//${request.getHeader('host') ?? host}${path}`)
    const call: HttpCall = {
      name: `${method} ${lastPart(url)}`,
      startedAt: Date.now(),
      attributes: { 'http.request.method': method, 'server.address': host, 'url.full': url },
    }
    const finish = begin(call)
    if (finish) calls.set(request, { call, end: finish })
  })
  subscribe('http.client.response.finish', message => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage }
    const status = response.statusCode ?? 0
    end(request, { 'http.response.status_code': status }, status >= 400 ? `status ${status}` : undefined)
  })
  subscribe('http.client.request.error', message => {
    const { request, error } = message as { request: ClientRequest; error: Error }
    end(request, { 'error.type': error.name }, error.message)
  })
}

/** The method of a call to the Bot API, such as `sendMessage`; the host of any other call. */
const lastPart = (url: string): string => /\/bot[^/]*\/([a-zA-Z]+)$/.exec(url)?.[1] ?? new URL(url).host
