import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach } from 'vitest'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { authority } from '#test/functions/dial/support/certificates.ts'

export type Script = (socket: Socket) => void

/** Starts a TCP or TLS server that runs `script` for every connection. `seen` has what the server has received. */
export const startServer = async (script: Script, host = '127.0.0.1', tls?: { cert: string; key: string }) => {
  const seen = { connections: 0, bytes: 0, heads: [] as string[] }
  const open = new Set<Socket>()
  const accept = (socket: Socket) => {
    seen.connections++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length
      seen.heads.push(chunk.toString('latin1'))
    })
    script(socket)
  }
  const server: Server = tls ? createTlsServer(tls, accept) : createServer(accept)
  server.on('tlsClientError', () => {})
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const stop = async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port, seen, stop }
}

export type TestServer = Awaited<ReturnType<typeof startServer>>

/** Returns a function that starts servers. Each server stops at the end of the test that started it. */
export const testServers = () => {
  const servers: TestServer[] = []
  afterEach(async () => {
    await Promise.all(servers.splice(0).map(server => server.stop()))
  })
  return async (...options: Parameters<typeof startServer>) => {
    const server = await startServer(...options)
    servers.push(server)
    return server
  }
}

/** A script that answers the first request of a connection with these bytes, and then runs `then`. */
export const answering =
  (bytes: string | Buffer, then: Script = socket => socket.end()): Script =>
  socket =>
    socket.once('data', () => {
      socket.write(bytes)
      then(socket)
    })

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
export const redirect = (location: string, status = 302) =>
  `HTTP/1.1 ${status} Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`

/** The only loopback address that `strict` allows. `strict` refuses all others, because these are private. */
export const openAddress = '127.0.0.2'
/** The addresses that `strict` gets when it looks up a host name. */
export const names: Record<string, string[]> = {}
export const strict = safeDialler({
  guard: addressGuard(`${openAddress}/32`),
  lookup: async host => names[host] ?? Promise.reject(Object.assign(new Error(host), { code: 'ENOTFOUND' })),
  ca: authority,
})

/** A dialler that allows all loopback addresses. Every host name has the address 127.0.0.1. */
export const open = safeDialler({
  guard: addressGuard('127.0.0.0/8'),
  lookup: async () => ['127.0.0.1'],
  ca: authority,
})
