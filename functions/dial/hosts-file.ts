import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'

/** How this machine resolves host names: its hosts file, and the sources of its resolver other than name servers. */
export interface HostNames {
  /**
   * The addresses of a name in the hosts file, in the order of the file; undefined if the file does not have the name.
   */
  addressesOf(host: string): readonly string[] | undefined
  /** Whether only the resolver of the operating system (getaddrinfo) can resolve this name. */
  needsSystem(host: string): boolean
  /** A text that changes when the list of name servers may have changed. */
  serversVersion(): string
}

const recheckMs = 1_000

const fileVersion = (file: string) => {
  try {
    const { mtimeMs, size, ino } = statSync(file)
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return ''
  }
}

const readText = (file: string) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Returns a function that returns the parsed text of a file. The file is read again after a change. The value is
 * `parse('')` if the file cannot be read.
 */
const watchedFile = <Value>(
  file: string,
  parse: (text: string) => Value,
): (() => { value: Value; version: string }) => {
  let current: { value: Value; version: string } | undefined
  let checkedAt = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (current !== undefined && now - checkedAt < recheckMs) return current
    checkedAt = now
    const version = fileVersion(file)
    if (current?.version !== version) current = { value: parse(readText(file)), version }
    return current
  }
}

const linesOf = (text: string) => text.split('\n').map(line => line.replace(/#.*/, '').trim())

const parseHosts = (text: string) => {
  const hosts = new Map<string, string[]>()
  for (const line of linesOf(text)) {
    const [address = '', ...names] = line.split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of names.map(name => name.toLowerCase().replace(/\.$/, '')))
      hosts.set(name, [...(hosts.get(name) ?? []), address])
  }
  return hosts
}

/**
 * The sources that may come before the name servers in nsswitch.conf. This module reads `files` itself. It need not ask
 * the others, because they resolve no name with a dot except `.local`.
 */
const sourcesWithoutSystem = /^(?:files|myhostname|mymachines|mdns\w*)$/

/** Whether the machine asks its hosts file and then name servers, as nearly all machines do. */
const isUsualOrder = (nsswitch: string) => {
  const line = linesOf(nsswitch).find(line => line.startsWith('hosts:'))
  if (line === undefined) return true
  const sources = line
    .replace(/^hosts:|\[[^\]]*\]/g, ' ')
    .trim()
    .split(/\s+/)
  const servers = sources.findIndex(source => source === 'dns' || source === 'resolve')
  return (
    servers >= 0 && sources.slice(0, servers).includes('files') && sources.slice(0, servers).every(worksWithoutSystem)
  )
}
const worksWithoutSystem = (source: string) => sourcesWithoutSystem.test(source)

/** Reads `hosts`, `nsswitch.conf` and `resolv.conf` in `folder`, and checks for changes at most once a second. */
export const hostNames = (folder = '/etc'): HostNames => {
  const hosts = watchedFile(`${folder}/hosts`, parseHosts)
  const isUsual = watchedFile(`${folder}/nsswitch.conf`, isUsualOrder)
  const servers = watchedFile(`${folder}/resolv.conf`, () => null)
  return {
    addressesOf: host => (isUsual().value ? hosts().value.get(host) : undefined),
    // A name without a dot may have a search domain or an alias (HOSTALIASES), and mDNS resolves `.local`.
    needsSystem: host => !isUsual().value || !host.includes('.') || host.endsWith('.local'),
    serversVersion: () => servers().version,
  }
}
