import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import { WebSocketServer } from 'ws'
import { answering, ok, redirect, type Script, startServer } from '#test/functions/dial/support/servers.ts'
import certificates from './certificates.json' with { type: 'json' }

const silent: Script = () => {}
const status = (line: string) => answering(`HTTP/1.1 ${line}\r\nContent-Length: 2\r\n\r\nno`)
const page = (text: string | Buffer, ...headers: string[]) =>
  answering(
    Buffer.concat([
      Buffer.from(['HTTP/1.1 200 OK', `Content-Length: ${Buffer.byteLength(text)}`, ...headers, '', ''].join('\r\n')),
      Buffer.from(text),
    ]),
  )
const json = (value: unknown, indent?: number) =>
  page(JSON.stringify(value, null, indent), 'Content-Type: application/json')

const state = {
  ...{ status: 'UP', code: 7, text: '7', ready: true, ratio: 0.5, nothing: null, version: 'v1/2.3' },
  ...{ items: [1, 2, 3], users: [{ name: 'ana' }, { name: 'bia' }], lines: 'one\ntwo' },
}

/** Answers only if the request has this header. */
const needing =
  (header: RegExp): Script =>
  socket =>
    socket.once('data', data =>
      socket.end(header.test(data.toString('latin1')) ? ok : 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'),
    )

/** Speaks in lines: greets, and answers each line by the first pattern that matches it. */
const lines =
  (greeting: string, ...replies: [RegExp, string][]): Script =>
  socket => {
    socket.write(greeting)
    socket.on('data', data => {
      const reply = replies.find(([pattern]) => pattern.test(data.toString('latin1')))
      if (reply) socket.write(reply[1])
    })
  }

/**
 * The servers, by the name of the variable with their port. Each behaves like a server that people really monitor, or
 * has one fault.
 */
const scripts: Readonly<Record<string, Script | { tls: keyof typeof certificates & string; script: Script }>> = {
  OK: page('all is well'),
  ERROR: status('500 Broken'),
  MISSING: status('404 Not Found'),
  NO_CONTENT: answering('HTTP/1.1 204 No Content\r\n\r\n'),
  LOOP: answering(redirect('/')),
  SLOW: socket => socket.once('data', () => setTimeout(() => socket.end(ok), 900)),
  SILENT: silent,
  RESET: socket => socket.once('data', () => socket.resetAndDestroy()),
  EMPTY: socket => socket.once('data', () => socket.end()),
  MAINTENANCE: page('<h1>Down for maintenance</h1>'),
  OLD: answering('HTTP/1.0 200 OK\r\n\r\nall is well'),
  GZIP: page(gzipSync('all is well'), 'Content-Encoding: gzip'),
  HUGE_HEAD: page('all is well', `Set-Cookie: a=${'x'.repeat(60_000)}`),
  ODD_HEAD: page('all is well', 'X-By : box'),
  TRUNCATED: answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is well'),
  JSON: json(state),
  PRETTY_JSON: json(state, 2),
  EMPTY_JSON: json({}),
  LIST: json([{ name: 'ana' }, { name: 'bia' }]),
  PASSWORD: needing(/^authorization: basic bWU6cHc6MQ==\r?$/im),
  TOKEN: needing(/^authorization: bearer abc\r?$/im),
  HTTPS: { tls: 'good', script: page('all is well') },
  EXPIRED: { tls: 'expired', script: page('all is well') },
  SELF_SIGNED: { tls: 'self', script: page('all is well') },
  WRONG_HOST: { tls: 'other', script: page('all is well') },
  INCOMPLETE: { tls: 'incomplete', script: page('all is well') },
  TCP: silent,
  REDIS: lines('', [/^ping/i, '+PONG\r\n'], [/ping/i, '+PONG\r\n']),
  SSH: lines('SSH-2.0-OpenSSH_9.9\r\n'),
  SMTP: lines(
    '220 mail.test ESMTP\r\n',
    [/^ehlo/i, '250-mail.test\r\n250 SIZE 1000\r\n'],
    [/^quit/i, '221 bye\r\n'],
    [/./, '502 unknown\r\n'],
  ),
  // Closed right after its start.
  REFUSED: silent,
}

export interface PeerServers extends AsyncDisposable {
  /** The ports by name: `{ OK: '41233' }`. */
  ports: Readonly<Record<string, string>>
}

/** Starts the servers that Vigia and the other programs check. All of them listen on 127.0.0.1. */
export const startPeerServers = async (): Promise<PeerServers> => {
  const stops: (() => unknown)[] = []
  const ports: Record<string, string> = {}
  for (const [name, given] of Object.entries(scripts)) {
    const { script, tls } = typeof given === 'function' ? { script: given } : given
    const pair = tls === undefined ? undefined : (certificates[tls] as { cert: string; key: string })
    const { port, stop } = await startServer(script, '127.0.0.1', pair)
    ports[name] = String(port)
    if (name === 'REFUSED') await stop()
    else stops.push(stop)
  }
  // Redirects to the same server by another host name.
  const away = await startServer(answering(redirect(`http://localhost:${ports.OK}/`)))
  ports.AWAY = String(away.port)
  const secure = certificates.good
  const down = await startServer(answering(redirect(`http://localhost:${ports.OK}/`)), '127.0.0.1', secure)
  ports.HTTPS_TO_HTTP = String(down.port)
  stops.push(away.stop, down.stop)
  for (const [name, start] of Object.entries({
    WEBSOCKET: () => webSocketServer(),
    SERVING: () => grpcServer(1),
    NOT_SERVING: () => grpcServer(2),
    DNS: () => nameServer(),
  })) {
    const { port, stop } = await start()
    ports[name] = String(port)
    stops.push(stop)
  }
  return {
    ports,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stops.map(stop => stop()))
    },
  }
}

const webSocketServer = async () => {
  const server = createHttpServer((_, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', message => socket.send(`echo ${String(message)}`))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A real gRPC server with the health service, whose answer always has this state (1: SERVING, 2: NOT_SERVING). */
const grpcServer = async (serving: number) => {
  const server = new GrpcServer()
  const bytes = (value: Buffer) => value
  server.addService(
    {
      check: {
        ...{ path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false },
        ...{ requestSerialize: bytes, requestDeserialize: bytes },
        ...{ responseSerialize: bytes, responseDeserialize: bytes },
      },
    },
    {
      check: (_: unknown, reply: (error: null, value: Buffer) => void) => reply(null, Buffer.from([8, serving])),
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
  return { port, stop: () => server.forceShutdown() }
}

/** A name server that knows the addresses of shop.test (203.0.113.7 and 203.0.113.8), and no other name. */
const nameServer = async () => {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5
    const question = query.subarray(12, end)
    const isKnown = question.toString('latin1').toLowerCase().startsWith('\x04shop\x04test\0')
    const addresses = isKnown && question.readUInt16BE(question.length - 4) === 1 ? [7, 8] : []
    const head = Buffer.from([
      ...query.subarray(0, 2),
      0x81,
      isKnown ? 0x80 : 0x83,
      0,
      1,
      0,
      addresses.length,
      0,
      0,
      0,
      0,
    ])
    const records = addresses.map(last => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, last]))
    socket.send(Buffer.concat([head, question, ...records]), from.port, from.address)
  })
  await once(socket.bind(0, '127.0.0.1'), 'listening')
  return { port: socket.address().port, stop: () => socket.close() }
}
