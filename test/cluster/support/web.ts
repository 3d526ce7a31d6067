import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authority } from './authority.ts'

/** The part of the web that a script downloads from: one host with these documents, by path, behind a proxy on loopback. */
export const web = async (host: string, documents: Record<string, string>) => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-web-'))
  const signer = await authority(folder, 'authority')
  const { certificate, key } = await signer.signed(host, [`DNS:${host}`])
  const asked: string[] = []
  const pages = createSecureServer(
    { cert: await readFile(certificate), key: await readFile(key) },
    ({ url = '' }, response) => {
      asked.push(url)
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
    /** The paths that were asked for. */
    asked,
    /** Leads a program that was written in Go there. */
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
