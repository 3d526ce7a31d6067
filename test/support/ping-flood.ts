import { connect, type Socket } from 'node:net'

export interface Flood {
  port: number
  /** The paths of the heartbeats, which are pinged in turn. */
  paths: readonly string[]
  /** The connections, which take pings in turn. A ping does not wait for the answer to the one before it. */
  connections: number
  perSecond: number
  ms: number
}

/** What became of the pings of a flood. */
export interface FloodReport {
  /** The number of pings that were sent. It is that of the schedule, however slow the answers are. */
  offered: number
  /** The number of answers with each status; `none` for pings without an answer. */
  answers: Record<string, number>
  /** For each path: the number of pings that were answered 200. */
  accepted: number[]
  /** The times from a ping to its answer 200, in milliseconds. */
  p50Ms: number
  p99Ms: number
  /** The largest delay of a ping after its time in the schedule, in milliseconds. */
  lateMs: number
}

interface Connection {
  socket: Socket
  /** The pings without an answer, the oldest first. Answers come in the order of the requests. */
  waiting: { path: number; sentAt: number }[]
  received: string
}

const tickMs = 2
/** How long the flood waits for the last answers, and the longest time that `p99Ms` can tell. */
const slowestMs = 60_000

/**
 * Sends pings on schedule over connections that stay open, whether or not earlier pings were answered (an open loop):
 * what the function does not take in time does not slow the flood down. It writes and reads HTTP by itself, because a
 * client of Node.js needs more CPU time for a ping than Vigia does, and both share the machine.
 */
export const floodPings = async ({ port, paths, connections, perSecond, ms }: Flood): Promise<FloodReport> => {
  const requests = paths.map(path => `GET ${path} HTTP/1.1\r\nhost: vigia.example.org\r\nuser-agent: curl/8\r\n\r\n`)
  const total = Math.round((perSecond * ms) / 1_000)
  const answers: Record<string, number> = {}
  const accepted = paths.map(() => 0)
  const times = new Uint32Array(slowestMs + 1)
  let offered = 0
  let answered = 0
  let lateMs = 0
  let isOver = false

  const count = (answer: string, { path, sentAt }: Connection['waiting'][number]) => {
    answered++
    answers[answer] = (answers[answer] ?? 0) + 1
    if (answer !== '200') return
    accepted[path]!++
    times[Math.min(slowestMs, Math.round(performance.now() - sentAt))]!++
  }

  const onData = (connection: Connection, text: string) => {
    connection.received += text
    let read = 0
    for (;;) {
      const end = endOfAnswer(connection.received, read)
      if (end === null) break
      count(connection.received.slice(read + 9, read + 12), connection.waiting.shift()!)
      read = end
    }
    connection.received = connection.received.slice(read)
  }

  const open = (): Connection => {
    const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1')
    const connection: Connection = { socket, waiting: [], received: '' }
    socket.on('data', (text: string) => onData(connection, text))
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const ping of connection.waiting.splice(0)) count('none', ping)
      if (!isOver) all[all.indexOf(connection)] = open()
    })
    return connection
  }
  const all = Array.from({ length: connections }, open)
  let turn = 0

  /** Sends the pings whose time has come: one for each connection, or several in one write if there are more. */
  const sendDue = (sentAt: number, due: number) => {
    const each = Math.ceil(due / connections)
    let left = due
    while (left > 0) {
      const { socket, waiting } = all[turn]!
      turn = (turn + 1) % connections
      let text = ''
      for (let n = Math.min(each, left); n > 0; n--, left--) {
        const path = offered++ % paths.length
        waiting.push({ path, sentAt })
        text += requests[path]!
      }
      socket.write(text, 'latin1')
    }
  }

  const startedAt = performance.now()
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const now = performance.now()
      const ranMs = now - startedAt
      const due = Math.min(total, Math.floor((ranMs / 1_000) * perSecond)) - offered
      if (due > 0) {
        lateMs = Math.max(lateMs, ranMs - (offered / perSecond) * 1_000)
        sendDue(now, due)
      }
      if (offered < total || (answered < total && ranMs < ms + slowestMs)) return
      clearInterval(timer)
      resolve()
    }, tickMs)
  })
  isOver = true
  for (const { socket, waiting } of all) {
    for (const ping of waiting.splice(0)) count('none', ping)
    socket.destroy()
  }
  return {
    ...{ offered, answers, accepted },
    ...{ p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99), lateMs: Math.round(lateMs) },
  }
}

/** Where the answer that begins at `from` ends; null if it has not arrived completely. */
const endOfAnswer = (received: string, from: number): number | null => {
  const head = received.indexOf('\r\n\r\n', from)
  if (head < 0) return null
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(from, head))?.[1] ?? 0)
  const end = head + 4 + length
  return received.length < end ? null : end
}

const percentile = (times: Uint32Array, share: number): number => {
  const total = times.reduce((sum, count) => sum + count, 0)
  let passed = 0
  return times.findIndex(count => {
    passed += count
    return passed >= share * total
  })
}
