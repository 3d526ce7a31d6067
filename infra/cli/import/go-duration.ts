const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** The milliseconds of a duration of Go (`1h30m`, `1.5s`), or of a number of nanoseconds; null for something else. */
export const parseGoDuration = (value: unknown): number | null => {
  if (typeof value === 'number') return value / 1e6
  if (typeof value !== 'string' || !/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(value)) return null
  return [...value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * unitsMs[unit!]!,
    0,
  )
}
