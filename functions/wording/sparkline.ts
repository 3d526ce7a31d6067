import type { HourSums } from '#database/uptime/probe-hours.ts'

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'] as const
/** An hour with a failed check, and an hour without a result that counts. */
const marks = { failed: '✗', none: '·' }

const hourMs = 3_600_000

type Hour = Pick<HourSums, 'hour' | 'ok' | 'failed' | 'totalMs'>

/**
 * The last hours as text, the oldest first: the height of a block is the average response time of the hour, and the
 * middle block is the typical time. Null if no hour has a check.
 */
export const sparkline = (hours: readonly Hour[], now: Date, count = 24): string | null => {
  const byHour = new Map(hours.map(sums => [Math.floor(sums.hour.getTime() / hourMs), sums]))
  const last = Math.floor(now.getTime() / hourMs)
  const shown = Array.from({ length: count }, (_, at) => byHour.get(last - count + 1 + at))
  const averages = shown
    .flatMap(sums => (sums && sums.ok > 0 ? [sums.totalMs / sums.ok] : []))
    .toSorted((a, b) => a - b)
  const typical = averages[Math.floor(averages.length / 2)] ?? 0
  if (shown.every(sums => sums === undefined || sums.ok + sums.failed === 0)) return null
  return shown.map(sums => (sums === undefined ? marks.none : mark(sums, typical))).join('')
}

const mark = ({ ok, failed, totalMs }: Hour, typicalMs: number): string => {
  if (failed > 0) return marks.failed
  if (ok === 0) return marks.none
  const middle = (blocks.length - 1) / 2
  const height = typicalMs === 0 ? middle : Math.round((middle * totalMs) / ok / typicalMs)
  return blocks[Math.min(blocks.length - 1, height)]!
}
