import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateAuthority } from './certificate-authority.ts'

/** A web host from which a script can download these documents, by path. It is behind an HTTPS proxy on loopback. */
export const downloadServer = async (host: string, documents: Record<string, string>) => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-web-'))
  const signer = await certificateAuthority(folder, 'authority')
  const { certificate, key } = await signer.signed(host, [`DNS:${host}`])
  const requestedPaths: string[] = []
  const pages = createSecureServer(
    { cert: await readFile(certificate), key: await readFile(key) },
    ({ url = '' }, response) => {
      requestedPaths.push(url)
      const document = documents[url]
      response.writeHead(document === undefined ? 404 : 200).end(document)
    },
  )
  const proxy: Server = createServer().on('connect', ({ url }, socket) => {
    if (url !== `${host}:443`) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
      return
    }
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    pages.emit('connection', socket)
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  return {
    /** The paths that were requested. */
    requestedPaths,
    /** The environment with which a program written in Go uses the proxy and trusts the certificate. */
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      SSL_CERT_FILE: signer.certificate,
    },
    stop: async () => {
      proxy.closeAllConnections()
      pages.closeAllConnections()
      await new Promise(resolve => proxy.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
