import { parse } from 'yaml'
import { maxHeartbeatS, minHeartbeatS } from '#events/heartbeat-settings.ts'
import { defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'
import { type AnswerSetting, type ConditionSettings, connectionConditions, httpConditions } from './gatus-conditions.ts'
import { parseGoDuration } from './go-duration.ts'
import { headerSettings, withHeaders } from './http-headers.ts'
import { type Collector, collector, type Imported } from './imported.ts'
import { confirmationsOf, timingOf } from './timing.ts'

/** An endpoint of Gatus' configuration, as far as it is read here. */
interface Endpoint {
  enabled?: boolean
  name?: string
  group?: string
  url?: string
  method?: string
  body?: string
  graphql?: boolean
  headers?: Record<string, string>
  interval?: unknown
  conditions?: string[]
  alerts?: Alert[]
  'maintenance-windows'?: unknown[]
  dns?: { 'query-name'?: string; 'query-type'?: string }
  ssh?: unknown
  client?: {
    timeout?: unknown
    insecure?: boolean
    'ignore-redirect'?: boolean
    'proxy-url'?: string
    oauth2?: unknown
    'identity-aware-proxy'?: unknown
    tls?: unknown
    tunnel?: string
    /** The IP version of pings: `ip`, `ip4` or `ip6`. */
    network?: string
    'dns-resolver'?: string
  }
  heartbeat?: { interval?: unknown }
}

interface Alert {
  type?: string
  enabled?: boolean
  'failure-threshold'?: number
  'success-threshold'?: number
}

interface Configuration {
  endpoints?: Endpoint[]
  'external-endpoints'?: Endpoint[]
  suites?: { name?: string }[]
  alerting?: Record<string, { 'default-alert'?: Alert } | null>
  maintenance?: { enabled?: boolean }
}

/** Reads the configuration of Gatus. `variables` are those of the environment, which the file may name as `${NAME}`. */
export const importGatus = (text: string, variables: NodeJS.ProcessEnv): Imported => {
  const configuration = configurationIn(expanded(text, variables))
  const found = collector('Gatus')
  for (const endpoint of configuration.endpoints ?? []) addEndpoint(found, endpoint, configuration.alerting ?? {})
  for (const endpoint of configuration['external-endpoints'] ?? []) addExternal(found, endpoint)
  for (const { name } of configuration.suites ?? [])
    found.leaveOut(`the suite ${name}`, 'a monitor of Vigia makes one request')
  for (const provider of Object.keys(configuration.alerting ?? {}))
    found.leaveOut(`alerting by ${provider}`, 'the messages go to the chat of the monitors')
  if (configuration.maintenance && configuration.maintenance.enabled !== false)
    found.leaveOut('the maintenance', 'plan it in the chat, or as a window of vigia.yaml')
  return found.imported
}

/** `$$` is a dollar sign; a variable that is not set becomes ''. */
const expanded = (text: string, variables: NodeJS.ProcessEnv) =>
  text.replace(/\$\$|\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)/g, (all, braced, bare) =>
    all === '$$' ? '$' : (variables[braced ?? bare] ?? ''),
  )

const configurationIn = (text: string): Configuration => {
  const value: unknown = parse(text, { maxAliasCount: 100_000, merge: true })
  const isConfiguration =
    typeof value === 'object' &&
    value !== null &&
    ['endpoints', 'external-endpoints', 'suites'].some(key => Array.isArray((value as Record<string, unknown>)[key]))
  if (!isConfiguration) throw new Error('the file is not a configuration of Gatus: it has no list "endpoints"')
  return value as Configuration
}

const addEndpoint = (
  { add, leaveOut }: Collector,
  endpoint: Endpoint,
  alerting: NonNullable<Configuration['alerting']>,
): void => {
  const { name = endpoint.url ?? 'endpoint', group, enabled = true, client = {} } = endpoint
  const check = checkOf(endpoint)
  if ('why' in check) {
    leaveOut(group ? `${group}/${name}` : name, check.why)
    return
  }
  const timing = timingOf(parseGoDuration(endpoint.interval) ?? 60_000, parseGoDuration(client.timeout) ?? 10_000)
  const alerts = (endpoint.alerts ?? [])
    .map(alert => ({ ...alerting[alert.type ?? '']?.['default-alert'], ...alert }))
    .filter(alert => alert.enabled !== false)
  const failures = Math.max(...alerts.map(alert => alert['failure-threshold'] ?? 3), 0)
  const successes = Math.max(...alerts.map(alert => alert['success-threshold'] ?? 2), 0)
  add(name, {
    key: group ? `${group}-${name}` : name,
    entry: {
      ...check.entry,
      name,
      ...timing.entry,
      ...confirmationsOf(failures, defaultConfirmations),
      ...(successes > defaultRecoveries && { recoveries: Math.min(successes, 10) }),
      ...(group && { group }),
      ...(!enabled && { paused: true }),
      ...(Object.keys(check.settings).length > 0 && { settings: check.settings }),
    },
    secrets: check.secrets,
    lost: [
      ...check.lost,
      ...timing.lost,
      ...(client['dns-resolver'] ? [`it does not use the resolver ${client['dns-resolver']}`] : []),
      ...(endpoint['maintenance-windows']?.length
        ? ['its maintenance windows are left out; plan them in the chat']
        : []),
    ],
  })
}

type Check = { entry: { url: string }; secrets: Record<string, string> } & Omit<ConditionSettings, 'why'>

