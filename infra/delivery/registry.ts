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
const patienceMs = 10_000

/** `host[:port]` and what follows it, of `host[:port]/path`. */
const parts = (image: string) => {
  const slash = image.indexOf('/')
  return slash < 0 ? { host: image, name: '' } : { host: image.slice(0, slash), name: image.slice(slash + 1) }
}

/** As container tools do: TLS, except on the loopback interface and where REGISTRY_PLAIN_HTTP=true says so (a LAN registry). */
const base = (host: string) => {
  const plain = process.env.REGISTRY_PLAIN_HTTP === 'true' || /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host)
  return `${plain ? 'http' : 'https'}://${host}`
}

/** The Basic credentials of `docker login` for a host; undefined where there are none. */
const credentialsFor = async (host: string): Promise<string | undefined> => {
  const folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker')
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}')
  const { auths = {} } = JSON.parse(text) as { auths?: Record<string, { auth?: string }> }
  return auths[host]?.auth ?? auths[`https://${host}`]?.auth
}

const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(patienceMs) })
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
    const reason = cause?.code ?? cause?.message ?? message
    throw new Refusal(`the registry ${new URL(url).host} cannot be reached (${reason}); nothing was changed there`)
  }
}

/** A request to the registry API (OCI distribution 1.1), with the token that its 401 asks for. */
const call = async (host: string, path: string, init: RequestInit = {}): Promise<Response> => {
  const url = `${base(host)}/v2/${path}`
  const first = await ask(url, init)
  const challenge = first.headers.get('www-authenticate') ?? ''
  const basic = await credentialsFor(host)
  if (first.status !== 401) return first
  const bearer = /^Bearer (.*)/i.exec(challenge)?.[1]
  if (!bearer) return basic ? ask(url, withHeader(init, `Basic ${basic}`)) : first
  const asked = Object.fromEntries([...bearer.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]))
  const { realm, ...query } = asked
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

/** Refuses where nobody that speaks the registry API answers at `host[:port][/path]`; that it wants a login is an answer. */
export const registryAnswers = async (registry: string): Promise<void> => {
  const { host } = parts(registry)
  const answer = await ask(`${base(host)}/v2/`)
  if (![200, 401, 403].includes(answer.status))
    throw new Refusal(`${host} answers ${answer.status} and is no image registry; look at REGISTRY`)
}

/** The digest that `tag` names in `repository`; undefined where there is no such tag. */
export const digestOf = async (repository: string, tag: string): Promise<string | undefined> => {
  const { host, name } = parts(repository)
  const answer = await call(host, `${name}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: manifestTypes.join(', ') },
  })
  // A repository that was never pushed to may answer 401 or 403 to whoever could create it by pushing.
  if (!answer.ok) return undefined
  return answer.headers.get('docker-content-digest') ?? undefined
}

/** Gives an image that the registry has by digest the name `tag`; the same name again is no change, another image's name a refusal. */
export const nameImage = async (repository: string, digest: string, tag: string): Promise<void> => {
  const { host, name } = parts(repository)
  const taken = await digestOf(repository, tag)
  if (taken === digest) return
  if (taken) throw new Refusal(`${repository}:${tag} is already ${taken}, not ${digest}: a released name never moves`)
  const found = await call(host, `${name}/manifests/${digest}`, { headers: { accept: manifestTypes.join(', ') } })
  if (!found.ok)
    throw new Refusal(`${host} has no ${name}@${digest} (${found.status}); build it again and release again`)
  const answer = await call(host, `${name}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': found.headers.get('content-type') ?? manifestTypes[1]! },
    body: await found.text(),
  })
  if (!answer.ok) throw new Refusal(`${host} did not take the name ${name}:${tag} (${answer.status}); release again`)
}

if (import.meta.main)
  await command(async () => {
    const registry = process.argv[2]
    if (!registry) throw new Refusal('usage: node infra/delivery/registry.ts <host[:port]>: does it answer?')
    await registryAnswers(registry)
    return ''
  })
