import type { Language } from '#database/chats/language.ts'
import type { EpisodeChoice, NoticeChange, QuietHours, SpecialChoice } from '#database/series/notice-settings.ts'
import { instantOf } from '#functions/wording/dates.ts'
import { folded } from '#functions/wording/fold.ts'
import { clockAt, dayAt } from '../maintenance/planned-time.ts'
import { reportArgument } from '../report-argument.ts'

/** Until when a muted series is silent if the person gives no date: until the person ends the silence. */
export const forEver = new Date('2199-12-31T00:00:00Z')

/** What a person asked for, and the other words, which name a series. */
export interface NoticeArgument {
  change: NoticeChange
  /** The series is to be told as the others. */
  isReset: boolean
  rest: string
}

interface Reader {
  language: Language
  zone: string
  now: Date
}

const hours = '(\\d{1,2}|uma?|an?|one|duas|two|tres|three)\\s*(?:h|hs|hrs?|horas?|hours?)'
const spelled: Record<string, number> = { um: 1, uma: 1, a: 1, an: 1, one: 1, duas: 2, two: 2, tres: 3, three: 3 }
const countOf = (word: string) => spelled[word] ?? Number(word)

/** The phrases, in the order in which they are tried. */
const phrases: [RegExp, (match: RegExpExecArray) => NoticeChange | null][] = [
  [/\b(?:um|1|a|one) dia antes\b|\b(?:na )?vespera\b|\b(?:a|the|one|1)?\s*day before\b/, () => ({ timing: 'day' })],
  [
    new RegExp(`\\b${hours}\\s+(?:antes|before|early)\\b`),
    ([, count]) => (countOf(count!) === 1 ? { timing: 'hour' } : null),
  ],
  [
    new RegExp(`\\b${hours}\\s+(?:depois|later|after)\\b`),
    ([, count]) =>
      countOf(count!) >= 1 && countOf(count!) <= 12 ? { timing: 'later', laterHours: countOf(count!) } : null,
  ],
  [/\bna hora\b|\bquando sair\b|\bon air\b|\bat once\b|\bwhen it(?:'?s| is) out\b/, () => ({ timing: 'air' })],
  [/\b(?:estreias e finais|finais e estreias|premieres and finales|finales and premieres)\b/, chosen('both')],
  [/\b(?:estreias?|premieres?)\b/, chosen('premieres')],
  [/\b(?:finais|final de temporada|finales?)\b/, chosen('finales')],
  [/\b(?:todos os especiais|all specials)\b/, withSpecials('all')],
  [/\b(?:sem especiais|no specials|without specials)\b/, withSpecials('none')],
  [/\b(?:especiais|specials)\b/, withSpecials('main')],
  [/\b(?:todos(?: os episodios)?|all(?: episodes)?|every episode)\b/, chosen('all')],
]

function chosen(episodes: EpisodeChoice) {
  return (): NoticeChange => ({ episodes })
}

function withSpecials(specials: SpecialChoice) {
  return (): NoticeChange => ({ specials })
}

const digest =
  /\b(?:resumo\s+)?(?:diario|semanal|daily|weekly|todo dia|toda semana|every day|every week)(?:\s+digest)?\b.*$/
const silence = /\b(?:silenciar|silencie|silencio|mudo|mute|mutar)\b/
const silenceEnd = /\b(?:ate|until|till)\s+(.+)$/
const endOfSilence = /\b(?:voltar a avisar|volte a avisar|dessilenciar|unmute|tirar o silencio)\b/
const reset = /\b(?:como as outras|igual as outras|padrao|normal|default|like the others|reset)\b/
const fillers =
  /^(?:(?:de|da|do|a|o|para|pra|serie|series|for|the|of|so|apenas|somente|only|just|me|avisar|avise|tell)\s+)+/

/**
 * Parses `Severance 1 dia antes`, `resumo diário 20h`, `estreias e finais`, `silenciar Fantasma até 24/12`,
 * `Severance 2 hours later`. Null if a part of it is not possible, such as 20 hours later.
 */
export const noticeArgument = (argument: string, reader: Reader): NoticeArgument | null => {
  // Every letter is folded to one letter, so that the positions in both texts are the same.
  let original = argument.normalize('NFC').replace(/\s+/g, ' ').trim()
  let text = [...original].map(letter => [...folded(letter)][0] ?? letter).join('')
  const take = (match: RegExpExecArray) => {
    original = `${original.slice(0, match.index)} ${original.slice(match.index + match[0].length)}`
    text = `${text.slice(0, match.index)} ${text.slice(match.index + match[0].length)}`
  }
  const change: NoticeChange = {}
  const unmute = endOfSilence.exec(text)
  const mute = silence.exec(text)
  if (unmute !== null) {
    take(unmute)
    change.mutedUntil = reader.now
  } else if (mute !== null) {
    const end = silenceEnd.exec(text)
    const until = end === null ? forEver : dayIn(end[1]!, reader)
    if (until === null) return null
    if (end !== null) take(end)
    take(mute)
    change.mutedUntil = until
  }
  const isReset = reset.exec(text)
  if (isReset !== null) take(isReset)
  const summary = digest.exec(text)
  if (summary !== null) {
    const asked = reportArgument(summary[0].replace(/\b(?:resumo|digest)\b/g, ''))
    if ('refused' in asked) return null
    const { frequency, weekday, hour } = asked.change
    take(summary)
    Object.assign(
      change,
      { timing: frequency },
      hour === undefined ? {} : { digestHour: hour },
      weekday === undefined ? {} : { digestWeekday: weekday },
    )
  }
  for (const [phrase, changeFor] of phrases) {
    const match = phrase.exec(text)
    if (match === null) continue
    const found = changeFor(match)
    if (found === null) return null
    if (Object.keys(found).some(key => key in change)) continue
    take(match)
    Object.assign(change, found)
  }
  const rest = original.replace(/\s+/g, ' ').trim()
  const lead = fillers.exec(`${folded(rest)} `)?.[0].length ?? 0
  return {
    change,
    isReset: isReset !== null,
    rest: rest.slice(Math.min(lead, rest.length)).replace(/[\s,;:.–-]+$/, ''),
  }
}

/** The beginning of the day that the words name, in the zone of the reader. */
const dayIn = (text: string, { language, zone, now }: Reader): Date | null => {
  const words = text
    .trim()
    .split(' ')
    .map(word => word.replace(/[,;.!]+$/, ''))
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).toPlainDate()
  const day = dayAt(words, 0, today, { language, zone, now })
  if (day === null) return null
  const at = instantOf(day.part.toString(), '00:00', zone)
  return at > now ? at : null
}

/** Parses `23h às 8h`, `11pm-8am`, `das 22:30 às 7`; `none` for `nunca`, `off`. Null for other texts. */
export const quietArgument = (argument: string): QuietHours | 'none' | null => {
  const text = folded(argument).trim()
  if (/^(?:nunca|nao|nenhum|sem|desligar|desligado|off|no|none|never)$/.test(text)) return 'none'
  const words = text
    .replace(/\bmeia-noite\b|\bmidnight\b/g, '0h')
    .replace(/\s*[-–]\s*/g, ' ')
    .split(/\s+/)
    .filter(word => !/^(?:das?|de|from|as|a|ate|to|until|e|and|entre|between)$/.test(word))
    .map(word => (/^\d{1,2}$/.test(word) ? `${word}h` : word))
  const from = clockAt(words, 0)
  const to = from === null ? null : clockAt(words, from.count)
  if (from === null || to === null || from.count + to.count !== words.length) return null
  const [first, last] = [from, to].map(({ part: { hour, minute } }) => hour * 60 + minute)
  return first === last ? null : { from: first!, to: last! }
}
