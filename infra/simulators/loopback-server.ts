import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackServer {
  /** `http://127.0.0.1:1234`, without a slash at the end. */
  url: string
  /** Closes the server and all its connections. */
  stop(): Promise<void>
}

/** Listens on 127.0.0.1; port 0 takes any free port. */
export const listenOnLoopback = async (server: Server, port = 0): Promise<LoopbackServer> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
