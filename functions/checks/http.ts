import Type, { type Static } from 'typebox'
import type { HttpRequest } from '#functions/dial/http-request.ts'
import type { CheckJob, RunAttempt } from './check-type.ts'
import { commonSettings, dialOptionsOf, tlsOptionsOf, tlsSettings, withWarnings } from './common.ts'
import { auth, authorizationOf, headers } from './http-authorization.ts'
import { JsonAssertion } from './json-assertion.ts'

/** The settings of a monitor of the kind `http`. Without settings: a GET request and a 2xx status. */
export const HttpSettings = Type.Object(
  {
    method: Type.Optional(
      Type.Union([
        Type.Literal('GET'),
        Type.Literal('HEAD'),
        Type.Literal('POST'),
        Type.Literal('PUT'),
        Type.Literal('PATCH'),
        Type.Literal('DELETE'),
        Type.Literal('OPTIONS'),
      ]),
    ),
    headers,
    body: Type.Optional(Type.String({ maxLength: 16_384 })),
    /** The accepted status codes: `200-299,404`. */
    status: Type.Optional(
      Type.String({ maxLength: 100, pattern: '^[1-9]\\d\\d(-[1-9]\\d\\d)?( *, *[1-9]\\d\\d(-[1-9]\\d\\d)?)*$' }),
    ),
    /** A text that the body must contain. */
    keyword: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    /** A text that the body must not contain. */
    keywordAbsent: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    json: Type.Optional(Type.Array(JsonAssertion, { minItems: 1, maxItems: 10 })),
    ...commonSettings,
    /**
     * Whether redirects are followed; true by default. If not, the redirect is the response. `secure`: they are, but a
     * redirect from https to http is a failure.
     */
    followRedirects: Type.Optional(Type.Union([Type.Boolean(), Type.Literal('secure')])),
    auth,
    ...tlsSettings,
  },
  { additionalProperties: false },
)
export type HttpSettings = Static<typeof HttpSettings>

/** Limit for a body after decompression. */
const maxBodyBytes = 1024 * 1024

/**
 * One request. The check passes if the response after redirects has an accepted status (2xx by default), and if its
 * body passes the assertions. An unaccepted status has the error `status`.
 */
export const checkHttp: RunAttempt = async (dialler, check, attemptIndex) => {
  const { url, settings } = check
  const options = dialOptionsOf(check, attemptIndex)
  if (settings === undefined) {
    const dialled = await dialler.get(url, options)
    return dialled.error === null && !isSuccess(dialled.status) ? { ...dialled, error: 'status' } : dialled
  }
  const wanted = settings as HttpSettings
  const { body, ...dialled } = await dialler.request(url, { ...options, request: requestOf(wanted, check) })
  if (dialled.error !== null) return dialled
  if (!isAccepted(dialled.status, wanted.status)) return { ...dialled, error: 'status' }
  if (body !== undefined) {
    const { bodyFault } = await import('./http-body-assertions.ts')
    const fault = await bodyFault(body, wanted)
    if (fault !== null) return { ...dialled, ...fault }
  }
  return withWarnings(dialled, check, wanted)
}

const isSuccess = (status: number | null) => status !== null && status >= 200 && status < 300

/** Whether a list such as `200-299,404` has the status. */
export const isAccepted = (status: number | null, list?: string): boolean => {
  if (list === undefined) return isSuccess(status)
  return list.split(',').some(range => {
    const [first, last = first] = range.trim().split('-').map(Number)
    return status !== null && status >= first! && status <= last!
  })
}

const requestOf = (wanted: HttpSettings, { secrets }: CheckJob): HttpRequest => {
  const { method, body, followRedirects, keyword, keywordAbsent, json } = wanted
  const readsBody = keyword !== undefined || keywordAbsent !== undefined || json !== undefined
  return {
    ...(method !== undefined && { method }),
    ...(wanted.headers && { headers: wanted.headers }),
    ...(body !== undefined && { body }),
    ...(wanted.auth && { authorization: authorizationOf(wanted.auth, secrets) }),
    ...(followRedirects !== undefined && { followsRedirects: followRedirects }),
    ...(readsBody && { maxBodyBytes }),
    tls: tlsOptionsOf(wanted, secrets),
  }
}
