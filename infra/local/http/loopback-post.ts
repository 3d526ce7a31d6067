import { Agent, request } from 'node:http'

/** Posts to our own server under one of its names. Connections are kept. Throws where nobody listens. */
export const loopbackPost = (port: number) => {
  const agent = new Agent({ keepAlive: true })
  return {
    post: (host: string, path: string, headers: Record<string, string>, body: string | Buffer) =>
      new Promise<{ status: number; retryAfter: string | undefined }>((resolve, reject) => {
        const sent = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            method: 'POST',
            path,
            headers: { ...headers, host: `${host}:${port}`, 'content-length': Buffer.byteLength(body) },
          },
          answer => {
            answer.resume()
            answer.once('error', reject)
            answer.once('end', () => resolve({ status: answer.statusCode!, retryAfter: answer.headers['retry-after'] }))
          },
        )
        sent.once('error', reject)
        sent.end(body)
      }),
    close: () => agent.destroy(),
  }
}
