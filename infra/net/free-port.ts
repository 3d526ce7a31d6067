import { createServer } from 'node:net'

/**
 * A TCP port on the loopback interface that is free at this moment: `wanted` if no program listens on it, else a port
 * that the operating system chooses. Another program may take the port before the caller listens on it.
 */
export const freePort = (wanted = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (wanted !== 0 && error.code === 'EADDRINUSE') resolve(freePort())
      else reject(error)
    })
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
