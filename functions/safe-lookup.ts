import { type LookupAddress, lookup } from 'node:dns'
import { Resolver } from 'node:dns/promises'

/** Every address of a host name. Rejects with the resolver's code (ENOTFOUND, ETIMEOUT …). */
export type Lookup = (host: string) => Promise<string[]>

/** The name is not there, or there is no server to ask: then the system may still know it, from its hosts file or its search list. */
const systemMayKnow = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EBADNAME'])

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''

const bySystem: Lookup = host =>
  new Promise((resolve, reject) =>
    lookup(host, { all: true, order: 'ipv4first' }, (error, addresses: LookupAddress[]) =>
      error ? reject(error) : resolve(addresses.map(({ address }) => address)),
    ),
  )

/**
 * Asks the name servers by itself: the system's own look-up has four threads, and four names whose servers are dead would hold up
 * every other check. IPv6 is only asked for where there is no IPv4.
 */
export const nameLookup = ({ servers, timeoutMs = 2_000 }: { servers?: string[]; timeoutMs?: number } = {}): Lookup => {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2, maxTimeout: 2 * timeoutMs })
  if (servers) resolver.setServers(servers)
  const ask = async (host: string) => {
    const addresses = await resolver.resolve4(host).catch(error => {
      if (codeOf(error) === 'ENODATA') return []
      throw error
    })
    return addresses.length > 0 ? addresses : resolver.resolve6(host)
  }
  return async host => {
    try {
      return await ask(host)
    } catch (error) {
      if (!systemMayKnow.has(codeOf(error))) throw error
      return bySystem(host)
    }
  }
}
