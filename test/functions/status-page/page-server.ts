import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { startStatusPage } from './support.ts'

/** Serves pages to browsers on loopback. */
export const startPageServer = async ({ get }: Pick<ReturnType<typeof startStatusPage>, 'get'>) => {
  // Without a limit for idle connections, because a client could use one in the moment in which the server closes it.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const { status, headers, content } = await get(request.url!, request.headers as Record<string, string>)
    const { 'content-encoding': _, ...others } = headers
    response.writeHead(status, others).end(content)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise(resolve => server.close(resolve).closeAllConnections()),
  }
}
