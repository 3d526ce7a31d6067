import { connect, type Socket } from 'node:net'

/** What became of the pings of a flood. */
export interface FloodReport {
  sent: number
  /** The number of answers with each status; `connection error` for pings without an answer. */
  answers: Record<string, number>
  /** For each path: the number of pings that were answered 200. */
  accepted: number[]
  /** The times until the answers, in milliseconds. */
  p50Ms: number
  p99Ms: number
}

export interface Flood {
  port: number
  /** The paths of the heartbeats, which are pinged in turn. */
  paths: readonly string[]
  /** The connections; each of them has one ping on its way at a time. */
  connections: number
  /** Without a rate, each connection sends its next ping at once. */
  perSecond?: number
  ms: number
}

interface Connection {
  socket: Socket
  /** The path of the ping on its way; -1 without one. */
  path: number
  sentAt: number
  received: string
}

const tickMs = 2
const slowestMs = 30_000

/**
 * Sends pings over connections that stay open. It writes and reads HTTP by itself, because a client of Node.js needs
 * more CPU time for a ping than Vigia does, and both share the machine.
 */
export const floodPings = async ({ port, paths, connections, perSecond, ms }: Flood): Promise<FloodReport> => {
  const requests = paths.map(path => `GET ${path} HTTP/1.1\r\nhost: vigia.example.org\r\nuser-agent: curl/8\r\n\r\n`)
  const answers: Record<string, number> = {}
  const accepted = paths.map(() => 0)
  const times = new Uint32Array(slowestMs + 1)
  const idle: Connection[] = []
  const startedAt = performance.now()
  let next = 0
  let sent = 0
  let onTheWay = 0
  let isOver = false

  const count = (answer: string) => {
    answers[answer] = (answers[answer] ?? 0) + 1
  }
  const allowed = () =>
    perSecond === undefined ? Number.POSITIVE_INFINITY : ((performance.now() - startedAt) / 1_000) * perSecond

  const sendNext = (connection: Connection) => {
    if (isOver || sent >= allowed()) return void idle.push(connection)
    connection.path = next
    connection.sentAt = performance.now()
    connection.socket.write(requests[next]!, 'latin1')
    next = (next + 1) % paths.length
    sent++
    onTheWay++
  }

  const finish = (connection: Connection, answer: string) => {
    onTheWay--
    count(answer)
    times[Math.min(slowestMs, Math.round(performance.now() - connection.sentAt))]!++
    if (answer === '200') accepted[connection.path]!++
    connection.path = -1
  }

  const onData = (connection: Connection, text: string) => {
    connection.received += text
    const status = completeStatus(connection.received)
    if (status === null) return
    connection.received = ''
    finish(connection, status)
    sendNext(connection)
  }

  const open = (): Connection => {
    const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1')
    const connection = { socket, path: -1, sentAt: 0, received: '' }
    socket.on('data', (text: string) => onData(connection, text))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (connection.path >= 0) finish(connection, 'connection error')
      const at = idle.indexOf(connection)
      if (at >= 0) idle.splice(at, 1)
      all.delete(connection)
      if (!isOver) all.add(open())
    })
    socket.on('connect', () => sendNext(connection))
    return connection
  }
  const all = new Set<Connection>()
  for (let n = 0; n < connections; n++) all.add(open())

  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const ran = performance.now() - startedAt
      isOver ||= ran >= ms
      while (!isOver && idle.length > 0 && sent < allowed()) sendNext(idle.pop()!)
      if (!isOver || (onTheWay > 0 && ran < ms + slowestMs)) return
      clearInterval(timer)
      resolve()
    }, tickMs)
  })
  for (const { socket } of all) socket.destroy()
  return { sent, answers, accepted, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) }
}

/** The status of an answer that has arrived completely, else null. */
const completeStatus = (received: string): string | null => {
  const head = received.indexOf('\r\n\r\n')
  if (head < 0) return null
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? 0)
  return received.length < head + 4 + length ? null : received.slice(9, 12)
}

const percentile = (times: Uint32Array, share: number): number => {
  const total = times.reduce((sum, count) => sum + count, 0)
  let passed = 0
  return times.findIndex(count => {
    passed += count
    return passed >= share * total
  })
}
