import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import { command } from './command.ts'

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]
const timeoutMs = 10_000

/** Splits `host[:port]/path`. */
const parts = (image: string) => {
  const slash = image.indexOf('/')
  return slash < 0 ? { host: image, name: '' } : { host: image.slice(0, slash), name: image.slice(slash + 1) }
}

/** Uses TLS, except on the loopback interface and with REGISTRY_PLAIN_HTTP=true (a registry on a LAN). */
const base = (host: string) => {
  const plain = process.env.REGISTRY_PLAIN_HTTP === 'true' || /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host)
  return `${plain ? 'http' : 'https'}://${host}`
}

/** The Basic credentials of `docker login` for a host, or undefined. */
const credentialsFor = async (host: string): Promise<string | undefined> => {
  const folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker')
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}')
  const { auths = {} } = JSON.parse(text) as { auths?: Record<string, { auth?: string }> }
  return auths[host]?.auth ?? auths[`https://${host}`]?.auth
}

const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
    const reason = cause?.code ?? cause?.message ?? message
    throw new Refusal(`the registry ${new URL(url).host} cannot be reached (${reason}); nothing was changed there`)
  }
}

/**
 * Sends a request to the registry API (OCI distribution 1.1). After a 401, sends the request again, with a token or
 * with the credentials of `docker login`, as the registry asks.
 */
const call = async (host: string, path: string, init: RequestInit = {}): Promise<Response> => {
  const url = `${base(host)}/v2/${path}`
  const first = await ask(url, init)
  const challenge = first.headers.get('www-authenticate') ?? ''
  const basic = await credentialsFor(host)
  if (first.status !== 401) return first
  const bearer = /^Bearer (.*)/i.exec(challenge)?.[1]
  if (!bearer) return basic ? ask(url, withHeader(init, `Basic ${basic}`)) : first
  const parameters = Object.fromEntries(
    [...bearer.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]),
  )
  const { realm, ...query } = parameters
  if (!realm) return first
  const answer = await ask(`${realm}?${new URLSearchParams(query)}`, basic ? withHeader({}, `Basic ${basic}`) : {})
  if (!answer.ok) return first
  const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string }
  return ask(url, withHeader(init, `Bearer ${token ?? access_token}`))
}

const withHeader = (init: RequestInit, authorization: string): RequestInit => ({
  ...init,
  headers: { ...(init.headers as Record<string, string>), authorization },
})

/**
 * Throws a Refusal if no registry API answers at `host[:port][/path]`. A registry that asks for a login is accepted.
 */
export const checkRegistry = async (registry: string): Promise<void> => {
  const { host } = parts(registry)
  const answer = await ask(`${base(host)}/v2/`)
  if (![200, 401, 403].includes(answer.status))
    throw new Refusal(`${host} answers ${answer.status} and is not an image registry; check REGISTRY`)
}

/** The digest that `tag` names in `repository`; undefined if the tag does not exist. */
export const digestOf = async (repository: string, tag: string): Promise<string | undefined> => {
  const { host, name } = parts(repository)
  const answer = await call(host, `${name}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: manifestTypes.join(', ') },
  })
  // For a repository that does not exist yet, a registry may answer 401 or 403.
  if (!answer.ok) return undefined
  return answer.headers.get('docker-content-digest') ?? undefined
}

/**
 * Adds `tag` to the image with this digest, if the image does not have this tag yet. Throws a Refusal if the tag names
 * another image.
 */
export const tagImage = async (repository: string, digest: string, tag: string): Promise<void> => {
  const { host, name } = parts(repository)
  const existing = await digestOf(repository, tag)
  if (existing === digest) return
  if (existing)
    throw new Refusal(`${repository}:${tag} is already ${existing}, not ${digest}: a released tag must not move`)
  const found = await call(host, `${name}/manifests/${digest}`, { headers: { accept: manifestTypes.join(', ') } })
  if (!found.ok)
    throw new Refusal(`${host} has no ${name}@${digest} (${found.status}); build the image again, then release again`)
  const answer = await call(host, `${name}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': found.headers.get('content-type') ?? manifestTypes[1]! },
    body: await found.text(),
  })
  if (!answer.ok) throw new Refusal(`${host} refused the tag ${name}:${tag} (${answer.status}); run publish.ts again`)
}

if (import.meta.main)
  await command(async () => {
    const registry = process.argv[2]
    if (!registry) throw new Refusal('usage: node infra/delivery/registry.ts <host[:port]>')
    await checkRegistry(registry)
    return ''
  })
