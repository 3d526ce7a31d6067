import { parseInterval } from './monitor-argument.ts'

/** The parts of a text after /batimento. */
export interface HeartbeatArgument {
  /** As it was typed; '' if there is none. */
  name: string
  /** A cron expression of five fields, or an interval in seconds; null if there is neither. */
  schedule: { cron: string } | { periodS: number } | null
  /** The grace in seconds. `undefined`: it was not typed; null: it cannot be read. */
  graceS: number | null | undefined
}

/** A grace, anywhere after the name: `tolerância 1h`, `tolerancia de 30 min`, `grace 1h`. */
const graceWord = /\s(?:toler[âa]ncia|grace)\b[:=]?\s*(?:(?:de|of)\s+)?(\d+\s*[a-z]*|\S*)/iu
const cronField = /^(?:[\d*,/?#L-]|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+$/i

/** Parses `backup 24h tolerância 1h` and `report 0 3 * * *`. */
export const parseHeartbeatArgument = (argument: string): HeartbeatArgument => {
  const grace = graceWord.exec(argument)?.[1]
  const words = argument.replace(graceWord, ' ').trim().split(/\s+/)
  const graceS = grace === undefined ? undefined : parseInterval(grace)
  const cron = words.slice(-5)
  // An interval such as `1 2 3 4 5` does not exist, so five fields at the end are always an expression.
  if (words.length > 5 && cron.every(field => cronField.test(field)))
    return { name: words.slice(0, -5).join(' '), schedule: { cron: cron.join(' ') }, graceS }
  // The longest end of the text that is an interval; at least one word is the name.
  for (let at = 1; at < words.length; at++) {
    const periodS = parseInterval(words.slice(at).join(' '))
    if (periodS !== null) return { name: words.slice(0, at).join(' '), schedule: { periodS }, graceS }
  }
  return { name: words.join(' '), schedule: null, graceS }
}
