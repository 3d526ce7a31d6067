import { isIP } from 'node:net'

/**
 * The addresses that a URL itself says, of which one must be allowed: an IP address, or the loopback addresses for
 * `localhost`. Empty for other hosts, which the prober checks at each connection, because their addresses may change.
 */
export const addressesInUrl = (url: string): string[] => {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (/(^|\.)localhost$/.test(host)) return ['127.0.0.1', '::1']
  return isIP(host) === 0 ? [] : [host]
}
