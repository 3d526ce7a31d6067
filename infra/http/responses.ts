import type { ServerResponse } from 'node:http'

type Headers = Record<string, string>

/**
 * The headers of every answer of the local servers: nothing is cached, and a browser must not guess another content
 * type.
 */
const commonHeaders: Headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/**
 * Headers of an HTML page and its files: `policy` is the Content-Security-Policy, and the browser does not send the
 * address of the page to other sites.
 */
export const pageHeaders = (policy: string): Headers => ({
  ...commonHeaders,
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
})

/** A value as the body of a JSON answer. */
const jsonText = (value: unknown) => `${JSON.stringify(value)}\n`

const jsonHeaders = (text: string, headers: Headers): Headers => ({
  'content-type': 'application/json; charset=utf-8',
  'content-length': String(Buffer.byteLength(text)),
  ...commonHeaders,
  ...headers,
})

/** A JSON answer of a Hono handler. */
export const jsonResponse = (status: number, value: unknown, headers: Headers = {}): Response => {
  const text = jsonText(value)
  return new Response(text, { status, headers: jsonHeaders(text, headers) })
}

/**
 * A text answer of a Hono handler: an HTML page, a stylesheet, a picture. `type` is its media type without the
 * charset.
 */
export const textResponse = (type: string, text: string, headers: Headers): Response =>
  new Response(text, {
    headers: {
      'content-type': `${type}; charset=utf-8`,
      'content-length': String(Buffer.byteLength(text)),
      ...headers,
    },
  })

/** Sends the JSON answer of `jsonResponse` as a response of node:http. */
export const sendJson = (response: ServerResponse, status: number, value: unknown, headers: Headers = {}): void => {
  const text = jsonText(value)
  response.writeHead(status, jsonHeaders(text, headers)).end(text)
}
