import type { ReportSetting } from '#database/reports/report-settings.ts'
import { folded } from '#functions/wording/fold.ts'
import { weekdayNamed } from './weekdays.ts'

/**
 * What a person asked for with the words after /relatorio: a change of the setting, or why the words were not
 * understood. `hour`: the time is not a full hour.
 */
export type ReportArgument = { change: Partial<ReportSetting> } | { refused: 'unknown' | 'hour' }

const always = {
  none: 'nunca never nao no none off desligar desliga desligado parar para pare stop cancelar cancel nenhum',
  daily: 'diario diaria diariamente dia dias daily day days',
  weekly: 'semanal semanalmente semana semanas weekly week weeks',
} as const
const themes = { light: 'claro clara light', dark: 'escuro escura dark' } as const
/** Words that say nothing: `todo dia às 8h da manhã`, `every day at 8`. */
const fillers = new Set(
  'todo toda todos todas o a os as as do da de dos das no na em e ao every each on at in the feira relatorio report horas hora hours hour automatico tema theme imagem picture'.split(
    ' ',
  ),
)
const noon = /\bmeio[\s-]dia\b|\b(?:mid-?day|noon)\b/
const midnight = /\bmeia[\s-]noite\b|\bmidnight\b/
const morning = new Set(['manha', 'morning'])
const evening = new Set(['tarde', 'noite', 'afternoon', 'evening', 'night'])

const keyOf = <Key extends string>(words: Record<Key, string>, word: string): Key | undefined =>
  (Object.keys(words) as Key[]).find(key => words[key].split(' ').includes(word))

/** Parses `diario 8h`, `semanal segunda 8h`, `nunca`, `daily 8am`, `toda segunda às 7 da noite`, `escuro`. */
export const reportArgument = (argument: string): ReportArgument => {
  const change: Partial<ReportSetting> = {}
  let half: 'am' | 'pm' | undefined
  const text = folded(argument).replace(noon, '12h').replace(midnight, '0h')
  for (const word of text.split(/[\s,;.!?-]+/)) {
    if (word === '' || fillers.has(word)) continue
    const frequency = keyOf(always, word)
    const theme = keyOf(themes, word)
    const weekday = weekdayNamed(word)
    if (frequency !== undefined) change.frequency = frequency
    else if (theme !== undefined) change.theme = theme
    else if (weekday !== null) {
      change.weekday = weekday
      change.frequency ??= 'weekly'
    } else if (morning.has(word)) half = 'am'
    else if (evening.has(word)) half = 'pm'
    else {
      const time = hourIn(word)
      if (time === 'hour') return { refused: 'hour' }
      if (time === null) {
        if (word !== 'am' && word !== 'pm') return { refused: 'unknown' }
        half = word
      } else change.hour = time
    }
  }
  if (half === 'pm' && change.hour !== undefined && change.hour < 12) change.hour += 12
  if (half === 'am' && change.hour === 12) change.hour = 0
  if (Object.keys(change).length === 0) return { refused: 'unknown' }
  return { change }
}

/** The hour in `8`, `8h`, `08:00`, `8h00`, `8am`, `20hs`; `hour` if it is not a full hour; null if it is not a time. */
const hourIn = (word: string): number | 'hour' | null => {
  const [, hours, minutes = '00', half] = /^(\d{1,2})(?:[h:](\d\d)|h|hs|hrs)?h?(am|pm)?$/.exec(word) ?? []
  if (hours === undefined) return null
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half === 'pm' ? 12 : 0)
  if (hour > 23 || (half !== undefined && (Number(hours) < 1 || Number(hours) > 12))) return null
  return minutes === '00' ? hour : 'hour'
}
