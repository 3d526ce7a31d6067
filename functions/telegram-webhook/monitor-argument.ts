import { parseTarget } from '#functions/dial/target.ts'
import { folded } from '#functions/wording/fold.ts'

/** The parts of a text after /monitorar. */
export interface MonitorArgument {
  /**
   * The address with typing mistakes repaired, if the result can be watched; else as it was typed. '' if there is none.
   */
  address: string
  /** The interval as it was typed; '' if there is none. */
  interval: string
  /** The time limit of a check as it was typed; null if there is none. */
  limit: string | null
  /** The response time from which the monitor counts as slow, as it was typed; null if there is none. */
  slow: string | null
}

/** A time limit, anywhere after the address: `limite 30s`, `limite de 30 s`, `timeout: 30s`. */
const limitWord = /\s(?:limite|limit|timeout)\b[:=]?\s*(?:(?:de|of)\s+)?(\d+\s*[a-z]*|\S*)/i

const amount = String.raw`(\d+(?:[.,]\d+)?\s*\p{L}*)`
/** A wish to be told of slow answers: `avisar se demorar mais de 2 s`, `tell me if it takes longer than 2 s`. */
const slowWish = new RegExp(
  String.raw`[\s,;]+(?:(?:e|and)\s+)?(?:` +
    String.raw`(?:(?:me\s+)?avis(?:a|e|ar)(?:-me)?|(?:tell|alert|warn|notify)(?:\s+me)?|let\s+me\s+know)\s+(?:se|quando|if|when)\s+` +
    String.raw`(?:(?:ele|ela|it|(?:o|the)\s+site|(?:a|the)\s+(?:resposta|answer|response))\s+)?` +
    String.raw`(?:demorar|levar|passar|takes?|is\s+slower|lasts?)\s+` +
    String.raw`(?:(?:mais\s+(?:de|do\s+que|que)|de|more\s+than|longer\s+than|than|over)\s+)?` +
    String.raw`|lento\s+a\s+partir\s+de\s+|slow\s+from\s+)${amount}`,
  'iu',
)

/** Zero-width marks, which are often part of a copied text. Joiners stay, because host names may contain them. */
const invisible = /[\u200B\u200E\u200F\u2060\uFEFF\u202A-\u202E\u2066-\u2069]/g

/** Replaces the full-width letters of Asian keyboards with plain ones. */
const plainWidth = (text: string) =>
  text.replace(/[\uFF01-\uFF5E]/g, wide => String.fromCharCode(wide.charCodeAt(0) - 0xfee0)).replaceAll('\u3000', ' ')

/** Parses `https://example.org 5 minutos limite 20s`, with the address and the interval in any order. */
export const parseMonitorArgument = (argument: string): MonitorArgument => {
  const text = plainWidth(argument.replace(invisible, ''))
  const slow = slowWish.exec(text)?.[1]?.trim() ?? null
  const withoutSlow = text.replace(slowWish, ' ')
  const limit = limitWord.exec(withoutSlow)?.[1]?.trim() ?? null
  const tokens = withoutSlow.replace(limitWord, ' ').trim().split(/\s+/)
  const at = addressAt(tokens)
  const typed = tokens[at] ?? ''
  const repaired = repair(typed)
  const address = parseTarget(repaired).ok || tcpAddressFor(repaired) !== null ? repaired : typed
  const interval = (at < 0 ? tokens : tokens.toSpliced(at, 1)).join(' ')
  return { address, interval: interval.replace(/^[\s,;–—-]+|[\s,;.!–—-]+$/g, ''), limit, slow }
}

/**
 * The index of the first token that can only be an address, else of the first token that is not part of an interval,
 * else -1.
 */
