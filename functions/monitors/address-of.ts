import { lookup } from 'node:dns/promises'
import { withTimeout } from '#functions/host/timeout.ts'

/**
 * The timeout of the look-up. It is short, because a person waits for the reply. If no address is found, the limit per
 * host uses only the name.
 */
const timeoutMs = 1_500

/** The first address of a host as this machine resolves it; null if none is found in time. */
export const addressOf = async (host: string): Promise<string | null> => {
  try {
    const { address } = await withTimeout(timeoutMs, 'the look-up of the host', lookup(host, { order: 'ipv4first' }))
    // A link-local address may end in the name of a network interface (`%eth0`).
    return address.replace(/%.*$/, '')
  } catch {
    return null
  }
}
