import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * The monitored sites: `/m/<id>` answers 200 with 200 bytes, `/hang/<id>` never answers, and `/s/<id>` answers 200
 * until the IPC message `fail`, then 500. The process answers the IPC message `hits` with the id and the time (Unix
 * milliseconds) of each request since the previous `hits`; the benchmark computes from them how late each check is. The
 * process is also the Bot API: `/bot<token>/<method>` accepts every message and has no updates.
 */
const body = Buffer.alloc(200, 'x')
let log: [id: number, at: number][] = []
let failing = false

let messages = 0
const botAnswers: Record<string, unknown> = { getUpdates: [], getMe: { id: 1, is_bot: true, username: 'bench_bot' } }

const server = createServer((request, response) => {
  const [, kind = '', id] = request.url!.split('/')
  if (kind.startsWith('bot')) {
    const method = id!.replace(/\?.*/, '')
    const result = botAnswers[method] ?? { message_id: ++messages }
    const answer = () => response.end(JSON.stringify({ ok: true, result }))
    // getUpdates is a long poll that returns no updates.
    if (method === 'getUpdates') setTimeout(answer, 10_000)
    else answer()
    return
  }
  log.push([Number(id), performance.timeOrigin + performance.now()])
  if (kind === 'hang') return
  response.writeHead(kind === 's' && failing ? 500 : 200, {
    'content-type': 'text/plain',
    'content-length': body.length,
  })
  response.end(body)
})

process.on('message', command => {
  if (command === 'fail') {
    failing = true
    return
  }
  process.send!(log)
  log = []
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', 4_096, () => process.send!((server.address() as AddressInfo).port))
