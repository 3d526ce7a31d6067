import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

/** A way to the PostgreSQL server behind `url` that can be cut and mended, as a network can. */
export const flakyProxy = async (url: string) => {
  const behind = new URL(url)
  const folder = behind.searchParams.get('host')
  const sockets = new Set<Socket>()
  let cut = false

  const server = createServer(client => {
    if (cut) {
      client.destroy()
      return
    }
    const upstream = folder?.startsWith('/')
      ? connect(join(folder, `.s.PGSQL.${behind.port || '5432'}`))
      : connect(Number(behind.port || '5432'), behind.hostname)
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

  const front = new URL(url)
  front.searchParams.delete('host')
  front.hostname = '127.0.0.1'
  front.port = String((server.address() as AddressInfo).port)
  return {
    url: front.href,
    /** Ends every connection and takes no new ones. */
    cut: () => {
      cut = true
      for (const socket of sockets) socket.destroy()
    },
    mend: () => {
      cut = false
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
