import type { HttpResponse } from '#functions/host/function-definition.ts'
import type { LocatedFault } from '#functions/vigia-yaml/read-file.ts'

/** What a problem says besides its status: RFC 9457, with two members of our own. */
export interface ProblemDetails {
  /** For people, in English. It contains no secrets and nothing about other chats. */
  detail: string
  /** Every value that is wrong. `line` is that of the body. */
  errors?: readonly LocatedFault[]
  /** A value that would be right. */
  example?: unknown
  headers?: Readonly<Record<string, string>>
}

const titles: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'A key is needed',
  403: 'The key does not allow this',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'The request needs a decision',
  413: 'The body is too large',
  422: 'The request has wrong values',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Try again in a moment',
}

/** A request that cannot be done. The response is a problem document. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly details: ProblemDetails

  constructor(status: keyof typeof titles, details: ProblemDetails) {
    super(details.detail)
    this.status = status
    this.details = details
  }
}

/** The response to a request that cannot be done. */
export const problemResponse = ({ status, details: { headers = {}, ...members } }: Problem): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  body: `${JSON.stringify({ type: 'about:blank', title: titles[status], status, ...members }, null, 2)}\n`,
})

/** The problem that a path leads to nothing, or to something of another chat, which looks the same. */
export const notFound = (what: string): Problem =>
  new Problem(404, { detail: `There is no ${what}. GET /api/v1/openapi.json lists what there is.` })
