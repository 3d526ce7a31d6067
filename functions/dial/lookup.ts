import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { isIPv4, isIPv6 } from 'node:net'
import { type HostNames, hostNames } from './hosts-file.ts'

/**
 * The IPv4 addresses of a host name, or its IPv6 addresses where it has none, or where `family` is 6. Rejects with the resolver's
 * code (ENOTFOUND, ETIMEOUT …), and with EBUSY where this machine is too busy to look.
 */
export type Lookup = (host: string, family?: 6) => Promise<string[]>

export interface LookupOptions {
  /** In place of the name servers of the machine: `127.0.0.1:5353`. */
  servers?: string[]
  timeoutMs?: number
  hosts?: HostNames
}

/** Name servers do not know the name, or there are none: the system may know it, from its search list for example. */
const systemMayKnow = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EBADNAME'])

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''

/** getaddrinfo blocks a thread until its own timeout, and Node lets it use half of four: other look-ups must not wait for those. */
const mostSystemLookups = 2

/** A result is used again for other monitors of the same host. */
const freshForMs = 2_000
const mostKept = 10_000

/**
 * Looks names up as the machine does: the hosts file first, then name servers; getaddrinfo, which knows everything else (search
 * domains, mDNS, an unusual nsswitch.conf), where those two do not decide. Asking name servers without getaddrinfo's few threads
 * keeps hundreds of names with silent servers from delaying the others.
 */
export const nameLookup = ({ servers, timeoutMs = 2_000, hosts = hostNames() }: LookupOptions = {}): Lookup => {
  const makeResolver = () => {
    const resolver = new Resolver({ timeout: timeoutMs, tries: 2, maxTimeout: 2 * timeoutMs })
    if (servers) resolver.setServers(servers)
    return resolver
  }
  let resolver = makeResolver()
  let version = hosts.serversVersion()
  const currentResolver = () => {
    if (version !== hosts.serversVersion()) {
      version = hosts.serversVersion()
      resolver = makeResolver()
    }
    return resolver
  }

  const byServers: Lookup = async (host, family) => {
    const resolver = currentResolver()
    if (family === 6) return resolver.resolve6(host)
    const addresses = await resolver.resolve4(host).catch(error => {
      if (codeOf(error) === 'ENODATA') return []
      throw error
    })
    return addresses.length > 0 ? addresses : resolver.resolve6(host)
  }

  const system = limitedSystemLookup(2 * timeoutMs)
  const look: Lookup = async (host, family) => {
    const listed = hosts.addressesOf(host)
    if (listed !== undefined) return ofFamily(listed, family)
    if (hosts.isForSystem(host)) return ofFamily(await system(host), family)
    try {
      return await byServers(host, family)
    } catch (error) {
      if (!systemMayKnow.has(codeOf(error))) throw error
      return ofFamily(await system(host), family)
    }
  }
  return shared(look)
}

const ofFamily = (addresses: readonly string[], family?: 6) => {
  const ipv4 = addresses.filter(isIPv4)
  return family !== 6 && ipv4.length > 0 ? ipv4 : addresses.filter(isIPv6)
}

/** The same question at the same time, or shortly after it was answered, is asked once. */
const shared = (look: Lookup): Lookup => {
  const answers = new Map<string, { answer: Promise<string[]>; until: number }>()
  return (host, family) => {
    const key = family === 6 ? `${host} 6` : host
    const known = answers.get(key)
    if (known !== undefined && performance.now() < known.until) return known.answer
    if (answers.size >= mostKept) answers.clear()
    const entry = { answer: look(host, family), until: Number.POSITIVE_INFINITY }
    answers.set(key, entry)
    entry.answer.then(
      () => {
        entry.until = performance.now() + freshForMs
      },
      () => answers.delete(key),
    )
    return entry.answer
  }
}

/** getaddrinfo, a few at a time; rejects with EBUSY what did not begin within `longestWaitMs`. */
const limitedSystemLookup = (longestWaitMs: number): ((host: string) => Promise<string[]>) => {
  let running = 0
  const waiting = new Set<() => void>()
  return host =>
    new Promise((resolve, reject) => {
      const begin = () => {
        running++
        systemLookup(host, { all: true, order: 'ipv4first' }, (error, addresses: LookupAddress[]) => {
          running--
          for (const beginNext of waiting) {
            beginNext()
            break
          }
          if (error) reject(error)
          else resolve(addresses.map(({ address }) => address))
        })
      }
      if (running < mostSystemLookups) return begin()
      const beginLater = () => {
        clearTimeout(patience)
        waiting.delete(beginLater)
        begin()
      }
      const patience = setTimeout(() => {
        waiting.delete(beginLater)
        reject(Object.assign(new Error(`${host} was not looked up`), { code: 'EBUSY' }))
      }, longestWaitMs)
      waiting.add(beginLater)
    })
}
