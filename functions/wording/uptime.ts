import type { Language } from '#database/chats/language.ts'

/**
 * An uptime from 0 to 1 as text: `99,98%`, in English `99.98%`. It is rounded down, because 99.996 % must not be shown
 * as 100 %.
 */
export const sayUptime = (uptime: number, language: Language): string =>
  new Intl.NumberFormat(language, {
    style: 'percent',
    maximumFractionDigits: 2,
    roundingMode: 'floor',
  } as Intl.NumberFormatOptions).format(uptime)

/** A duration of a response: `1.204 ms`, in English `1,204 ms`. */
export const sayMilliseconds = (ms: number, language: Language): string =>
  `${new Intl.NumberFormat(language).format(Math.round(ms))} ms`
