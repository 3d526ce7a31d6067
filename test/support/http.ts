import { once } from 'node:events'
import {
  type Agent,
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestRequest {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** Reuses the agent's connections; by default each request uses a new connection. */
  agent?: Agent | false
}

export interface TestResponse {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/**
 * Sends one request with exactly these headers, and reads the whole response. Unlike `fetch`, it can send any Host.
 * `target` is a URL or a port of 127.0.0.1; the method is POST if none is given.
 */
export const sendRequest = (
  target: string | number,
  { method = 'POST', path, headers = {}, body, agent = false }: TestRequest = {},
): Promise<TestResponse> =>
  new Promise((resolve, reject) => {
    const { hostname, port, pathname } = new URL(typeof target === 'number' ? `http://127.0.0.1:${target}/` : target)
    const outgoing = request({ host: hostname, port, path: path ?? pathname, method, headers, agent }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      )
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    // A string body is converted to a Buffer, because with a string Node.js would encode the headers as UTF-8 too. With
    // a Buffer it writes them as Latin-1, one byte for each character.
    outgoing.end(body === undefined ? undefined : Buffer.from(body))
  })

export interface TestServer {
  server: Server
  port: number
  /** `http://127.0.0.1:1234`, without a slash at the end. */
  url: string
  /** Closes all connections and the server. */
  stop(): Promise<void>
}

/** Starts an HTTP server on a free port of an address of this machine. */
export const startServer = async (handler: RequestListener, address = '127.0.0.1'): Promise<TestServer> => {
  const server = createServer(handler).listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    url: `http://${address}:${port}`,
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
