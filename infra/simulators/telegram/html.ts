import type { Entity } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'

/**
 * The tags of Telegram's HTML, each with its entity type. If the type depends on an attribute or on another tag, the
 * value names the case of `addEntity` that chooses the type.
 */
const tagKinds: Record<string, Entity['type'] | 'link' | 'code' | 'span' | 'emoji' | 'time'> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  span: 'span',
  a: 'link',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  'tg-emoji': 'emoji',
  'tg-time': 'time',
}

/** The formats of a time (core.telegram.org/bots/api#date-time-entity-formatting). */
const dateTimeFormat = /^(?:r|w?[dD]?[tT]?)$/

const endOfText = '\0'
const isSpace = (char: string) => /[ \t\r\n\v\0]/.test(char)

interface OpenTag {
  tag: string
  /** The value of the attribute that matters for the tag, such as href; '' if there is none. */
  argument: string
  /** The second attribute of tg-time; '' if there is none. */
  format: string
  /** Where the entity begins in the text. */
  offset: number
}

/**
 * Parses Telegram's HTML into text and entities, whose offsets are in UTF-16 units. Like Telegram's server, this parser
 * refuses unknown tags and tags that are left open, closed out of order or malformed; the error names the byte offset.
 */
export const parseHtml = (source: string): { text: string; entities: Entity[] } => {
  const parser: Parser = { source, at: 0, text: '', entities: [], open: [] }
  while (parser.at < source.length) {
    if (charAt(parser) !== '<') readText(parser)
    else if (charAt(parser, 1) === '/') readEndTag(parser)
    else readStartTag(parser)
  }
  const left = parser.open.at(-1)
  if (left !== undefined) throw parseError(`Can't find end tag corresponding to start tag "${left.tag}"`)
  return { text: parser.text, entities: outerFirst(parser.entities).map(withoutLanguageUnlessPre) }
}

interface Parser {
  readonly source: string
  /** Index of the next character of `source`. */
  at: number
  text: string
  entities: Entity[]
  open: OpenTag[]
}

const charAt = ({ source, at }: Parser, ahead = 0) => source[at + ahead] ?? endOfText
const isAtEnd = ({ source, at }: Parser) => at >= source.length
const parseError = (message: string) => badRequest(`can't parse entities: ${message}`)
const byteOffset = ({ source }: Parser, index: number) => Buffer.byteLength(source.slice(0, index))

const skipSpace = (parser: Parser) => {
  while (!isAtEnd(parser) && isSpace(charAt(parser))) parser.at++
}

const skipTagName = (parser: Parser) => {
  while (!isSpace(charAt(parser)) && charAt(parser) !== '>') parser.at++
}

/** Reads one character, or one character reference such as `&amp;`. */
const readText = (parser: Parser) => {
  const reference = charAt(parser) === '&' ? characterReference(parser.source, parser.at) : null
  parser.text += reference?.text ?? charAt(parser)
  parser.at = reference?.end ?? parser.at + 1
}

const readEndTag = (parser: Parser) => {
  const begin = parser.at
  const current = parser.open.at(-1)
  if (current === undefined) throw parseError(`Unexpected end tag at byte offset ${byteOffset(parser, begin)}`)
  parser.at++
  skipTagName(parser)
  const name = parser.source.slice(begin + 2, parser.at).toLowerCase()
  skipSpace(parser)
  if (charAt(parser) !== '>') throw parseError(`Unclosed end tag at byte offset ${byteOffset(parser, begin)}`)
  if (name !== '' && name !== current.tag) {
    const offset = byteOffset(parser, begin)
    throw parseError(`Unmatched end tag at byte offset ${offset}, expected "</${current.tag}>", found "</${name}>"`)
  }
  parser.open.pop()
  parser.at++
  if (parser.text.length > current.offset) addEntity(current, parser.text, parser.entities)
}

const readStartTag = (parser: Parser) => {
  const begin = parser.at
  parser.at++
  skipTagName(parser)
  if (isAtEnd(parser)) throw parseError(`Unclosed start tag at byte offset ${byteOffset(parser, begin)}`)
  const tag = parser.source.slice(begin + 1, parser.at).toLowerCase()
  if (!Object.hasOwn(tagKinds, tag)) {
    throw parseError(`Unsupported start tag "${tag}" at byte offset ${byteOffset(parser, begin)}`)
  }
  let [argument, format] = ['', '']
  for (skipSpace(parser); charAt(parser) !== '>'; skipSpace(parser)) {
    const { name, value } = readAttribute(parser, tag, begin)
    argument = argumentOf(tag, name, value) ?? argument
    if (tag === 'tg-time' && name === 'format') format = value
  }
  if (tag === 'span' && argument !== 'spoiler') {
    throw parseError(`Tag "span" must have class "tg-spoiler" at byte offset ${byteOffset(parser, begin)}`)
  }
  parser.open.push({ tag, argument, format, offset: parser.text.length })
  parser.at++
}

/** Reads one attribute of the tag that begins at `begin`. An attribute without a value has the value ''. */
const readAttribute = (parser: Parser, tag: string, begin: number): { name: string; value: string } => {
  const nameBegin = parser.at
  while (!isSpace(charAt(parser)) && !'=>/"\''.includes(charAt(parser))) parser.at++
  const name = parser.source.slice(nameBegin, parser.at)
  if (name === '') {
    throw parseError(`Empty attribute name in the tag "${tag}" at byte offset ${byteOffset(parser, begin)}`)
  }
  const refuseUnclosed = () => {
    if (isAtEnd(parser)) throw parseError(`Unclosed start tag "${tag}" at byte offset ${byteOffset(parser, begin)}`)
  }
  skipSpace(parser)
  if (charAt(parser) !== '=') {
    refuseUnclosed()
    return { name, value: '' }
  }
  parser.at++
  skipSpace(parser)
  refuseUnclosed()
  const value = readAttributeValue(parser)
  if (isAtEnd(parser)) throw parseError(`Unclosed start tag at byte offset ${byteOffset(parser, begin)}`)
  return { name, value }
}

