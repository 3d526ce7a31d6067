import { isInternalHost } from '#functions/host/internal-host.ts'

/** Why a text cannot be the domain of a page: it is not a host name, or the host belongs to Vigia itself. */
export type DomainFault = 'form' | 'own'

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const hostName = new RegExp(`^(?=.{4,253}$)(?:${label}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`)

/**
 * The domain that a person writes, as browsers send it in the Host header: `https://Status.Exemplo.com.br/` is
 * `status.exemplo.com.br`, and letters beyond ASCII become Punycode. `ownUrls` are the addresses of Vigia's functions.
 */
export const domainIn = (text: string, ownUrls: readonly (string | null)[]): { domain: string } | DomainFault => {
  const [, written] = /^(?:https?:\/\/)?([^\s/:@?#\\%]+?)\.?\/?$/i.exec(text.trim()) ?? []
  if (written === undefined || !URL.canParse(`http://${written}`)) return 'form'
  const domain = new URL(`http://${written}`).hostname
  if (!hostName.test(domain) || isInternalHost(domain)) return 'form'
  return ownUrls.some(url => url !== null && URL.canParse(url) && new URL(url).hostname === domain) ? 'own' : { domain }
}
