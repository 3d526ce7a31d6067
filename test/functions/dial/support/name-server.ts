import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** The records of a name. A name that is not in the zone does not exist. */
export interface Records {
  a?: string[]
  aaaa?: string[]
  /** The response code, such as 2 for SERVFAIL. */
  code?: number
  /** Whether the server gives no answer to queries for this name. */
  silent?: boolean
}

export interface NameServer {
  /** The address and port of the server, such as `127.0.0.1:5353`. */
  readonly address: string
  /** Every query so far, such as `example.test A`. */
  readonly queries: string[]
  stop(): void
}

/** The bytes of an IPv6 address that is written with at most one `::`. */
const bytesOf6 = (address: string) => {
  const [front = '', back = ''] = address.split('::')
  const words = (part: string) => part.split(':').filter(Boolean)
  const zeros = Array(8 - words(front).length - words(back).length).fill('0')
  return [...words(front), ...zeros, ...words(back)].flatMap(word => {
    const value = Number.parseInt(word, 16)
    return [value >> 8, value & 255]
  })
}

/** Starts a name server on loopback that answers with the records in `zone`. The caller may change `zone` later. */
export const startNameServer = async (zone: Record<string, Records>): Promise<NameServer> => {
  const queries: string[] = []
  const server = createSocket('udp4')
  server.on('message', (query, from) => {
    const labels: string[] = []
    let at = 12
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += length + 1
    }
    const name = labels.join('.').toLowerCase()
    const type = query.readUInt16BE(at + 1)
    const { a = [], aaaa = [], code, silent } = zone[name] ?? { code: 3 }
    queries.push(`${name} ${type === 1 ? 'A' : 'AAAA'}`)
    if (silent) return
    const data = type === 1 ? a.map(address => address.split('.').map(Number)) : aaaa.map(bytesOf6)
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(0x8180 | (code ?? 0), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(data.length, 6)
    const records = data.map(bytes => Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes]))
    server.send(Buffer.concat([head, query.subarray(12, at + 5), ...records]), from.port, from.address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  return { address: `127.0.0.1:${server.address().port}`, queries, stop: () => server.close() }
}
