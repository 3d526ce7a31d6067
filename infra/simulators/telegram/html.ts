import type { Entity } from './bot-api.ts'
import { badRequest } from './bot-api-error.ts'

const tagKinds: Record<string, Entity['type'] | 'link' | 'code' | 'span' | 'emoji'> = {
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
}

const endOfText = '\0'
const isSpace = (char: string) => /[ \t\r\n\v\0]/.test(char)

interface OpenTag {
  tag: string
  argument: string
  offset: number
}

/**
 * Telegram's HTML to text and entities (offsets in UTF-16 units). Refuses as its server does: tags it does not know,
 * tags left open, closed out of order or malformed, with the byte offset at which it stumbled.
 */
export const parseHtml = (source: string): { text: string; entities: Entity[] } => {
  let text = ''
  const entities: Entity[] = []
  const open: OpenTag[] = []
  const at = (i: number) => source[i] ?? endOfText
  const refuse = (message: string) => badRequest(`can't parse entities: ${message}`)
  const bytes = (i: number) => Buffer.byteLength(source.slice(0, i))
  const skipSpace = (i: number) => {
    let next = i
    while (next < source.length && isSpace(at(next))) next++
    return next
  }

  let i = 0
  while (i < source.length) {
    const char = at(i)
    if (char === '&') {
      const reference = characterReference(source, i)
      if (reference !== null) {
        text += reference.text
        i = reference.end
        continue
      }
    }
    if (char !== '<') {
      text += char
      i++
      continue
    }

    const begin = i++
    if (at(i) === '/') {
      const current = open.at(-1)
      if (current === undefined) throw refuse(`Unexpected end tag at byte offset ${bytes(begin)}`)
      while (!isSpace(at(i)) && at(i) !== '>') i++
      const name = source.slice(begin + 2, i).toLowerCase()
      i = skipSpace(i)
      if (at(i) !== '>') throw refuse(`Unclosed end tag at byte offset ${bytes(begin)}`)
      if (name !== '' && name !== current.tag) {
        throw refuse(
          `Unmatched end tag at byte offset ${bytes(begin)}, expected "</${current.tag}>", found "</${name}>"`,
        )
      }
      open.pop()
      i++
      if (text.length > current.offset) addEntity(current, text, entities)
      continue
    }

    while (!isSpace(at(i)) && at(i) !== '>') i++
    if (i >= source.length) throw refuse(`Unclosed start tag at byte offset ${bytes(begin)}`)
    const tag = source.slice(begin + 1, i).toLowerCase()
    if (!Object.hasOwn(tagKinds, tag)) throw refuse(`Unsupported start tag "${tag}" at byte offset ${bytes(begin)}`)

    let argument = ''
    while (at(i) !== '>') {
      i = skipSpace(i)
      if (at(i) === '>') break
      const nameBegin = i
      while (!isSpace(at(i)) && !'=>/"\''.includes(at(i))) i++
      const name = source.slice(nameBegin, i)
      if (name === '') throw refuse(`Empty attribute name in the tag "${tag}" at byte offset ${bytes(begin)}`)
      i = skipSpace(i)
      if (at(i) !== '=') {
        if (i >= source.length) throw refuse(`Unclosed start tag "${tag}" at byte offset ${bytes(begin)}`)
        if (tag === 'blockquote' && name === 'expandable') argument = '1'
        continue
      }
      i = skipSpace(i + 1)
      if (i >= source.length) throw refuse(`Unclosed start tag "${tag}" at byte offset ${bytes(begin)}`)
      let value = ''
      const quote = at(i)
      if (quote === '"' || quote === "'") {
        i++
        while (i < source.length && at(i) !== quote) {
          const reference = at(i) === '&' ? characterReference(source, i) : null
          value += reference?.text ?? at(i)
          i = reference?.end ?? i + 1
        }
        i++
      } else {
        const tokenBegin = i
        while (/[A-Za-z0-9.-]/.test(at(i))) i++
        value = source.slice(tokenBegin, i).toLowerCase()
        if (i < source.length && !isSpace(at(i)) && at(i) !== '>') {
          throw refuse(`Unexpected end of name token at byte offset ${bytes(tokenBegin)}`)
        }
      }
      if (i >= source.length) throw refuse(`Unclosed start tag at byte offset ${bytes(begin)}`)
      argument = argumentOf(tag, name, value) ?? argument
    }
    if (tag === 'span' && argument !== 'spoiler') {
      throw refuse(`Tag "span" must have class "tg-spoiler" at byte offset ${bytes(begin)}`)
    }
    open.push({ tag, argument, offset: text.length })
    i++
  }

  const left = open.at(-1)
  if (left !== undefined) throw refuse(`Can't find end tag corresponding to start tag "${left.tag}"`)
  return { text, entities: outerFirst(entities).map(withoutLanguageUnlessPre) }
}

// Only <pre><code class="language-x"> keeps its language.
const withoutLanguageUnlessPre = ({ language, ...entity }: Entity): Entity =>
  entity.type === 'pre' && language !== undefined ? { ...entity, language } : entity

/** Outer before inner, as Telegram lists them. */
export const outerFirst = (entities: Entity[]): Entity[] =>
  [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length)

const argumentOf = (tag: string, name: string, value: string): string | null => {
  if (tag === 'a' && name === 'href') return value
  if (tag === 'code' && name === 'class' && value.startsWith('language-')) return value.slice(9)
  if (tag === 'span' && name === 'class' && value.startsWith('tg-')) return value.slice(3)
  if (tag === 'tg-emoji' && name === 'emoji-id') return value
  return tag === 'blockquote' && name === 'expandable' ? '1' : null
}

const addEntity = ({ tag, argument, offset }: OpenTag, text: string, entities: Entity[]): void => {
  const place = { offset, length: text.length - offset }
  const kind = tagKinds[tag]
  switch (kind) {
    case 'link': {
      const url = checkedLink(argument === '' ? text.slice(offset) : argument)
      if (url !== null) entities.push({ type: 'text_link', ...place, url })
      return
    }
    case 'emoji': {
      if (!/^[1-9]\d*$/.test(argument)) {
        throw badRequest("can't parse entities: Invalid custom emoji identifier specified")
      }
      entities.push({ type: 'custom_emoji', ...place, custom_emoji_id: argument })
      return
    }
    case 'span':
      entities.push({ type: 'spoiler', ...place })
      return
    case 'blockquote':
      entities.push({ type: argument === '' ? 'blockquote' : 'expandable_blockquote', ...place })
      return
    case 'pre': {
      const inner = entities.at(-1)
      if (inner?.type === 'code' && inner.language && inner.offset === offset && inner.length === place.length) {
        inner.type = 'pre'
      } else entities.push({ type: 'pre', ...place })
      return
    }
    case 'code':
      entities.push({ type: 'code', ...place, ...(argument === '' ? {} : { language: argument }) })
      return
    case undefined:
      return
    default:
      entities.push({ type: kind, ...place })
  }
}

/** A link as Telegram keeps it, or null where it drops the link and leaves the text. */
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
