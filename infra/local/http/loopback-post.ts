import { Agent, request } from 'node:http'

/**
 * Sends POST requests to `port` on 127.0.0.1, with `host` in the Host header, on keep-alive connections. `post` rejects
 * if nothing listens.
 */
export const loopbackPost = (port: number) => {
  const agent = new Agent({ keepAlive: true })
  return {
    post: (host: string, path: string, headers: Record<string, string>, body: string | Buffer) =>
      new Promise<{ status: number; retryAfter: string | undefined }>((resolve, reject) => {
        const clientRequest = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            method: 'POST',
            path,
            headers: { ...headers, host: `${host}:${port}`, 'content-length': Buffer.byteLength(body) },
          },
          response => {
            response.resume()
            response.once('error', reject)
            response.once('end', () =>
              resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'] }),
            )
          },
        )
        clientRequest.once('error', reject)
        clientRequest.end(body)
      }),
    close: () => agent.destroy(),
  }
}
