import { Resolver, lookup as systemLookup } from 'node:dns/promises'
import { isIPv4, isIPv6 } from 'node:net'
import pLimit from 'p-limit'
import { type HostNames, hostNames } from './hosts-file.ts'

/**
 * Finds the IPv4 addresses of a host name, or its IPv6 addresses if it has no IPv4 address or if `family` is 6. Rejects
 * with the code of the resolver (ENOTFOUND, ETIMEOUT …), and with EBUSY if this machine is too busy for the look-up.
 */
export type Lookup = (host: string, family?: 6) => Promise<string[]>

export interface LookupOptions {
  /** Name servers to use instead of those of the machine: `127.0.0.1:5353`. */
  servers?: string[]
  timeoutMs?: number
  hosts?: HostNames
}

/**
 * The codes that mean that the name servers do not know the name, or that there are no name servers. The system may
 * know the name, for example from its search domains.
 */
const retriedBySystem = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EBADNAME'])

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''

/**
 * The maximum number of calls of getaddrinfo at the same time. Each call blocks one of the four threads of Node.js
 * until getaddrinfo answers or reaches its own timeout, and Node.js lets getaddrinfo use two of the threads. Further
 * look-ups wait in our queue and not in the queue of Node.js, because only our queue can end the wait with EBUSY.
 */
const maxSystemLookups = 2

/** How long a result is shared with other monitors of the same host. */
const cachedForMs = 2_000
const maxCached = 10_000

/**
 * Looks names up as the machine does: first in the hosts file, then at the name servers. If neither has an answer,
 * getaddrinfo is called, which knows everything else (search domains, mDNS, an unusual nsswitch.conf). Name servers are
 * asked directly, because getaddrinfo has few threads: hundreds of names whose servers do not answer would delay the
 * other look-ups.
 */
export const nameLookup = ({ servers, timeoutMs = 2_000, hosts = hostNames() }: LookupOptions = {}): Lookup => {
  const createResolver = () => {
    const resolver = new Resolver({ timeout: timeoutMs, tries: 2, maxTimeout: 2 * timeoutMs })
    if (servers) resolver.setServers(servers)
    return resolver
  }
  let resolver = createResolver()
  let version = hosts.serversVersion()
  const currentResolver = () => {
    if (version !== hosts.serversVersion()) {
      version = hosts.serversVersion()
      resolver = createResolver()
    }
    return resolver
  }

  const askServers: Lookup = async (host, family) => {
    const resolver = currentResolver()
    if (family === 6) return resolver.resolve6(host)
    const addresses = await resolver.resolve4(host).catch(error => {
      if (codeOf(error) === 'ENODATA') return []
      throw error
    })
    return addresses.length > 0 ? addresses : resolver.resolve6(host)
  }

  const askSystem = limitedSystemLookup(2 * timeoutMs)
  const find: Lookup = async (host, family) => {
    const listed = hosts.addressesOf(host)
    if (listed !== undefined) return ofFamily(listed, family)
    if (hosts.needsSystem(host)) return ofFamily(await askSystem(host), family)
    try {
      return await askServers(host, family)
    } catch (error) {
      if (!retriedBySystem.has(codeOf(error))) throw error
      return ofFamily(await askSystem(host), family)
    }
  }
  return cached(find)
}

const ofFamily = (addresses: readonly string[], family?: 6) => {
  const ipv4 = addresses.filter(isIPv4)
  return family !== 6 && ipv4.length > 0 ? ipv4 : addresses.filter(isIPv6)
}

/**
 * Shares one look-up between callers that need the same name at the same time or within `cachedForMs` of the answer.
 */
const cached = (find: Lookup): Lookup => {
  const entries = new Map<string, { addresses: Promise<string[]>; until: number }>()
  return (host, family) => {
    const key = family === 6 ? `${host} 6` : host
    const known = entries.get(key)
    if (known !== undefined && performance.now() < known.until) return known.addresses
    if (entries.size >= maxCached) entries.clear()
    const entry = { addresses: find(host, family), until: Number.POSITIVE_INFINITY }
    entries.set(key, entry)
    entry.addresses.then(
      () => {
        entry.until = performance.now() + cachedForMs
      },
      () => entries.delete(key),
    )
    return entry.addresses
  }
}

/**
 * Calls getaddrinfo, at most `maxSystemLookups` times at once. Rejects with EBUSY if the look-up cannot begin within
 * `maxWaitMs`.
 */
const limitedSystemLookup = (maxWaitMs: number): ((host: string) => Promise<string[]>) => {
  const limit = pLimit(maxSystemLookups)
  return async host => {
    let isExpired = false
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isExpired = true
        reject(Object.assign(new Error(`${host} was not looked up: the system look-ups are busy`), { code: 'EBUSY' }))
      }, maxWaitMs)
    })
    const addresses = limit(async () => {
      clearTimeout(timer)
      return isExpired
        ? []
        : (await systemLookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address)
    })
    return Promise.race([addresses, expired])
  }
}
