import { isIP } from 'node:net'
import { headerSettings, withHeaders } from './http-headers.ts'
import { addAuth, type KumaCheck, parsedHeaders, refusalOf } from './kuma-http.ts'
import type { KumaRow } from './kuma-source.ts'

/** A monitor of Kuma whose type is neither HTTP nor push. */
export const kumaService = (row: KumaRow): KumaCheck => {
  const host = String(row.hostname ?? '')
  switch (row.type) {
    case 'port':
      return port(row, host)
    case 'ping':
      return check(`ping://${bracketed(host)}`)
    case 'dns':
      return dns(row)
    case 'websocket-upgrade':
      return webSocket(row)
    case 'grpc-keyword':
      return grpc(row)
    case 'smtp':
      return check(`tcp://${authority(host, row.port || 25)}`, {
        recipe: 'smtp',
        ...(row.smtp_security === 'starttls' && { starttls: true }),
        ...(row.smtp_security === 'secure' && { tls: true }),
      })
    case 'mqtt':
      return mqtt(row)
    case 'redis':
    case 'postgres':
    case 'mysql':
    case 'mongodb':
      return database(row, row.type)
    default:
      return { why: `Vigia has no check of the type ${row.type}` }
  }
}

const check = (url: string, settings: Record<string, unknown> = {}, lost: string[] = []): KumaCheck => ({
  entry: { url },
  settings,
  secrets: {},
  lost,
})

const bracketed = (host: string) => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)
const authority = (host: string, port: unknown) => `${bracketed(host)}:${port}`

/** A port. Kuma also looks at its certificate if the monitor has TLS and notices about the expiry. */
const port = (row: KumaRow, host: string): KumaCheck => {
  const address = authority(host, row.port)
  const alert = row.expected_tls_alert
  if (alert && alert !== 'none') return { why: `it expects the TLS alert ${alert}, which Vigia does not have` }
  const security = row.expiry_notification ? row.smtp_security : null
  if (security === 'secure') return check(`tls://${address}`)
  if (security !== 'starttls') return check(`tcp://${address}`)
  const starttls = row.port === 143 ? 'imap' : 'smtp'
  return check(`tls://${address}`, { starttls }, [`it starts TLS as with ${starttls}, and no other protocol is tried`])
}

const webSocket = (row: KumaRow): KumaCheck => {
  const refusal = refusalOf(row)
  if (refusal !== null) return { why: refusal }
  // Kuma ignores headers that are not JSON.
  const headers = headerSettings(parsedHeaders(row.headers) ?? {})
  const codes = String(row.accepted_statuscodes_json ?? '["1000"]')
  const [protocol, ...more] = String(row.ws_subprotocol ?? '')
    .replace(/\s/g, '')
    .split(',')
  const monitor = {
    settings: { ...(protocol && { protocol }), ...(row.ignore_tls ? { certificate: 'any' } : {}) },
    secrets: {},
    lost: [
      ...(more.length > 0 ? [`only the subprotocol ${protocol} is offered, without ${more.join(', ')}`] : []),
      ...(codes === '["1000"]' ? [] : ['the code with which the server closes is not looked at']),
      ...(row.ws_ignore_sec_websocket_accept_header ? ['the header Sec-WebSocket-Accept has to be right'] : []),
    ],
  }
  withHeaders(monitor, headers)
  addAuth(monitor, row)
  return { entry: { url: row.url }, ...monitor }
}

/** The types of records of which Kuma compares the same text as Vigia. */
const comparable = new Set(['A', 'AAAA', 'CNAME', 'NS', 'PTR', 'TXT'])

const dns = ({ hostname, dns_resolve_type, dns_resolve_server, port, conditions }: KumaRow): KumaCheck => {
  const type = String(dns_resolve_type || 'A')
  const [server = ''] = String(dns_resolve_server ?? '').split(',')
  const isAddress = isIP(server.trim()) !== 0
  const expected = expectedValues(String(conditions ?? '[]'))
  const keepsValues = expected !== null && comparable.has(type)
  return check(
    `dns://${hostname}`,
    {
      ...(type !== 'A' && { type }),
      ...(isAddress && { server: port && port !== 53 ? authority(server.trim(), port) : server.trim() }),
      ...(keepsValues && expected.length > 0 && { expected }),
    },
    [
      ...(isAddress || server === ''
        ? []
        : [`the name server ${server} is not an address, so that of the machine is asked`]),
      ...(keepsValues || expected?.length === 0 ? [] : ['its conditions are left out; a record of the type is enough']),
    ],
  )
}

/** The values of Kuma's conditions if all of them say `record equals …`; null for other conditions. */
const expectedValues = (text: string): string[] | null => {
  const conditions: { variable?: string; operator?: string; value?: string; andOr?: string }[] = JSON.parse(
    text || '[]',
  )
  const isSimple = conditions.every(({ variable, operator }) => variable === 'record' && operator === 'equals')
  // Several values of which each is enough have no equivalent.
  return isSimple && conditions.length <= 1 ? conditions.map(({ value }) => String(value)) : null
}

const grpc = ({
  grpc_url,
  grpc_enable_tls,
  grpc_service_name,
  grpc_method,
  keyword,
  invert_keyword,
}: KumaRow): KumaCheck => {
  const asksHealth =
    /^(grpc\.health\.v1\.)?Health$/i.test(String(grpc_service_name)) && /^check$/i.test(String(grpc_method))
  if (!asksHealth || invert_keyword || !String(keyword ?? '').includes('SERVING'))
    return {
      why: `it calls ${grpc_service_name}/${grpc_method}; Vigia asks grpc.health.v1.Health/Check whether the server serves`,
    }
  const address = String(grpc_url ?? '').replace(/^\w+:\/\//, '')
  return check(`${grpc_enable_tls ? 'grpcs' : 'grpc'}://${address}`)
}

const mqtt = ({ hostname, port }: KumaRow): KumaCheck => {
  const [, scheme = 'mqtt', host = ''] = /^(?:(\w+):\/\/)?(.*)$/.exec(String(hostname ?? '')) ?? []
  if (scheme !== 'mqtt' && scheme !== 'mqtts') return { why: `MQTT over ${scheme} is not supported` }
  return check(`tcp://${authority(host, port)}`, { recipe: 'mqtt', ...(scheme === 'mqtts' && { tls: true }) }, [
    'it does not log in and waits for no message; the server must only answer to a connection',
  ])
}

const usualPorts = { redis: 6379, postgres: 5432, mysql: 3306, mongodb: 27_017 }

/** The server of a connection string. The password in it is not used, because the check does not log in. */
const database = (row: KumaRow, type: keyof typeof usualPorts): KumaCheck => {
  const url = URL.parse(String(row.database_connection_string ?? ''))
  if (url === null || url.hostname === '' || url.protocol.endsWith('+srv:'))
    return { why: `its connection string does not name one server` }
  const target = `tcp://${url.hostname}:${url.port || usualPorts[type]}`
  if (type === 'mongodb') return check(target, {}, ['only the connection to the port is checked'])
  const tls = url.protocol === 'rediss:' && { tls: true, ...(row.ignore_tls ? { certificate: 'any' } : {}) }
  return check(target, { recipe: type, ...tls }, [
    'it does not log in and makes no query; the server must only answer in its protocol',
  ])
}