const checkOf = (endpoint: Endpoint): Check | { why: string } => {
  const { conditions = [], client = {} } = endpoint
  const refusal = clientRefusal(client)
  if (refusal !== null) return { why: refusal }
  const service = serviceOf(endpoint)
  if (service === null) return httpCheck(endpoint)
  if ('why' in service) return service
  const { why, ...read } = connectionConditions(conditions, service.answer)
  if (why !== undefined) return { why }
  return { entry: { url: service.url }, secrets: {}, ...read, settings: { ...service.settings, ...read.settings } }
}

/** What a kind without a status checks, without its conditions. `answer` is its setting for the expected answer. */
interface Service {
  url: string
  settings: Record<string, unknown>
  answer: AnswerSetting
}

/** null for HTTP. */
const serviceOf = (endpoint: Endpoint): Service | { why: string } | null => {
  const { url = '', body, client = {} } = endpoint
  const certificate = client.insecure ? { certificate: 'any' } : {}
  const scheme = endpoint.dns ? 'dns' : (/^([a-z]+):\/\//.exec(url)?.[1] ?? '')
  switch (scheme) {
    case 'http':
    case 'https':
      return null
    case 'tcp':
      return { url, settings: body ? { send: body } : {}, answer: body ? 'expect' : null }
    case 'icmp':
      return { url: url.replace(/^icmp:/, 'ping:'), settings: familyOf(client.network), answer: null }
    case 'tls':
      // A text is sent only by the kind tcp.
      return body
        ? { url: url.replace(/^tls:/, 'tcp:'), settings: { tls: true, send: body, ...certificate }, answer: 'expect' }
        : { url, settings: certificate, answer: null }
    case 'starttls':
      return { url: url.replace(/^starttls:/, 'tls:'), settings: { starttls: 'smtp', ...certificate }, answer: null }
    case 'ws':
    case 'wss':
      return { url, settings: { ...(body && { send: body }), ...certificate }, answer: 'expect' }
    case 'grpc':
    case 'grpcs':
      return { url, settings: certificate, answer: null }
    case 'ssh':
      return sshService(endpoint)
    case 'dns':
      return {
        url: `dns://${endpoint.dns?.['query-name']?.replace(/\.$/, '')}`,
        settings: dnsSettings(endpoint),
        answer: 'expected',
      }
    default:
      return { why: `Vigia has no check of ${url}` }
  }
}

const familyOf = (network: string | undefined): Record<string, unknown> =>
  network === 'ip4' ? { family: 'ipv4' } : network === 'ip6' ? { family: 'ipv6' } : {}

/** Without a user, Gatus only waits for the greeting of the SSH server. */
const sshService = ({ url = '', ssh }: Endpoint): Service | { why: string } => {
  if (ssh && Object.keys(ssh).length > 0) return { why: 'it runs a command by SSH' }
  const [, host = '', port = ''] = /^ssh:\/\/(.*?)(:\d+)?$/.exec(url) ?? []
  return { url: `tcp://${host}${port || ':22'}`, settings: { expect: 'SSH-' }, answer: null }
}

/** The URL of a DNS endpoint is the name server. */
const dnsSettings = ({ url = '', dns }: Endpoint): Record<string, unknown> => {
  const type = dns?.['query-type'] ?? 'A'
  return { ...(type !== 'A' && { type }), server: url.replace(/^\w+:\/\//, '').replace(/:53$/, '') }
}

const clientRefusal = (client: NonNullable<Endpoint['client']>): string | null => {
  if (client['proxy-url']) return 'it is checked through a proxy, and Vigia uses none'
  if (client.tunnel) return 'it is checked through an SSH tunnel, and Vigia uses none'
  if (client.oauth2) return 'OAuth 2 is not supported; use a bearer token'
  if (client['identity-aware-proxy']) return 'the Identity-Aware Proxy is not supported'
  return client.tls ? 'client certificates are not supported' : null
}

const httpCheck = ({
  url = '',
  method,
  body,
  graphql,
  headers = {},
  conditions = [],
  client = {},
}: Endpoint): Check | { why: string } => {
  const { why, ...read } = httpConditions(conditions)
  if (why !== undefined) return { why }
  const check: Check = { entry: { url }, secrets: {}, ...read }
  const { settings, lost } = check
  if (method && method !== 'GET') settings.method = method
  const { Host: host, host: lowerHost = host, ...given } = headers
  const hasType = Object.keys(given).some(name => name.toLowerCase() === 'content-type')
  const sent = graphql && !hasType ? { 'Content-Type': 'application/json', ...given } : given
  if (lowerHost) lost.push(`the header Host is not sent: ${lowerHost}`)
  withHeaders(
    check,
    headerSettings(Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, String(value)]))),
  )
  if (body) settings.body = graphql ? JSON.stringify({ query: body }) : body
  if (body && /\[(ENDPOINT_\w+|RANDOM_STRING_\d+)\]/.test(body)) lost.push('placeholders in the body are not replaced')
  if (client['ignore-redirect']) settings.followRedirects = false
  if (client.insecure) settings.certificate = 'any'
  return check
}

/** An external endpoint is pushed to Gatus. One with a heartbeat becomes a heartbeat. */
const addExternal = (
  { add, leaveOut }: Collector,
  { name = 'endpoint', group, enabled = true, heartbeat }: Endpoint,
) => {
  const ms = parseGoDuration(heartbeat?.interval)
  if (!ms) return leaveOut(`the external endpoint ${name}`, 'it has no heartbeat interval, so no result could be late')
  const periodS = Math.min(Math.max(Math.round(ms / 1000), minHeartbeatS), maxHeartbeatS)
  return add(name, {
    key: group ? `${group}-${name}` : name,
    entry: {
      kind: 'heartbeat',
      name,
      ...(group && { group }),
      ...(!enabled && { paused: true }),
      settings: { periodS },
    },
    lost: ['its job has to ping the new URL of the heartbeat'],
  })
}
