import { type LogoType, logoTypes } from '#database/pages/logos.ts'
import type { PageAddress } from '#database/pages/page-reading.ts'
import type { RequestHead } from '#functions/host/function-definition.ts'
import { type BadgeKind, badgeKinds, type FeedKind, feedKinds } from './files/file-kinds.ts'
import { type RangeName, ranges, usualRange } from './ranges.ts'
import { zoneNamed } from './zones.ts'

/** A part of a page that programs read. */
export type PageFile =
  | { kind: 'badge'; badge: BadgeKind; format: 'svg' | 'json' }
  | { kind: 'feed'; format: FeedKind }
  | { kind: 'calendar'; format: 'ics' }
  | { kind: 'icon'; format: 'svg' }
  | { kind: 'logo'; hash: string; format: LogoType }

/** The parts that are texts. */
export type TextFile = Exclude<PageFile, { kind: 'logo' }>

/** What a visitor wants to see: the page, one of its monitors, or a file. */
export interface PageRequest {
  address: PageAddress
  /** The page is at the root of a host of its own. */
  isAtRoot: boolean
  monitorId: number | null
  /** null: the page itself. */
  file: PageFile | null
  range: RangeName
  /** The language that the visitor chose on the page; null: that of the browser. */
  language: 'pt-BR' | 'en' | null
  /** The time zone that the visitor chose on the page; null: that of the page. */
  zone: string | null
  /** For an iframe: without the head and the foot of the page. */
  isEmbedded: boolean
  /** Which part of a long list of monitors, from 1. */
  part: number
}

/** The names of public pages. */
const slugPattern = /^[a-z0-9-]{3,40}$/
const secretPattern = /^[A-Za-z0-9_-]{22,64}$/
/** Ids of monitors that fit into PostgreSQL's bigint and into a JavaScript number. */
const idPattern = /^[1-9]\d{0,14}$/

/** The path of the function on the public host. */
const publicRoot = 'status'

/**
 * Reads `/status/<slug>`, `/status/p/<secret>` or `/status/m/<id>`, followed by nothing, by the id of a monitor, by the
 * name of a file, or by both. Returns null for any other path. Values of the query that are not known count as absent.
 */
export const parsePageRequest = ({ path }: Pick<RequestHead, 'path'>, query: URLSearchParams): PageRequest | null => {
  const [root, ...segments] = path.split('/').slice(1)
  if (root !== publicRoot) return null
  const [first = '', ...others] = segments
  const [second = '', ...rest] = others
  if (first === 'p') return secretPattern.test(second) ? partOf({ secret: second }, rest, query) : null
  if (first === 'm') return idPattern.test(second) ? partOf({ id: Number(second) }, rest, query) : null
  return slugPattern.test(first) ? partOf({ slug: first }, others, query) : null
}

/** The same for a page at the root of its own host. */
export const parseRootRequest = (
  { path, query }: Pick<RequestHead, 'path'> & { query: URLSearchParams },
  pageId: number,
): PageRequest | null => {
  const segments = path.split('/').slice(1)
  const part = partOf({ id: pageId }, path === '/' ? [] : segments, query)
  return part && { ...part, isAtRoot: true }
}

/** What the rest of a path names. */
const partOf = (address: PageAddress, segments: readonly string[], query: URLSearchParams): PageRequest | null => {
  const rest = [...segments]
  const monitorId = idPattern.test(rest[0] ?? '') ? Number(rest.shift()) : null
  const fileName = rest.shift()
  const file = fileName === undefined ? null : fileNamed(fileName, monitorId !== null)
  if (rest.length > 0 || (fileName !== undefined && file === null)) return null
  return { address, isAtRoot: false, monitorId, file, ...optionsIn(query) }
}

/** A monitor has badges; a page has badges, feeds and a calendar. */
const fileNamed = (name: string, isOfMonitor: boolean): PageFile | null => {
  const [, base, format] = /^([a-z]+)\.([a-z]+)$/.exec(name) ?? []
  const badge = badgeKinds.find(kind => kind === base)
  if (badge !== undefined && (format === 'svg' || format === 'json')) {
    const isPossible = isOfMonitor || badge !== 'certificate'
    return isPossible ? { kind: 'badge', badge, format } : null
  }
  if (isOfMonitor) return null
  const [, hash, type] = /^logo-([0-9a-f]{16})\.([a-z]+)$/.exec(name) ?? []
  const logoType = logoTypes.find(one => one === type)
  if (hash !== undefined) return logoType === undefined ? null : { kind: 'logo', hash, format: logoType }
  const feed = base === 'feed' ? feedKinds.find(kind => kind === format) : undefined
  if (feed !== undefined) return { kind: 'feed', format: feed }
  if (name === 'icon.svg') return { kind: 'icon', format: 'svg' }
  return name === 'maintenance.ics' ? { kind: 'calendar', format: 'ics' } : null
}

const optionsIn = (query: URLSearchParams) => {
  const range = query.get('range') ?? ''
  const part = Number(query.get('part'))
  return {
    range: Object.hasOwn(ranges, range) ? (range as RangeName) : usualRange,
    language: languageNamed(query.get('lang')),
    zone: zoneNamed(query.get('zone')),
    isEmbedded: query.has('embed'),
    part: Number.isInteger(part) && part >= 1 && part <= 1000 ? part : 1,
  }
}

const languageNamed = (name: string | null): PageRequest['language'] => {
  if (name === null) return null
  if (/^pt\b/i.test(name)) return 'pt-BR'
  return /^en\b/i.test(name) ? 'en' : null
}