const readAttributeValue = (parser: Parser): string => {
  const quote = charAt(parser)
  if (quote !== '"' && quote !== "'") return readUnquotedValue(parser)
  let value = ''
  parser.at++
  while (!isAtEnd(parser) && charAt(parser) !== quote) {
    const reference = charAt(parser) === '&' ? characterReference(parser.source, parser.at) : null
    value += reference?.text ?? charAt(parser)
    parser.at = reference?.end ?? parser.at + 1
  }
  parser.at++
  return value
}

const readUnquotedValue = (parser: Parser): string => {
  const begin = parser.at
  while (/[A-Za-z0-9.-]/.test(charAt(parser))) parser.at++
  if (!isAtEnd(parser) && !isSpace(charAt(parser)) && charAt(parser) !== '>') {
    throw parseError(`Unexpected end of name token at byte offset ${byteOffset(parser, begin)}`)
  }
  return parser.source.slice(begin, parser.at).toLowerCase()
}

// Telegram keeps the language only for <pre><code class="language-x">.
const withoutLanguageUnlessPre = ({ language, ...entity }: Entity): Entity =>
  entity.type === 'pre' && language !== undefined ? { ...entity, language } : entity

/** Sorts outer entities before the entities inside them, like Telegram. */
export const outerFirst = (entities: Entity[]): Entity[] =>
  [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length)

/** The value of the attribute from which the tag takes its argument; null for another attribute. */
const argumentOf = (tag: string, name: string, value: string): string | null => {
  if (tag === 'a' && name === 'href') return value
  if (tag === 'code' && name === 'class' && value.startsWith('language-')) return value.slice(9)
  if (tag === 'span' && name === 'class' && value.startsWith('tg-')) return value.slice(3)
  if (tag === 'tg-emoji' && name === 'emoji-id') return value
  if (tag === 'tg-time' && name === 'unix') return value
  return tag === 'blockquote' && name === 'expandable' ? '1' : null
}

const addEntity = ({ tag, argument, format, offset }: OpenTag, text: string, entities: Entity[]): void => {
  const range = { offset, length: text.length - offset }
  const kind = tagKinds[tag]
  switch (kind) {
    case 'link': {
      const url = checkedLink(argument === '' ? text.slice(offset) : argument)
      if (url !== null) entities.push({ type: 'text_link', ...range, url })
      return
    }
    case 'emoji': {
      if (!/^[1-9]\d*$/.test(argument)) {
        throw badRequest("can't parse entities: Invalid custom emoji identifier specified")
      }
      entities.push({ type: 'custom_emoji', ...range, custom_emoji_id: argument })
      return
    }
    case 'time': {
      // The documentation states the form of both values, but not the words of these refusals.
      if (!/^\d{1,10}$/.test(argument)) throw badRequest("can't parse entities: Invalid Unix time specified")
      if (!dateTimeFormat.test(format)) throw badRequest("can't parse entities: Invalid date-time format specified")
      entities.push({ type: 'date_time', ...range, unix_time: Number(argument), date_time_format: format })
      return
    }
    case 'span':
      entities.push({ type: 'spoiler', ...range })
      return
    case 'blockquote':
      entities.push({ type: argument === '' ? 'blockquote' : 'expandable_blockquote', ...range })
      return
    case 'pre': {
      const inner = entities.at(-1)
      if (inner?.type === 'code' && inner.language && inner.offset === offset && inner.length === range.length) {
        inner.type = 'pre'
      } else entities.push({ type: 'pre', ...range })
      return
    }
    case 'code':
      entities.push({ type: 'code', ...range, ...(argument === '' ? {} : { language: argument }) })
      return
    case undefined:
      return
    default:
      entities.push({ type: kind, ...range })
  }
}

/** The URL as Telegram stores it, or null if Telegram drops the link and keeps the text. */
export const checkedLink = (link: string): string | null => {
  if (/^(tg|ton|tonsite):/i.test(link)) return link
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(link) ? link : `http://${link}`)
    if (!/^https?:$/.test(url.protocol) || !(url.hostname.includes('.') || url.hostname.startsWith('['))) return null
    return url.href
  } catch {
    return null
  }
}

const namedReferences: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' }

const characterReference = (source: string, begin: number): { text: string; end: number } | null => {
  const numeric = /^&#(?:x([0-9a-f]*)|(\d*))/i.exec(source.slice(begin, begin + 12))
  if (numeric !== null) {
    const code =
      numeric[1] === undefined ? Number.parseInt(numeric[2] || '0', 10) : Number.parseInt(numeric[1] || '0', 16)
    if (code === 0 || code >= 0x10ffff || numeric[0].length >= 10) return null
    return { text: String.fromCodePoint(code), end: afterSemicolon(source, begin + numeric[0].length) }
  }
  const name = /^&([A-Za-z]+)/.exec(source.slice(begin, begin + 12))?.[1]
  const text = name === undefined ? undefined : namedReferences[name]
  return name === undefined || text === undefined
    ? null
    : { text, end: afterSemicolon(source, begin + 1 + name.length) }
}

const afterSemicolon = (source: string, end: number) => (source[end] === ';' ? end + 1 : end)
