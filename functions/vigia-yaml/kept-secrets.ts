import type { ConfiguredMonitor } from '#database/uptime/configured-monitors.ts'
import { mayUseAt, originOf } from '#functions/checks/secret-origin.ts'
import type { DesiredMonitor } from './desired.ts'

/** A secret that cannot keep its value. An example of a value follows the reason, which ends with `write`. */
export interface LostSecret {
  secret: string
  reason: string
}

type Known = Pick<ConfiguredMonitor, 'url' | 'kind' | 'secrets'>

/**
 * The secrets that the monitor wants to keep and cannot. A secret stays at the scheme, the host and the port for which
 * it was given. Otherwise a person who may change the URL, but does not know the secret, could send it to another host.
 */
export const lostSecrets = (
  { url, kind, secrets }: Pick<DesiredMonitor, 'url' | 'kind' | 'secrets'>,
  known: Known | undefined,
): LostSecret[] =>
  Object.entries(secrets).flatMap(([secret, value]) => {
    if (value !== 'stored') return []
    if (known?.secrets[secret] === undefined) return [{ secret, reason: 'is not stored; write' }]
    if (known.kind === kind && mayUseAt(secret, known.url, url)) return []
    const reason = `was given for ${originOf(known.url)}, but the url is now at ${originOf(url)}; give it again: write`
    return [{ secret, reason }]
  })
