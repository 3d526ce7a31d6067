import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { createSecureContext, createServer as createTlsServer } from 'node:tls'
import { WebSocketServer } from 'ws'
import certificate from './site-certificate.json' with { type: 'json' }
import type { SitePorts } from './sites.ts'

/**
 * The monitored sites: one server for each kind of check. Each gets the id of the monitor and its behaviour: `m` works,
 * `hang` never answers, and `s` works, but not after the IPC message `fail` and before `heal`.
 * - http, https and WebSocket: `/m/7` answers 200 with 200 bytes, or opens.
 * - tcp: `m/7` is answered by `ok`.
 * - tls: the server name `m-7.bench.localhost`.
 * - dns: the name `m-7.bench.test` has the address 192.0.2.1.
 * - grpc: the service `m/7` is serving.
 *
 * The process answers the IPC message `hits` with the id and the time (Unix milliseconds) of each request since the
 * previous `hits`; the benchmark computes from them how late each check is. The process is also the Bot API:
 * `/bot<token>/<method>` accepts every message and has no updates. It answers the IPC message `messages` with the chat
 * and the time of each message since the previous `messages`.
 */
const body = Buffer.alloc(200, 'x')
let hits: [id: number, at: number][] = []
let messages: [chat: number, at: number][] = []
let failing = false
let lastMessage = 0
const botAnswers: Record<string, unknown> = { getUpdates: [], getMe: { id: 1, is_bot: true, username: 'bench_bot' } }

const now = () => performance.timeOrigin + performance.now()

/** Logs the hit of `m/7`, `/m/7` or `m-7.bench.test`. Returns what the site does. */
const noteHit = (text: string): 'answer' | 'fail' | 'hang' => {
  const [, kind, id] = /^\/?(m|s|hang)[/-](\d+)/.exec(text) ?? []
  hits.push([Number(id), now()])
  return kind === 'hang' ? 'hang' : kind === 's' && failing ? 'fail' : 'answer'
}

/** Answers a method of the Bot API. getUpdates is a long poll that returns no updates. */
const answerAsBot = async (method: string, request: IncomingMessage, response: ServerResponse) => {
  const at = now()
  const sent = await text(request)
  if (method === 'sendMessage') messages.push([Number(JSON.parse(sent).chat_id), at])
  const result = botAnswers[method] ?? { message_id: ++lastMessage }
  setTimeout(() => response.end(JSON.stringify({ ok: true, result })), method === 'getUpdates' ? 10_000 : 0)
}

const answer = (request: IncomingMessage, response: ServerResponse) => {
  const { url = '' } = request
  const method = /^\/bot[^/]*\/(\w+)/.exec(url)?.[1]
  if (method !== undefined) return void answerAsBot(method, request, response)
  const does = noteHit(url)
  if (does === 'hang') return
  response.writeHead(does === 'fail' ? 500 : 200, { 'content-type': 'text/plain', 'content-length': body.length })
  response.end(body)
}

const http = createServer(answer)
const webSockets = new WebSocketServer({ noServer: true })
http.on('upgrade', (request: IncomingMessage, socket, head) => {
  if (noteHit(request.url!) === 'answer')
    webSockets.handleUpgrade(request, socket, head, client => client.on('error', () => {}))
})

const https = createHttpsServer(certificate, answer)

const tcp = createTcpServer(socket => {
  socket.on('error', () => {})
  socket.on('data', data => {
    if (noteHit(String(data)) === 'answer') socket.write('ok\n')
  })
})

const context = createSecureContext(certificate)
const tls = createTlsServer({
  ...certificate,
  SNICallback: (name, callback) => {
    if (noteHit(name) === 'answer') callback(null, context)
  },
})
tls.on('secureConnection', socket => void socket.on('error', () => {})).on('tlsClientError', () => {})

const serving = Buffer.from([0, 0, 0, 0, 2, 8, 1])
const grpc = createHttp2Server()
grpc
  .on('sessionError', () => {})
  .on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    stream.once('data', (message: Buffer) => {
      // The name follows the frame of gRPC (5 bytes), and the tag and the length of the field (2 bytes).
      if (noteHit(message.toString('latin1', 7)) !== 'answer') return
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(serving)
    })
  })

const dns = createSocket('udp4')
dns.on('message', (query, from) => {
  // The first label is the name of the site.
  if (noteHit(query.toString('latin1', 13, 13 + query[12]!)) !== 'answer') return
  const end = query.indexOf(0, 12) + 5
  const head = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])
  dns.send(Buffer.concat([head, query.subarray(12, end), record]), from.port, from.address)
})

process.on('message', command => {
  if (command === 'fail' || command === 'heal') {
    failing = command === 'fail'
    return
  }
  process.send!({ command, value: command === 'hits' ? hits : messages })
  if (command === 'hits') hits = []
  else messages = []
})
process.on('disconnect', () => process.exit())

const listening = async (server: Server): Promise<number> => {
  await once(server.listen(0, '127.0.0.1', 4_096), 'listening')
  return (server.address() as AddressInfo).port
}
await once(dns.bind(0, '127.0.0.1'), 'listening')
const ports: SitePorts = {
  http: await listening(http),
  https: await listening(https),
  tcp: await listening(tcp),
  tls: await listening(tls),
  grpc: await listening(grpc as unknown as Server),
  dns: dns.address().port,
}
process.send!(ports)
