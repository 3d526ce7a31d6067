import type { Secrets } from './check-type.ts'

/** Where the secrets of a monitor are sent: the scheme, the host and the port of its URL. */
export const originOf = (url: string): string => {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/**
 * Whether a secret that was given for the URL `from` may be used for the URL `to`. Only the certificate `ca` may go to
 * another origin, because it is public and is never sent.
 */
export const mayUseAt = (name: string, from: string, to: string): boolean =>
  name === 'ca' || originOf(from) === originOf(to)

/** Whether all secrets that were given for the URL `from` may be used for the URL `to`. */
export const mayUseAllAt = (secrets: Secrets, from: string, to: string): boolean =>
  Object.keys(secrets).every(name => mayUseAt(name, from, to))
