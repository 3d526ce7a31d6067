import type { PageAddress } from '#database/pages/page-reading.ts'
import type { RequestHead } from '#functions/host/function-definition.ts'
import { type RangeName, ranges, usualRange } from './ranges.ts'

/** What a visitor wants to see: the page, or one of its monitors. */
export interface PageRequest {
  address: PageAddress
  monitorId: number | null
  range: RangeName
  /** The language that the visitor chose on the page; null: that of the browser. */
  language: 'pt-BR' | 'en' | null
  /** For an iframe: without the head and the foot of the page. */
  isEmbedded: boolean
  /** Which part of a long list of monitors, from 1. */
  part: number
}

/** The names of public pages. */
export const slugPattern = /^[a-z0-9-]{3,40}$/
const secretPattern = /^[A-Za-z0-9_-]{22,64}$/
/** Ids of monitors that fit into PostgreSQL's bigint and into a JavaScript number. */
const idPattern = /^[1-9]\d{0,14}$/

/** The path of the function on the public host. */
export const publicRoot = 'status'

/**
 * Reads `/status/<slug>` or `/status/p/<secret>`, followed by nothing or by the id of a monitor. Returns null for any
 * other path. Values of the query that are not known count as absent.
 */
export const parsePageRequest = ({ path }: Pick<RequestHead, 'path'>, query: URLSearchParams): PageRequest | null => {
  const [root, ...segments] = path.split('/').slice(1)
  if (root !== publicRoot) return null
  const isSecret = segments[0] === 'p'
  const [name = '', monitor, ...rest] = isSecret ? segments.slice(1) : segments
  if (rest.length > 0 || !(isSecret ? secretPattern : slugPattern).test(name)) return null
  if (monitor !== undefined && !idPattern.test(monitor)) return null
  return {
    address: isSecret ? { secret: name } : { slug: name },
    monitorId: monitor === undefined ? null : Number(monitor),
    ...optionsIn(query),
  }
}

const optionsIn = (query: URLSearchParams) => {
  const range = query.get('range') ?? ''
  const part = Number(query.get('part'))
  return {
    range: Object.hasOwn(ranges, range) ? (range as RangeName) : usualRange,
    language: languageNamed(query.get('lang')),
    isEmbedded: query.has('embed'),
    part: Number.isInteger(part) && part >= 1 && part <= 1000 ? part : 1,
  }
}

const languageNamed = (name: string | null): PageRequest['language'] => {
  if (name === null) return null
  if (/^pt\b/i.test(name)) return 'pt-BR'
  return /^en\b/i.test(name) ? 'en' : null
}
