import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/**
 * The manifest that the stub of a builder pushed. It has the revision from the stub's arguments, the commit of the
 * working directory, and the first uncommitted file there.
 */
interface Manifest {
  revision: string
  folder: string
  uncommitted: string
}

/**
 * Starts an image registry on the loopback interface. It supports only the part of OCI distribution 1.1 that the tests
 * need: `/v2/`, and manifests by tag and digest. Its state is in `folder`: a file named after a digest is a manifest,
 * and a file named after a tag contains a digest.
 */
export const registryIn = async (folder: string, login?: string) => {
  const state = { refusesTags: false }
  const server = createServer(async (request, response) => {
    const answer = (status: number, headers: Record<string, string> = {}, body = '') =>
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body)
    const path = new URL(request.url!, 'http://registry').pathname
    // As in common registries, a client gets a token for its login, and all other requests need the token.
    if (path === '/token') {
      const known = request.headers.authorization === `Basic ${Buffer.from(login ?? '').toString('base64')}`
      return known ? answer(200, {}, JSON.stringify({ token: 'a-token' })) : answer(401)
    }
    if (login && request.headers.authorization !== 'Bearer a-token') {
      const realm = `http://${request.headers.host}/token`
      return answer(401, { 'www-authenticate': `Bearer realm="${realm}",service="test",scope="repository:x:pull"` })
    }
    if (path === '/v2/') return answer(200)
    const [, name, reference] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path) ?? []
    if (!name || !reference) return answer(404)
    const file = (of: string) => join(folder, name, of)
    if (request.method === 'PUT') {
      if (state.refusesTags) return answer(500)
      const body = await text(request)
      const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
      mkdirSync(join(folder, name), { recursive: true })
      writeFileSync(file(digest), body)
      writeFileSync(file(reference), digest)
      return answer(201, { 'docker-content-digest': digest })
    }
    if (!existsSync(file(reference))) return answer(404)
    const digest = reference.startsWith('sha256:') ? reference : readFileSync(file(reference), 'utf8')
    const type = 'application/vnd.oci.image.manifest.v1+json'
    return answer(200, { 'docker-content-digest': digest, 'content-type': type }, readFileSync(file(digest), 'utf8'))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** While `refusesTags` is true, the registry answers 500 to every request that creates a tag. */
    state,
    /** The digest that a tag refers to, with the manifest of that digest; undefined if there is no such tag. */
    imageWithTag: (name: string, tag: string) => {
      if (!existsSync(join(folder, name, tag))) return undefined
      const digest = readFileSync(join(folder, name, tag), 'utf8')
      return { digest, manifest: JSON.parse(readFileSync(join(folder, name, digest), 'utf8')) as Manifest }
    },
    stop: () =>
      new Promise<void>(done => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}
