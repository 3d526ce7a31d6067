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
  if (row.type === 'keyword') settings[row.invert_keyword ? 'keywordAbsent' : 'keyword'] = row.keyword
  if (row.type === 'json-query') {
    const read = jsonAssertion(row)
    if ('why' in read) return read
    settings.json = [read.assertion]
  }
  if (row.cache_bust) lost.push('the random parameter against caches is not added to the URL')
  if (row.ip_family === 'ipv4' || row.ip_family === 'ipv6') settings.family = row.ip_family
  return { entry: { url: row.url }, ...monitor }
}

const refusalOf = ({ proxy_id, auth_method }: KumaRow): string | null => {
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

const parsedHeaders = (text: unknown): Record<string, string> | null => {
  if (typeof text !== 'string' || text.trim() === '') return {}
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, String(value)]))
  } catch {
    return null
  }
}

/** Kuma compares the text of a value with the expected text, so the number 5 is equal to "5". */
const jsonAssertion = (row: KumaRow): { assertion: object } | { why: string } => {
  const query = String(row.json_path ?? '')
  const path = jsonPathOf(query)
  if (path === null) return { why: `its JSONata expression ${query} is more than a path, and Vigia has JSONPath` }
  const expected = String(row.expected_value ?? '')
  const operator = String(row.json_path_operator || '==')
  if (/[<>]/.test(operator) && !isNumber(expected))
    return { why: `it compares with ${expected}, which is not a number` }
  switch (operator) {
    case '==':
      return isNumber(expected) || expected === 'true' || expected === 'false'
        ? { assertion: passesIf(equalsText(path, expected)) }
        : { assertion: { path, equals: expected } }
    case '!=':
      return { assertion: passesIf(`!(${equalsText(path, expected)})`) }
    case '<':
      return { assertion: { path, below: Number(expected) } }
    case '>':
      return { assertion: { path, above: Number(expected) } }
    case '<=':
    case '>=':
      return { assertion: passesIf(`${path} ${operator} ${expected}`) }
    case 'contains':
      return { assertion: passesIf(`search(${path}, ${quoted(escaped(expected))})`) }
    default:
      return { why: `its operator ${operator} is not known` }
  }
}
