import type { Args } from './args.ts'
import type { Entity } from './bot-api.ts'
import { type BotApiError, badRequest } from './bot-api-error.ts'
import { checkedLink, outerFirst, parseHtml } from './html.ts'

export interface FormattedText {
  text: string
  entities: Entity[]
}

/** Telegram's limits, in UTF-16 units after parsing. */
export const maxTextLength = 4096
export const maxCaptionLength = 1024

/** The text of a message from the call's arguments. Throws Telegram's error if Telegram refuses the text. */
export const messageText = (args: Args): FormattedText => {
  const source = args.text('text')
  if (source === '') throw badRequest('message text is empty')
  const formatted = format(source, args, 'entities')
  if (formatted.text === '') throw badRequest('text must be non-empty')
  if (formatted.text.length > maxTextLength) throw badRequest('message is too long')
  return formatted
}

/** The caption of a photo from the call's arguments. The caption may be empty. */
export const captionText = (args: Args): FormattedText => {
  const formatted = format(args.text('caption'), args, 'caption_entities')
  if (formatted.text.length > maxCaptionLength) throw badRequest('message caption is too long')
  return formatted
}

const format = (source: string, args: Args, field: 'entities' | 'caption_entities'): FormattedText => {
  if (Buffer.byteLength(source) > 32_768) throw badRequest('text is too long')
  const mode = args.text('parse_mode').toLowerCase()
  if (source === '') return { text: '', entities: [] }
  switch (mode) {
    case 'html':
      return normalized(parseHtml(source))
    case '':
    case 'none':
      return normalized({ text: source, entities: explicitEntities(source, args.json(field)) })
    case 'markdown':
    case 'markdownv2':
      // Telegram accepts these modes. Vigia writes only HTML, so another mode is a mistake that a test should detect.
      throw badRequest("can't parse entities: this simulator only supports parse_mode HTML and explicit entities")
    default:
      throw badRequest('unsupported parse_mode')
  }
}

const settableEntityTypes = new Set<string>([
  'mention',
  'hashtag',
  'bot_command',
  'url',
  'email',
  'bold',
  'italic',
  'underline',
  'strikethrough',
  'spoiler',
  'blockquote',
  'expandable_blockquote',
  'code',
  'pre',
  'text_link',
  'custom_emoji',
  'date_time',
])

const explicitEntities = (text: string, given: unknown): Entity[] => {
  if (!Array.isArray(given)) return []
  return outerFirst(
    given.flatMap((entity: Entity | null) => {
      const refuse = (message: string): BotApiError => badRequest(`can't parse MessageEntity: ${message}`)
      if (entity === null || typeof entity !== 'object') throw refuse('expected an Object')
      if (!Number.isInteger(entity.offset)) throw refuse('Can\'t find field "offset"')
      if (!Number.isInteger(entity.length)) throw refuse('Can\'t find field "length"')
      if (typeof entity.type !== 'string') throw refuse('Can\'t find field "type"')
      if (entity.offset < 0) throw badRequest(`receive an entity with incorrect offset ${entity.offset}`)
      if (entity.length < 0) throw badRequest(`receive an entity with incorrect length ${entity.length}`)
      if (entity.offset > text.length) {
        throw badRequest(`entity begins after the end of the text at UTF-16 offset ${entity.offset}`)
      }
      if (entity.offset + entity.length > text.length) {
        const end = entity.offset + entity.length
        throw badRequest(
          `entity beginning at UTF-16 offset ${entity.offset} ends after the end of the text at UTF-16 offset ${end}`,
        )
      }
      // Telegram drops empty entities and the types that a bot may not set.
      return settableEntityTypes.has(entity.type) && entity.length > 0 ? [entity] : []
    }),
  )
}

/**
 * The text as Telegram stores it: without control characters and surrounding blanks, with links, commands and mentions
 * marked.
 */
export const normalized = ({ text, entities }: FormattedText): FormattedText => {
  // Each character is replaced by exactly one character, so that the offsets stay valid.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that Telegram turns into spaces
  const clean = text.replace(/[\u0000-\u0009\u000b-\u001f]/g, ' ')
  const end = clean.trimEnd().length
  const limit = Math.min(...entities.map(({ offset }) => offset), end)
  let begin = 0
  while (begin < limit && /[ \n]/.test(clean[begin] ?? '')) begin++
  const kept = entities.flatMap(entity => {
    const length = Math.min(entity.length, end - entity.offset)
    return length > 0 ? [{ ...entity, offset: entity.offset - begin, length }] : []
  })
  const trimmed = clean.slice(begin, end)
  return { text: trimmed, entities: outerFirst([...kept, ...detectedEntities(trimmed, kept)]) }
}

const detectors: { type: Entity['type']; pattern: RegExp }[] = [
  { type: 'url', pattern: /\b(?:https?:\/\/|www\.)[^\s<>"]+[^\s<>".,;:!?)\]]/gi },
  { type: 'email', pattern: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g },
  { type: 'bot_command', pattern: /(?<![\w/@<>])\/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z]\w{3,31})?(?![\w/])/g },
  { type: 'mention', pattern: /(?<![\w@/])@[a-zA-Z]\w{3,31}\b/g },
  { type: 'hashtag', pattern: /(?<![\w#])#[\p{L}\d_]*[\p{L}_][\p{L}\d_]*/gu },
]

const detectedEntities = (text: string, entities: Entity[]): Entity[] => {
  const taken = entities.filter(({ type }) => /^(code|pre|text_link|url|mention|bot_command)$/.test(type))
  const finds: Entity[] = []
  for (const { type, pattern } of detectors) {
    for (const match of text.matchAll(pattern)) {
      const entity: Entity = { type, offset: match.index, length: match[0].length }
      const free = [...taken, ...finds].every(
        other => other.offset + other.length <= entity.offset || other.offset >= entity.offset + entity.length,
      )
      if (free && (type !== 'url' || checkedLink(match[0]) !== null)) finds.push(entity)
    }
  }
  return finds
}
