import { lookup } from 'node:dns/promises'
import { withTimeout } from './timeout.ts'

/** A person waits for the answer; a name that takes longer is counted by its name alone. */
const LONGEST_MS = 1_500

/** The first address of a host as this machine resolves it; null where none is found in time. */
export const addressOf = async (host: string): Promise<string | null> => {
  try {
    const { address } = await withTimeout(LONGEST_MS, 'the name server', lookup(host, { order: 'ipv4first' }))
    // A link-local address may name an interface, which is no part of the address.
    return address.replace(/%.*$/, '')
  } catch {
    return null
  }
}
