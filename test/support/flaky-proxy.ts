import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

/**
 * Starts a TCP proxy in front of the PostgreSQL server at `url`. The proxy can drop all connections, like a failing
 * network.
 */
export const flakyProxy = async (url: string) => {
  const target = new URL(url)
  const folder = target.searchParams.get('host')
  const sockets = new Set<Socket>()
  let isDown = false

  const server = createServer(client => {
    if (isDown) {
      client.destroy()
      return
    }
    const upstream = folder?.startsWith('/')
      ? connect(join(folder, `.s.PGSQL.${target.port || '5432'}`))
      : connect(Number(target.port || '5432'), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
      socket.on('error', () => {})
    }
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

  const proxied = new URL(url)
  proxied.searchParams.delete('host')
  proxied.hostname = '127.0.0.1'
  proxied.port = String((server.address() as AddressInfo).port)
  return {
    url: proxied.href,
    /** Drops every connection and refuses new ones. */
    goDown: () => {
      isDown = true
      for (const socket of sockets) socket.destroy()
    },
    comeBack: () => {
      isDown = false
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
