import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import { memoize } from '#functions/host/memoize.ts'

/** Whether an address (IPv4 or IPv6, as text) may be dialled for a URL that a user gave. */
export type AddressGuard = (address: string) => boolean

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** An address that is not public although its range is public: the metadata and DNS service of Azure. */
const alwaysDenied = new Set(['168.63.129.16'])
/** The range from which all public IPv6 addresses are assigned. */
const assignedIpv6 = ipaddr.parseCIDR('2000::/3')

/**
 * The NAT64 range (RFC 6052). The last four bytes of a NAT64 address are the IPv4 address that a connection to it
 * reaches. In networks without IPv4, name servers answer with NAT64 addresses for hosts that have only IPv4.
 */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96')

const within = (address: ipaddr.IPv4 | ipaddr.IPv6, [range, bits]: Range) =>
  address.kind() === range.kind() && address.match(range as never, bits)

/** Returns the IPv4 address behind a NAT64 address, and any other text unchanged. */
const ipv4Behind = memoize((text: string): string => {
  const address = ipaddr.isValid(text) ? ipaddr.parse(text) : null
  return address && within(address, nat64) ? new ipaddr.IPv4(address.toByteArray().slice(-4)).toString() : text
})

/** Parses `10.0.0.0/8, fd00::/8`. Throws an error that names the part that is neither an address nor a CIDR range. */
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
 * Creates a guard that allows public addresses: `unicast` by IANA's registries, IPv6 only in the assigned range, NAT64
 * only if the IPv4 address in it is allowed, and no address of this machine. `allow` (the CIDR ranges of PROBE_ALLOW,
 * separated by commas) adds ranges that the operator opens.
 */
export const addressGuard = (allow = '', getOwnAddresses: () => ReadonlySet<string> = ownAddresses()): AddressGuard => {
  const allowed = rangesIn(allow)
  const kindOf = memoize((text: string): 'allowed' | 'public' | 'closed' => {
    if (!ipaddr.isValid(text)) return 'closed'
    const address = ipaddr.parse(text)
    if (allowed.some(range => within(address, range))) return 'allowed'
    if (address.range() !== 'unicast' || alwaysDenied.has(text)) return 'closed'
    return address.kind() === 'ipv6' && !within(address, assignedIpv6) ? 'closed' : 'public'
  })
  return address => {
    const text = kindOf(address) === 'allowed' ? address : ipv4Behind(address)
    const kind = kindOf(text)
    return kind === 'allowed' || (kind === 'public' && !getOwnAddresses().has(ipaddr.parse(text).toString()))
  }
}

const refreshAfterMs = 60_000

/**
 * Returns a function that lists the addresses of this machine's network interfaces and reads them again each minute.
 * They may be in public ranges, but a service that listens on them may be meant for this machine only.
 */
export const ownAddresses = (): (() => ReadonlySet<string>) => {
  let known: ReadonlySet<string> = new Set()
  let readAt = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (now - readAt > refreshAfterMs) {
      readAt = now
      known = new Set(
        Object.values(networkInterfaces())
          .flatMap(addresses => addresses ?? [])
          .map(({ address }) => ipaddr.parse(address.split('%')[0]!).toString()),
      )
    }
    return known
  }
}
