import type { BodyOptions } from './http1.ts'
import { headersFor, isLocalTo, requestText } from './target.ts'
import type { TlsOptions } from './tls.ts'

/** What a request has besides its URL. */
export interface HttpRequest {
  /** GET by default. */
  method?: string
  /** Headers in addition to our own. A header replaces our own header of the same name. */
  headers?: Readonly<Record<string, string>>
  body?: string
  /** The value of the header Authorization. */
  authorization?: string
  /** Whether redirects are followed; true by default. `secure`: but not from https to http. */
  followsRedirects?: boolean | 'secure'
  tls?: TlsOptions
  /** Reads the body up to this length, after decompression. Without it, the body is not kept. */
  maxBodyBytes?: number
}

/** Whether a request contains what only the user and the site should know. */
export const hasSecrets = ({ headers, body, authorization }: HttpRequest): boolean =>
  headers !== undefined || body !== undefined || authorization !== undefined

/** The headers of a request, except those that only HTTP/1 has. */
export const headersOf = ({ headers = {}, body, authorization }: HttpRequest, url: URL): Record<string, string> => {
  const own = {
    ...headersFor(url),
    ...(body !== undefined && {
      'Content-Type': /^\s*[[{]/.test(body) ? 'application/json' : 'text/plain; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
    }),
    ...(authorization !== undefined && { Authorization: authorization }),
  }
  const replaced = new Set(Object.keys(headers).map(name => name.toLowerCase()))
  return {
    ...Object.fromEntries(Object.entries(own).filter(([name]) => !replaced.has(name.toLowerCase()))),
    ...headers,
  }
}

/** The text of a request by HTTP/1.1 (Latin-1: one character is one byte). */
export const textOf = (request: HttpRequest, url: URL): string => {
  const { method = 'GET', body = '' } = request
  const headers = headersOf(request, url)
  const hasHost = Object.keys(headers).some(name => name.toLowerCase() === 'host')
  const head = requestText(method, url, { ...(!hasHost && { Host: url.host }), ...headers, Connection: 'close' })
  return head + Buffer.from(body).toString('latin1')
}

export const bodyOptionsOf = ({
  maxBodyBytes,
  method,
  followsRedirects = true,
}: HttpRequest): BodyOptions | undefined =>
  maxBodyBytes === undefined
    ? undefined
    : { maxBytes: maxBodyBytes, isHead: method === 'HEAD', ofRedirects: !followsRedirects }

/**
 * The request after a redirect; null if it must not be sent. The method follows the rules of browsers (WHATWG Fetch).
 * Headers, credentials and the body of the user go only to the host of the monitor, and never from https to http.
 */
export const redirected = (request: HttpRequest, status: number, from: URL, to: URL): HttpRequest | null => {
  const { method = 'GET', body, headers, authorization, ...others } = request
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST')
  const staysLocal = isLocalTo(from, to)
  if (becomesGet) return { ...others, ...(staysLocal && credentialsOf(withoutBodyHeaders(request))) }
  if (staysLocal) return request
  return body === undefined ? { ...others, method } : null
}

const credentialsOf = ({ headers, authorization }: HttpRequest) => ({
  ...(headers && { headers }),
  ...(authorization !== undefined && { authorization }),
})

const withoutBodyHeaders = (request: HttpRequest): HttpRequest => {
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => !/^content-/i.test(name))
  return { ...request, headers: Object.fromEntries(headers) }
}
