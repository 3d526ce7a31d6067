/** The milliseconds of each unit, by the first letters of its names. */
const units: readonly [names: RegExp, ms: number][] = [
  [/^(?:ms|milissegundos?|milliseconds?)$/, 1],
  [/^(?:|s|segs?|segundos?|secs?|seconds?)$/, 1_000],
  [/^(?:min|minutos?|minutes?)$/, 60_000],
]

/** Milliseconds: `800 ms`, `1,5 s`, `2 segundos`, `2`. A number without a unit is seconds. Null for other texts. */
export const parseMilliseconds = (text: string): number | null => {
  const [, amount, unit = ''] = /^(\d{1,6}(?:[.,]\d{1,3})?)\s*(\p{L}*)$/u.exec(text.trim().toLowerCase()) ?? []
  const ms = units.find(([names]) => names.test(unit))?.[1]
  return amount === undefined || ms === undefined ? null : Math.round(Number(amount.replace(',', '.')) * ms)
}
