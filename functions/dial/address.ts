import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import { memoize } from '#functions/host/memoize.ts'

/** Whether an address (IPv4 or IPv6, as text) may be dialled for somebody who is not the operator. */
export type AddressGuard = (address: string) => boolean

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Public by their numbers, and yet not: Azure's metadata and DNS. */
const deniedAlways = new Set(['168.63.129.16'])
/** Whatever IPv6 assigns to somebody lies in here. */
const assignedIpv6 = ipaddr.parseCIDR('2000::/3')

/** NAT64 (RFC 6052): the last four bytes are the IPv4 address that is reached. Names have such addresses in networks without IPv4. */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96')

const within = (address: ipaddr.IPv4 | ipaddr.IPv6, [range, bits]: Range) =>
  address.kind() === range.kind() && address.match(range as never, bits)

/** The IPv4 address behind one of NAT64; any other text as it is. */
const reachedBy = memoize((text: string): string => {
  const address = ipaddr.isValid(text) ? ipaddr.parse(text) : null
  return address && within(address, nat64) ? new ipaddr.IPv4(address.toByteArray().slice(-4)).toString() : text
})

/** Reads `10.0.0.0/8, fd00::/8`. Throws for what is neither an address nor a CIDR, and names it. */
export const rangesIn = (text: string): Range[] =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => {
      const cidr = part.includes('/') ? part : `${part}/${part.includes(':') ? 128 : 32}`
      const dotted = cidr.includes(':') || /^\d+\.\d+\.\d+\.\d+\//.test(cidr)
      if (!dotted || !ipaddr.isValidCIDR(cidr))
        throw new Error(
          `PROBE_ALLOW: ${JSON.stringify(part)} is not an address range; write it like 10.0.0.0/8 or fd00::/8`,
        )
      return ipaddr.parseCIDR(cidr)
    })

/**
 * Lets through what is public: `unicast` by IANA's registries, IPv6 only where addresses are assigned at all, NAT64 by the IPv4
 * address inside, none of this machine's own. `allow` (CIDRs, separated by commas) opens more, on purpose.
 */
export const addressGuard = (allow = '', own: () => ReadonlySet<string> = ownAddresses()): AddressGuard => {
  const allowed = rangesIn(allow)
  const kindOf = memoize((text: string): 'allowed' | 'public' | 'closed' => {
    if (!ipaddr.isValid(text)) return 'closed'
    const address = ipaddr.parse(text)
    if (allowed.some(range => within(address, range))) return 'allowed'
    if (address.range() !== 'unicast' || deniedAlways.has(text)) return 'closed'
    return address.kind() === 'ipv6' && !within(address, assignedIpv6) ? 'closed' : 'public'
  })
  return given => {
    const text = kindOf(given) === 'allowed' ? given : reachedBy(given)
    const kind = kindOf(text)
    return kind === 'allowed' || (kind === 'public' && !own().has(ipaddr.parse(text).toString()))
  }
}

const forgottenAfterMs = 60_000

/** The addresses of this machine's interfaces: what listens only on them is not public, though they may be. Looked up again each minute. */
export const ownAddresses = (): (() => ReadonlySet<string>) => {
  let known: ReadonlySet<string> = new Set()
  let asked = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (now - asked > forgottenAfterMs) {
      asked = now
      known = new Set(
        Object.values(networkInterfaces())
          .flatMap(addresses => addresses ?? [])
          .map(({ address }) => ipaddr.parse(address.split('%')[0]!).toString()),
      )
    }
    return known
  }
}
