import { basicAuth, headerSettings, withHeaders } from './http-headers.ts'
import { equalsText, escaped, isNumber, jsonPathOf, passesIf, quoted } from './json-filter.ts'
import type { KumaRow } from './kuma-source.ts'

/** The part of a monitor that its kind decides, or why the monitor is left out. */
export type KumaCheck =
  | {
      entry: Record<string, unknown>
      settings: Record<string, unknown>
      secrets: Record<string, string>
      lost: string[]
    }
  | { why: string }

/** The days before the expiry of a certificate on which Kuma sends its first notice, if it is not set. */
const usualCertificateDays = 21

/**
 * A monitor of Kuma's types http, keyword and json-query. `certificateDays` is the greatest number of Kuma's setting.
 */
export const kumaHttp = (row: KumaRow, certificateDays = usualCertificateDays): KumaCheck => {
  const refusal = refusalOf(row)
  if (refusal !== null) return { why: refusal }
  const monitor = { settings: {} as Record<string, unknown>, secrets: {}, lost: [] as string[] }
  const { settings, lost } = monitor
  const method = String(row.method ?? 'GET').toUpperCase()
  if (method !== 'GET') settings.method = method
  const headers = parsedHeaders(row.headers)
  if (headers === null) return { why: 'its headers are not JSON' }
  withHeaders(monitor, headerSettings({ ...contentType(row), ...headers }))
  if (hasBody(row)) settings.body = row.body
  const status = (JSON.parse(String(row.accepted_statuscodes_json ?? '["200-299"]')) as unknown[]).join(',')
  if (status !== '200-299') settings.status = status
  if (row.maxredirects === 0) settings.followRedirects = false
  if (row.ignore_tls) settings.certificate = 'any'
  if (row.expiry_notification && /^https:/i.test(String(row.url))) settings.certificateDays = certificateDays
  addAuth(monitor, row)
  if (row.type === 'keyword') {
    settings[row.invert_keyword ? 'keywordAbsent' : 'keyword'] = row.keyword
    if (String(row.keyword).includes('"'))
      lost.push('Kuma looks for the keyword in JSON without blanks, and Vigia in the body as the server sends it')
  }
  if (row.type === 'json-query') {
    const read = jsonSettings(row)
    if ('why' in read) return read
    Object.assign(settings, read.settings)
    lost.push(...read.lost)
  }
  if (row.cache_bust) lost.push('the random parameter against caches is not added to the URL')
  if (row.ip_family === 'ipv4' || row.ip_family === 'ipv6') settings.family = row.ip_family
  return { entry: { url: row.url }, ...monitor }
}

/** Adds the user name with the password, or the token, of a monitor. */
export const addAuth = (monitor: Parameters<typeof withHeaders>[0], row: KumaRow): void => {
  if (row.auth_method === 'basic')
    withHeaders(monitor, {
      ...basicAuth(String(row.basic_auth_user ?? ''), String(row.basic_auth_pass ?? '')),
      lost: [],
    })
  if (row.auth_method === 'bearer')
    withHeaders(monitor, {
      settings: { auth: { bearer: true } },
      secrets: { token: String(row.bearer_token ?? '') },
      lost: [],
    })
}

/** Why a monitor cannot be checked in the way of its request; null if it can. */
export const refusalOf = ({ proxy_id, auth_method }: KumaRow): string | null => {
  if (proxy_id) return 'it is checked through a proxy, and Vigia uses none'
  const methods: Record<string, string> = {
    ntlm: 'NTLM is not supported',
    mtls: 'client certificates are not supported',
    'oauth2-cc': 'OAuth 2 is not supported; use a bearer token',
  }
  return typeof auth_method === 'string' ? (methods[auth_method] ?? null) : null
}

const hasBody = ({ body }: KumaRow) => typeof body === 'string' && body.trim() !== ''

const contentTypes: Record<string, string> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  xml: 'text/xml; charset=utf-8',
}

const contentType = (row: KumaRow): Record<string, string> => {
  const type = contentTypes[String(row.http_body_encoding || 'json')]
  return hasBody(row) && type !== undefined ? { 'Content-Type': type } : {}
}

/** The headers of a request; null if they are not JSON. */
export const parsedHeaders = (text: unknown): Record<string, string> | null => {
  if (typeof text !== 'string' || text.trim() === '') return {}
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, String(value)]))
  } catch {
    return null
  }
}

type JsonSettings = { settings: Record<string, unknown>; lost: string[] } | { why: string }

/** Kuma compares the text of a value with the expected text, so the number 5 is equal to "5". */
const jsonSettings = (row: KumaRow): JsonSettings => {
  const query = String(row.json_path ?? '')
  const path = jsonPathOf(query)
  if (path === null) return { why: `its JSONata expression ${query} is more than a path, and Vigia has JSONPath` }
  const expected = String(row.expected_value ?? '')
  const operator = String(row.json_path_operator || '==')
  if (/[<>]/.test(operator) && !isNumber(expected))
    return { why: `it compares with ${expected}, which is not a number` }
  if (path === '$') return wholeBody(operator, expected)
  const assertion = jsonAssertion(path, operator, expected)
  return assertion === null
    ? { why: `its operator ${operator} is not known` }
    : { settings: { json: [assertion] }, lost: [] }
}

/** Kuma accepts a body that is not JSON if the expression is the whole body. */
const wholeBody = (operator: string, expected: string): JsonSettings => {
  if (operator !== '==' && operator !== 'contains')
    return { why: `it compares the whole body by ${operator}, and Vigia only looks for a text in it` }
  return {
    settings: { keyword: expected },
    lost: operator === '==' ? ['the body may contain more than the expected text'] : [],
  }
}

const jsonAssertion = (path: string, operator: string, expected: string): object | null => {
  switch (operator) {
    case '==':
      return isNumber(expected) || expected === 'true' || expected === 'false'
        ? passesIf(equalsText(path, expected))
        : { path, equals: expected }
    case '!=':
      // For Kuma, a value that is absent or null is a failure.
      return passesIf(`${path} && ${path} != null && !(${equalsText(path, expected)})`)
    case '<':
      return { path, below: Number(expected) }
    case '>':
      return { path, above: Number(expected) }
    case '<=':
    case '>=':
      return passesIf(`${path} ${operator} ${expected}`)
    case 'contains':
      return passesIf(`search(${path}, ${quoted(escaped(expected))})`)
    default:
      return null
  }
}
