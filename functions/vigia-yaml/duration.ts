const units: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]

/** A duration in the file: `30s`, `5m`, `1h30m`, `500ms`, `1d`. For JSON Schema, so that editors check it too. */
export const durationPattern = '^([0-9]{1,9}(d|h|ms|m|s))+$'

const pattern = new RegExp(durationPattern)

/** The milliseconds of a duration; null if the text is not a duration. */
export const parseDuration = (text: string): number | null =>
  pattern.test(text)
    ? [...text.matchAll(/(\d+)(d|h|ms|m|s)/g)].reduce(
        (sum, [, number, unit]) => sum + Number(number) * units.find(([name]) => name === unit)![1],
        0,
      )
    : null

/** The shortest text of a duration: `90000` is `1m30s`. */
export const formatDuration = (ms: number): string => {
  let rest = Math.round(ms)
  const parts = units.map(([unit, length]) => {
    const count = Math.floor(rest / length)
    rest -= count * length
    return count === 0 ? '' : `${count}${unit}`
  })
  return parts.join('') || '0s'
}
