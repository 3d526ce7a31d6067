import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'

/** What the machine itself says about host names: its hosts file, and where its resolver looks besides name servers. */
export interface HostNames {
  /** The addresses of a name in the hosts file, in the file's order; undefined where the file does not have it. */
  addressesOf(host: string): readonly string[] | undefined
  /** Whether only getaddrinfo knows how this name is resolved. */
  isForSystem(host: string): boolean
  /** Changes when the list of name servers may have changed. */
  serversVersion(): string
}

const lookedAtEveryMs = 1_000

const versionOf = (file: string) => {
  try {
    const { mtimeMs, size, ino } = statSync(file)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return ''
  }
}

const textOf = (file: string) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The parsed text of a file, read again when it has changed. `parse('')` where it cannot be read. */
const followed = <Value>(file: string, parse: (text: string) => Value): (() => { value: Value; version: string }) => {
  let current: { value: Value; version: string } | undefined
  let lookedAt = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (current !== undefined && now - lookedAt < lookedAtEveryMs) return current
    lookedAt = now
    const version = versionOf(file)
    if (current?.version !== version) current = { value: parse(textOf(file)), version }
    return current
  }
}

const linesOf = (text: string) => text.split('\n').map(line => line.replace(/#.*/, '').trim())

const hostsIn = (text: string) => {
  const hosts = new Map<string, string[]>()
  for (const line of linesOf(text)) {
    const [address = '', ...names] = line.split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of names.map(name => name.toLowerCase().replace(/\.$/, '')))
      hosts.set(name, [...(hosts.get(name) ?? []), address])
  }
  return hosts
}

/** Sources that leave names with a dot alone, `.local` excepted. */
const otherSources = /^(?:files|resolve|myhostname|mymachines|mdns\w*)$/

/** Whether the machine asks its hosts file and then name servers, as nearly all do. */
const isUsualOrder = (nsswitch: string) => {
  const line = linesOf(nsswitch).find(line => line.startsWith('hosts:'))
  if (line === undefined) return true
  const sources = line
    .replace(/^hosts:|\[[^\]]*\]/g, ' ')
    .trim()
    .split(/\s+/)
  const servers = sources.findIndex(source => source === 'dns' || source === 'resolve')
  return servers >= 0 && sources.slice(0, servers).includes('files') && sources.slice(0, servers).every(isOther)
}
const isOther = (source: string) => otherSources.test(source)

/** Reads `hosts`, `nsswitch.conf` and `resolv.conf` in `folder`, looking for changes at most once a second. */
export const hostNames = (folder = '/etc'): HostNames => {
  const hosts = followed(`${folder}/hosts`, hostsIn)
  const isUsual = followed(`${folder}/nsswitch.conf`, isUsualOrder)
  const servers = followed(`${folder}/resolv.conf`, () => null)
  return {
    addressesOf: host => (isUsual().value ? hosts().value.get(host) : undefined),
    // A name without a dot may have a search domain or an alias (HOSTALIASES); mDNS answers for `.local`.
    isForSystem: host => !isUsual().value || !host.includes('.') || host.endsWith('.local'),
    serversVersion: () => servers().version,
  }
}
