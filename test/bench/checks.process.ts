import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * The sites that are watched, in a process of their own: `/m/<id>` answers 200 with 200 bytes, `/hang/<id>` never, `/s/<id>` 200 until
 * it is told `fail`, then 500. Its log is what all figures of lateness come from. Asked by IPC for `hits`, it says which ids were asked,
 * and when (milliseconds since 1970).
 */
const body = Buffer.alloc(200, 'x')
let log: [id: number, at: number][] = []
let failing = false

const server = createServer((request, response) => {
  const [, kind, id] = request.url!.split('/')
  log.push([Number(id), performance.timeOrigin + performance.now()])
  if (kind === 'hang') return
  response.writeHead(kind === 's' && failing ? 500 : 200, {
    'content-type': 'text/plain',
    'content-length': body.length,
  })
  response.end(body)
})

process.on('message', demand => {
  if (demand === 'fail') {
    failing = true
    return
  }
  process.send!(log)
  log = []
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', 4_096, () => process.send!((server.address() as AddressInfo).port))
