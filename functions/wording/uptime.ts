import type { Language } from '#database/chats/language.ts'
import { memoize } from '#functions/host/memoize.ts'

// Formatters are kept, because a page says hundreds of figures and making a formatter takes longer than formatting.
const percents = memoize(
  language =>
    new Intl.NumberFormat(language, {
      style: 'percent',
      maximumFractionDigits: 2,
      roundingMode: 'floor',
    } as Intl.NumberFormatOptions),
)
const numbers = memoize(language => new Intl.NumberFormat(language))

/**
 * An uptime from 0 to 1 as text: `99,98%`, in English `99.98%`. It is rounded down, because 99.996 % must not be shown
 * as 100 %.
 */
export const sayUptime = (uptime: number, language: Language): string => percents(language).format(uptime)

/** A duration of a response: `1.204 ms`, in English `1,204 ms`. */
export const sayMilliseconds = (ms: number, language: Language): string =>
  `${numbers(language).format(Math.round(ms))} ms`
