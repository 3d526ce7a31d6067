import { isIP } from 'node:net'
import type { KumaCheck } from './kuma-http.ts'
import type { KumaRow } from './kuma-source.ts'

/** A monitor of Kuma whose type is neither HTTP nor push. */
export const kumaService = (row: KumaRow): KumaCheck => {
  const host = String(row.hostname ?? '')
  switch (row.type) {
    case 'port':
      return check(`tcp://${authority(host, row.port)}`)
    case 'ping':
      return check(`ping://${bracketed(host)}`)
    case 'dns':
      return dns(row)
    case 'websocket-upgrade':
      return check(String(row.url ?? ''), {
        ...(row.ws_subprotocol ? { protocol: row.ws_subprotocol } : {}),
        ...(row.ignore_tls ? { certificate: 'any' } : {}),
      })
    case 'grpc-keyword':
      return grpc(row)
    case 'smtp':
      return check(`tcp://${authority(host, row.port)}`, {
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
      return database(row.type, String(row.database_connection_string ?? ''))
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
const database = (type: keyof typeof usualPorts, connection: string): KumaCheck => {
  const url = URL.parse(connection)
  if (url === null || url.hostname === '' || url.protocol.endsWith('+srv:'))
    return { why: `its connection string does not name one server` }
  const target = `tcp://${url.hostname}:${url.port || usualPorts[type]}`
  if (type === 'mongodb') return check(target, {}, ['only the connection to the port is checked'])
  return check(target, { recipe: type, ...(url.protocol === 'rediss:' && { tls: true }) }, [
    'it does not log in and makes no query; the server must only answer in its protocol',
  ])
}
