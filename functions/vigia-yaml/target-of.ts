import { domainToUnicode } from 'node:url'
import type { MonitorKind } from '#database/uptime/monitors.ts'
import type { ProbeErrorCode } from '#events/probe-error.ts'
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
  { kind: named, url }: Pick<MonitorEntry, 'kind' | 'url'>,
  mayDial: (address: string) => boolean,
): EntryTarget | TargetFault => {
  if (named === 'heartbeat')
    return url === undefined
      ? { kind: 'heartbeat', url: '', name: '' }
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
  const target = parsed(found, url)
  if ('reason' in target) return { field: 'url', reason: target.reason }
  const addresses = addressesInUrl(target.url)
  if (addresses.length > 0 && !addresses.some(mayDial))
    return { field: 'url', reason: 'is a private address, which PROBE_ALLOW does not allow' }
  return { kind: found, ...target }
}

const knownSchemes = () => fileKinds.flatMap(kind => schemesOf(kind))

const parsed = (kind: MonitorKind, text: string): Omit<EntryTarget, 'kind'> | { reason: string } => {
  const target = kind === 'http' || kind === 'tcp' ? parseTarget(text) : serviceTarget(text)
  return target.ok ? target : { reason: sayProbeError(target.error, 'en') }
}

/** Parses the URL of a service that is neither HTTP nor TCP. The host is normalised by the rules of http URLs. */
const serviceTarget = (
  text: string,
): { ok: true; url: string; name: string } | { ok: false; error: ProbeErrorCode } => {
  const url = /\s/.test(text.trim()) ? null : URL.parse(text.trim())
  const host = url === null ? '' : (URL.parse(`http://${url.host}/`)?.hostname ?? '').replace(/\.$/, '')
  if (url === null || host === '') return { ok: false, error: 'bad-url' }
  if (url.username || url.password) return { ok: false, error: 'credentials' }
  const path = url.pathname === '/' ? '' : url.pathname
  const port = url.port && `:${url.port}`
  const shown = `${domainToUnicode(host) || host}${port}${path}`
  return { ok: true, url: `${url.protocol}//${host}${port}${path}${url.search}`, name: shown.slice(0, maxNameLength) }
}

const maxNameLength = 64

/** The name of a monitor whose entry names none. */
export const shortName = (kind: MonitorKind, url: string): string =>
  kind === 'heartbeat' ? '' : ((targetOf({ url }, () => true) as Partial<EntryTarget>).name ?? url)
