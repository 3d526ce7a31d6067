import type { MonitorKind } from '#database/uptime/monitors.ts'
import { heartbeatMonitor } from '#functions/checks/heartbeat.ts'
import { parseTarget } from '#functions/dial/target.ts'
import { addressesInUrl } from '#functions/dial/url-addresses.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import { fileKinds, type MonitorEntry } from './file-schema.ts'

/** What a monitor checks. `url` is normalised; `name` is a short form for people. */
export interface EntryTarget {
  kind: MonitorKind
  url: string
  name: string
}

/** Why an entry says nothing that can be checked, and the field that is wrong; null for the entry itself. */
export interface TargetFault {
  field: 'url' | 'kind' | null
  reason: string
}

/** The schemes of URLs, and the kind that a URL has if the entry names none. */
const kindsOfSchemes: Readonly<Record<string, MonitorKind>> = {
  http: 'http',
  https: 'http',
  tcp: 'tcp',
  tls: 'tls',
  dns: 'dns',
  ping: 'ping',
  ws: 'websocket',
  wss: 'websocket',
  grpc: 'grpc',
  grpcs: 'grpc',
}

const schemeOf = (url: string) => /^([a-z][a-z0-9+.-]*):\/\//i.exec(url.trim())?.[1]?.toLowerCase()

/** The kind that the scheme of a URL says; `http` without a scheme, undefined for an unknown scheme. */
export const kindOfUrl = (url: string): MonitorKind | undefined => {
  const scheme = schemeOf(url)
  return scheme === undefined ? 'http' : kindsOfSchemes[scheme]
}

const schemesOf = (kind: MonitorKind) =>
  Object.entries(kindsOfSchemes).flatMap(([scheme, of]) => (of === kind ? [`${scheme}://`] : []))

/** What an entry wants to check, or why it cannot be checked. `mayDial` says whether an address may be checked. */
export const targetOf = (
  key: string,
  { kind: named, url }: Pick<MonitorEntry, 'kind' | 'url'>,
  mayDial: (address: string) => boolean,
): EntryTarget | TargetFault => {
  if (named === 'heartbeat')
    return url === undefined
      ? { kind: 'heartbeat', url: heartbeatUrl(key), name: key }
      : { field: 'url', reason: 'is not possible for a heartbeat, because the job pings Vigia' }
  if (url === undefined) return { field: null, reason: 'has no url; add it, for example url: https://example.org' }
  const found = kindOfUrl(url)
  if (found === undefined || !fileKinds.includes(found))
    return {
      field: 'url',
      reason: `begins with ${schemeOf(url)}://; the known schemes are ${knownSchemes().join(', ')}`,
    }
  if (named !== undefined && named !== found)
    return {
      field: 'url',
      reason: `belongs to kind ${found}, not ${named}; kind ${named} needs ${schemesOf(named).join(' or ')}`,
    }
  const target = parseTarget(url)
  if (!target.ok) return { field: 'url', reason: sayProbeError(target.error, 'en') }
  const addresses = addressesInUrl(target.url)
  if (addresses.length > 0 && !addresses.some(mayDial))
    return { field: 'url', reason: 'is a private address, which PROBE_ALLOW does not allow' }
  return { kind: target.kind, url: target.url, name: target.name }
}

const knownSchemes = () => fileKinds.flatMap(kind => schemesOf(kind))

/** The name of a monitor whose entry names none. */
export const shortName = (key: string, kind: MonitorKind, url: string): string => {
  const target = targetOf(key, kind === 'heartbeat' ? { kind } : { url }, () => true)
  return 'reason' in target ? key : target.name
}

/** The name of a heartbeat in the URL of its pings. */
export const slugOfKey = (key: string): string => key.replaceAll('.', '-')

const heartbeatUrl = (key: string) => heartbeatMonitor(slugOfKey(key), {}).url
