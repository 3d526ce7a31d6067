/**
 * A piece of Telegram's HTML. Texts from outside (names of shows and monitors, error texts) must go through the `html`
 * template, which escapes them. Only values of this class are inserted without escaping.
 */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString() {
    return this.text
  }
}

type Part = Html | string | number | null | undefined | false | readonly Part[]

// Direction marks change the order of the text around them; zero-width and control characters hide text. U+FFFE and
// U+FFFF are not characters, and XML does not allow them. The joiner of emoji (U+200D) is kept.
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are removed
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g

/** Escapes a text for Telegram's HTML, in elements and in attributes. */
export const escapeHtml = (text: string): string =>
  text
    .replace(invisible, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const rendered = (part: Part): string => {
  if (part === null || part === undefined || part === false) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map(rendered).join('')
}

/**
 * Makes a piece of Telegram HTML from a template. Values are escaped, except values of the class Html; null, undefined
 * and false are left out. `String(piece)` returns the text.
 */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(strings.reduce((text, string, at) => text + rendered(parts[at - 1]) + string))

/** Joins pieces with a separator. Empty pieces are left out. */
export const joined = (parts: readonly Part[], separator = '\n'): Html =>
  new Html(
    parts
      .map(rendered)
      .filter(text => text !== '')
      .join(separator),
  )

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

const decoded = (text: string) =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name.toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })

/** The plain text of HTML. The HTML is our own, or a summary from TVmaze. */
export const plain = (markup: Html | string): string => {
  let text = String(markup)
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<\/p>\s*(?=<p\b)/gi, '\n\n')
  // Removing a tag may create another ("<<b>b>"). After four passes, the "<" of each remaining tag is removed.
  for (let pass = 0; pass < 4; pass++) text = text.replace(/<\/?[a-z][^<>]*>/gi, '')
  text = text.replace(/<(?=\/?[a-z])/gi, '')
  return decoded(text).trim()
}

type Token = { kind: 'open' | 'close' | 'text'; markup: string; name: string }

const tokens = (markup: string): Token[] =>
  (markup.match(/<\/?[a-z][^<>]*>|&(?:#\d+|#x[\da-f]+|[a-z]+);|[^<&]+|[<&]/gi) ?? []).map(piece => {
    const tag = /^<(\/?)([a-z][\w-]*)/i.exec(piece)
    return tag === null
      ? { kind: 'text', markup: piece, name: '' }
      : { kind: tag[1] === '/' ? 'close' : 'open', markup: piece, name: tag[2]!.toLowerCase() }
  })

/** The length as Telegram counts it: UTF-16 units after its parser has removed tags and decoded entities. */
export const visibleLength = (markup: Html | string): number =>
  tokens(String(markup)).reduce((sum, token) => sum + (token.kind === 'text' ? decoded(token.markup).length : 0), 0)

// The segmenter is created when it is first needed, because its creation takes ten milliseconds and hardly any message
// is cut.
let graphemeSegmenter: Intl.Segmenter | undefined

// The best position to cut `text`: the last line break, or else the last space, or else the end. A position in the
// first half of the text is not used.
const boundary = (text: string): number => {
  const line = text.lastIndexOf('\n')
  if (line > text.length / 2) return line
  const word = text.lastIndexOf(' ')
  return word > text.length / 2 ? word : text.length
}

const fitting = (text: string, room: number): string => {
  graphemeSegmenter ??= new Intl.Segmenter('pt-BR', { granularity: 'grapheme' })
  let fits = ''
  for (const { segment } of graphemeSegmenter.segment(text)) {
    if (fits.length + segment.length > room) break
    fits += segment
  }
  return fits.slice(0, boundary(fits))
}

/**
 * Cuts HTML to at most `limit` visible UTF-16 units: between lines or words if possible, never inside a tag or an
 * entity. Open tags are closed.
 */
export const cut = (markup: Html | string, limit: number): string => {
  const text = String(markup)
  if (visibleLength(text) <= limit) return text
  const open: string[] = []
  let room = limit - 1
  let kept = ''
  for (const token of tokens(text)) {
    if (token.kind === 'open') {
      open.push(token.name)
      kept += token.markup
    } else if (token.kind === 'close') {
      if (open.at(-1) === token.name) open.pop()
      kept += token.markup
    } else {
      const length = decoded(token.markup).length
      if (length > room) {
        kept += escapeHtml(fitting(decoded(token.markup), room).trimEnd())
        break
      }
      room -= length
      kept += token.markup
    }
  }
  return `${kept}…${open
    .reverse()
    .map(name => `</${name}>`)
    .join('')}`
}
