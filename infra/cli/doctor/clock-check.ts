import { failed, ok, type Result, skipped, warning } from './finding.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'

/** An HTTP date has whole seconds, so a smaller difference may be none. */
const noticeableS = 3
const tooMuchS = 30

/** Another clock: its name, and its time now in Unix milliseconds; null if it does not answer. */
export interface OtherClock {
  name: string
  read(): Promise<number | null>
}

export const clockOfDatabase = ({ query }: ReadOnlyDatabase): OtherClock => ({
  name: 'PostgreSQL',
  read: async () =>
    (await query<{ ms: number }>('select extract(epoch from clock_timestamp())::float8 * 1000 as ms'))[0]!.ms,
})

/** The clock in the header Date of any answer of the Bot API server. The request needs no token. */
export const clockOfTelegram = (apiRoot: string, timeoutMs: number): OtherClock => ({
  name: 'Telegram',
  read: async () => {
    const response = await fetch(apiRoot, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    }).catch(() => null)
    const ms = Date.parse(response?.headers.get('date') ?? '')
    // The header is cut to the second, so on average the time is half a second later.
    return Number.isNaN(ms) ? null : ms + 500
  },
})

/**
 * Compares this machine's clock with others. The answer belongs to some time during the request, most likely to its
 * middle. So half of the request's duration, which is long on a busy machine, is subtracted from the difference.
 */
export const clockCheck = async (others: readonly OtherClock[], nowMs: () => number): Promise<Result> => {
  const differences = await Promise.all(
    others.map(async ({ name, read }) => {
      const before = nowMs()
      const theirs = await read()
      const halfMs = (nowMs() - before) / 2
      if (theirs === null) return null
      const aheadMs = before + halfMs - theirs
      return { name, aheadS: (Math.sign(aheadMs) * Math.max(0, Math.abs(aheadMs) - halfMs)) / 1_000 }
    }),
  )
  const known = differences.filter(difference => difference !== null)
  const found = known.map(describe).join(', ')
  if (known.length === 0) return skipped('no other clock answers')
  const largest = Math.max(...known.map(({ aheadS }) => Math.abs(aheadS)))
  if (largest < noticeableS) return ok(found)
  const why = 'Checks, announcements and the leases of events use both clocks, so they begin or end at the wrong time.'
  const next = 'timedatectl status; the clocks agree when NTP runs on both machines'
  return largest < tooMuchS ? warning(found, why, next) : failed(found, why, next)
}

const describe = ({ name, aheadS }: { name: string; aheadS: number }) => {
  const text = Math.abs(aheadS).toFixed(1)
  return Math.abs(aheadS) < noticeableS
    ? `${text} s from ${name}'s clock`
    : `${text} s ${aheadS > 0 ? 'ahead of' : 'behind'} ${name}'s clock`
}