const addressAt = (tokens: string[]): number => {
  const certain = tokens.findIndex(token => /[.:[@]/.test(token.slice(0, -1)) && !/^\d+[.,]\d+\p{L}*$/u.test(token))
  return certain >= 0 ? certain : tokens.findIndex(token => !isIntervalWord(token))
}

const opening = /^[<("'“”‘’«‹]+/
const closing = /[>"'“”‘’»›,;:!.]+$/

/** The address without the punctuation around it, and with a correct scheme instead of `http:/x` or `HTTPS//x`. */
const repair = (token: string): string => {
  let address = token.replace(opening, '')
  for (;;) {
    let shorter = address.replace(closing, '')
    // `https://example.org/page_(draft)` keeps its bracket.
    if (shorter.endsWith(')') && !shorter.includes('(')) shorter = shorter.slice(0, -1)
    if (shorter === address) break
    address = shorter
  }
  return address.replace(
    /^(https?|tcp)(?:[:;][/\\]*|[/\\]{2,})(?=[^/\\\d]|\d[^:]*[.:])/i,
    (_, scheme) => `${scheme.toLowerCase()}://`,
  )
}

const units: Record<string, number> = {}
for (const [seconds, names] of [
  [1, 's seg segs segundo segundos sec secs second seconds'],
  [60, 'm min mins minuto minutos minute minutes'],
  [3_600, 'h hr hrs hora horas hour hours'],
  [86_400, 'dia dias day days'],
] as const)
  for (const name of names.split(' ')) units[name] = seconds

const numbers: Record<string, number> = { quinze: 15, fifteen: 15, vinte: 20, twenty: 20, trinta: 30, thirty: 30 }
const upToTen =
  'um uma one,dois duas two,tres three,quatro four,cinco five,seis six,sete seven,oito eight,nove nine,dez ten'
for (const [at, names] of upToTen.split(',').entries()) for (const name of names.split(' ')) numbers[name] = at + 1

const halves = new Set(['meia', 'meio', 'half'])
const articles = new Set(['a', 'an', 'um', 'uma', 'one'])
/** Words before an interval. After them a unit needs no number (`every hour`). */
const leads = new Set('cada todo toda todos todas every each'.split(' '))
const particles = new Set([...leads, ...'as os de em of in e and'.split(' ')])

const wordsOf = (text: string) => folded(text).match(/\d+|\p{L}+/gu) ?? []
const isIntervalWord = (token: string) =>
  /^[\d\p{L}]+\p{P}*$/u.test(token) &&
  wordsOf(token).every(
    word =>
      [units, numbers].some(known => word in known) ||
      /^\d/.test(word) ||
      [halves, articles, particles].some(known => known.has(word)),
  )

/** `de 5 em 5 minutos` means every five minutes. */
const fromTo = /^de (\S+) em \1(?= )/
/** `de hora em hora` means every hour. */
const unitToUnit = /^de (\p{L}+) em \1$/u
/** In `1h30` the number after the hours is minutes; after minutes it is seconds. */
const smaller: Record<number, number> = { 3600: 60, 60: 1 }

/**
 * An interval in seconds: `30s`, `5m`, `1 h`, `5 minutos`, `half an hour`, `a cada 2 minutos`, `1h30`. A number without
 * a unit is a number of seconds. Null for other texts.
 */
export const parseInterval = (text: string): number | null => {
  const phrase = folded(text.trim()).replace(fromTo, '$1').replace(unitToUnit, 'cada $1')
  if (!/^[\d\p{L}\s]+[.!]?$/u.test(phrase) || /^\d+\s*d$/.test(phrase)) return null
  const words = wordsOf(phrase)
  const hasLead = words.some(word => leads.has(word))
  let total: number | null = null
  let unit = 0
  let number: number | null = null
  let isArticle = false
  for (const word of words) {
    const value = halves.has(word) ? 0.5 : /^\d{1,6}$/.test(word) ? Number(word) : numbers[word]
    if (articles.has(word)) {
      isArticle = number === null
      number ??= 1
    } else if (value !== undefined) {
      if (number !== null && !isArticle) return null
      number = value
      isArticle = false
    } else if (word in units) {
      if (number === null && !hasLead) return null
      unit = units[word]!
      total = (total ?? 0) + (number ?? 1) * unit
      number = null
    } else if (!particles.has(word)) return null
  }
  if (number === null) return total
  if (total === null) return number === 0.5 ? null : number
  // `1 hora e meia`, `1h30`.
  const rest = number === 0.5 ? unit : smaller[unit]
  return rest === undefined ? null : total + number * rest
}

/** Further ports of services that are not web sites; `parseTarget` refuses only those that browsers block. */
const servicePorts = new Set([1433, 1521, 1883, 3306, 3389, 5432, 5672, 5900, 6379, 8883, 9092, 11_211, 27_017])

/**
 * The TCP address for an address whose port belongs to a service that is not a web site: `tcp://host:22` for `host:22`.
 * Null for other addresses.
 */
export const tcpAddressFor = (address: string): string | null => {
  const [, scheme, host, port] = /^(https?:\/\/)?(\[[\da-f:.]+\]|[^\s:/?#@[\]]+):(\d{1,5})\/?$/i.exec(address) ?? []
  if (host === undefined) return null
  const parsed = parseTarget(address)
  const isService = scheme === undefined && servicePorts.has(Number(port))
  if (!isService && (parsed.ok || parsed.error !== 'blocked-port')) return null
  const target = parseTarget(`tcp://${host}:${port}`)
  return target.ok ? target.url : null
}
