import { afterAll, beforeAll, expect, test } from 'vitest'
import { impactHoursIn } from '#database/pages/impact-hours.ts'
import type { Impact } from '#database/pages/impacts.ts'
import type { PageQuery } from '#database/pages/page-reading.ts'
import { pageSnapshotsIn } from '#database/pages/page-snapshots.ts'
import { type NewPost, pagePostsIn } from '#database/pages/posts.ts'
import { readPage } from '#database/pages/read-page.ts'
import { probeDaysIn } from '#database/uptime/probe-days.ts'
import { resultPartitionsIn } from '#database/uptime/result-partitions.ts'
import { barsOf, limitsOf, type RangeName, total, uptimeOf } from '#functions/status-page/ranges.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, hourMs } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())

/** A generator of numbers from 0 to 1 that gives the same numbers each time. */
const numbers = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return seed / 2 ** 31
}

interface Slot {
  at: number
  intervalS: number
  result: 'up' | 'down' | 'unknown' | 'maintenance'
}

/** A history of slots, one after the other: outages, gaps, pauses, maintenance and changes of the interval. */
const historyOf = (from: number, to: number, random: () => number): Slot[] => {
  const slots: Slot[] = []
  let at = from
  while (at < to) {
    const kind = random()
    const intervalS = [300, 900, 1800][Math.floor(random() * 3)]!
    const end = Math.min(to, at + random() * 40 * hourMs)
    if (kind < 0.1) at = end
    const result = kind < 0.65 ? 'up' : kind < 0.8 ? 'down' : kind < 0.9 ? 'unknown' : 'maintenance'
    for (; at < end; at += intervalS * 1000) slots.push({ at, intervalS, result })
  }
  return slots
}

/** A time in which people call the service affected. Several of them may overlap. */
interface Matter {
  from: number
  to: number
  impact: Impact
}

const weights: Record<Impact, number> = { none: 0, degraded: 0, partial: 0.3, down: 1 }

/** The uptime from the single slots: the rule in a few lines. */
const simpleUptime = (slots: readonly Slot[], matters: readonly Matter[], from: number, to: number): number | null => {
  const seconds = (result: Slot['result']) =>
    slots
      .filter(slot => slot.result === result && slot.at >= from && slot.at < to)
      .reduce((sum, { intervalS }) => sum + intervalS, 0)
  const lost = slots
    .filter(({ result, at }) => result === 'up' && at >= from && at < to)
    .map(({ at, intervalS }) => {
      const covering = matters.filter(matter => matter.from <= at && at < matter.to)
      return intervalS * Math.max(0, ...covering.map(({ impact }) => weights[impact]))
    })
    .reduce((sum, each) => sum + each, 0)
  const [up, down] = [seconds('up'), seconds('down')]
  return up + down === 0 ? null : (up - lost) / (up + down)
}

/** The start of a day or hour of a zone, by stepping through the hours. */
const startOf = (unit: 'day' | 'hour', zone: string, at: number): number => {
  const dateOf = (ms: number) => new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short' }).format(ms)
  let start = Math.floor(at / hourMs) * hourMs
  while (unit === 'day' && dateOf(start - hourMs) === dateOf(at)) start -= hourMs
  return start
}

const store = (monitorId: number, slots: readonly Slot[]) => {
  const hours = Map.groupBy(slots, ({ at }) => Math.floor(at / hourMs) * hourMs)
  const rows = [...hours].map(([hour, inHour]) => {
    const of = (result: Slot['result']) => inHour.filter(slot => slot.result === result)
    const seconds = (result: Slot['result']) => of(result).reduce((sum, { intervalS }) => sum + intervalS, 0)
    return {
      ...{ monitor_id: monitorId, hour: new Date(hour), total_ms: 0 },
      ...{ ok: of('up').length, failed: of('down').length, missed: of('unknown').length },
      ...{ maintenance: of('maintenance').length, ok_s: seconds('up'), failed_s: seconds('down') },
      ...{ missed_s: seconds('unknown'), maintenance_s: seconds('maintenance') },
    }
  })
  const names = Object.keys(rows[0]!).join(', ')
  return database.db.query(
    `insert into probe_hour (${names}) select ${names} from json_populate_recordset(null::probe_hour, $1::json)`,
    [JSON.stringify(rows)],
  )
}

const dayMs = 24 * hourMs

/** Matters of some hours up to two days: one that goes on, two that overlap, and one in each quarter of the year. */
const mattersBefore = (now: number, random: () => number): Matter[] =>
  [340, 250, 160, 70, 20, 9, 8.5, 0.4].map((days, at) => {
    const from = Math.floor(now - days * dayMs)
    const impact = (['partial', 'down', 'degraded', 'partial', 'down', 'partial', 'down', 'partial'] as const)[at]!
    return { from, to: days < 1 ? now + dayMs : Math.floor(from + hourMs + random() * 2 * dayMs), impact }
  })

/** Tells people of the matters, each by two posts, and sums up their hours as time goes on. */
const tell = async (
  pageId: number,
  monitorId: number,
  matters: readonly Matter[],
  slots: readonly Slot[],
  now: number,
) => {
  const { db } = database
  for (const { from, to, impact } of matters) {
    const end = Math.min(to, now)
    const days = Array.from({ length: Math.ceil((end - from) / dayMs) + 1 }, (_, day) => new Date(from + day * dayMs))
    await resultPartitionsIn(db).createPartitions(days)
    const during = slots.filter(
      ({ at }) => at >= from - hourMs && at < end && Math.floor(at / dayMs) * dayMs <= +days.at(-1)!,
    )
    await db.query(
      `insert into probe_slot (monitor_id, due_at, weight_s, outcome, late, status, dns, connect, tls, first_byte, total)
       select $1, due_at, weight_s, outcome, 0, 0, -1, -1, -1, -1, -1
       from unnest($2::timestamptz[], $3::int[], $4::int[]) as slot (due_at, weight_s, outcome)
       on conflict do nothing`,
      [
        monitorId,
        during.map(({ at }) => new Date(at)),
        during.map(({ intervalS, result }) => (result === 'maintenance' ? -intervalS : intervalS)),
        during.map(({ result }) => ({ up: 1, maintenance: 1, down: 65, unknown: -33 })[result]),
      ],
    )
    const post: NewPost = {
      ...{ pageId, threadId: null, incidentId: null, status: 'identified', text: 'x', at: new Date(from) },
      impacts: impact === 'none' ? {} : { [monitorId]: impact },
    }
    const { threadId } = await pagePostsIn(db).add(post, `${from}/begin`)
    if (to < now) {
      const last: NewPost = { ...post, threadId, status: 'resolved', at: new Date(to) }
      await pagePostsIn(db).add(last, `${from}/end`)
    }
  }
  // The scheduler sums up every hour; here only after each matter.
  const ends = matters.map(({ to }) => Math.min(now, to + hourMs))
  for (const end of ends.toSorted((one, other) => one - other)) await impactHoursIn(db).sumUp(new Date(end))
}

test.each([
  // Clocks are set back and forward within 90 days, and in a zone that is half an hour away from UTC they are not.
  ['America/New_York', '2026-11-21T15:00:00Z', 'with'],
  ['America/New_York', '2026-03-20T02:30:00Z', 'without'],
  ['America/Sao_Paulo', '2026-06-01T02:59:59Z', 'with'],
  ['Pacific/Auckland', '2026-10-03T11:00:00Z', 'without'],
])(
  'in %s at %s, %s sums of days, every period has the uptime that a simple computation has, also from a snapshot',
  async (zone, instant, sumsOfDays) => {
    const { db } = database
    const now = new Date(instant)
    await db.query('delete from chat')
    await db.query('insert into chat (id, zone) values (7, $1)', [zone])
    const monitor = await addMonitor(db, 'Loja')
    const slots = historyOf(now.getTime() - 370 * 24 * hourMs, now.getTime(), numbers(42))
    await store(monitor, slots)
    const { id: pageId } = await addPage(db, [monitor])
    const matters = mattersBefore(now.getTime(), numbers(7))
    await db.query('delete from cursor')
    await tell(pageId, monitor, matters, slots, now.getTime())
    await db.query('delete from probe_day')
    // One run sums up forty days.
    if (sumsOfDays === 'with') for (let run = 0; run < 10; run++) await probeDaysIn(db).sumUp(now)
    const units: Record<RangeName, ['day' | 'hour', number, string]> = {
      '24h': ['hour', 24, 'UTC'],
      '7d': ['hour', 7 * 24, 'UTC'],
      '30d': ['day', 30, zone],
      '90d': ['day', 90, zone],
      '365d': ['day', 365, 'UTC'],
    }
    for (const [name, [unit, count, unitZone]] of Object.entries(units) as [RangeName, (typeof units)[RangeName]][]) {
      let from = startOf(unit, unitZone, now.getTime())
      for (let left = count - 1; left > 0; left--) from = startOf(unit, unitZone, from - 1)
      const limits = limitsOf(name, zone, now)
      expect([name, limits[0]! * 1000]).toEqual([name, from])
      const query: PageQuery = {
        address: { slug: 'acme' },
        since: new Date(limits[0]! * 1000 - 24 * hourMs),
        unit: unit === 'hour' ? 'hour' : unitZone === zone ? 'day' : 'utc day',
        now,
        history: { first: 0, count: 40 },
        outagesSince: now,
      }
      const snapshots = pageSnapshotsIn(db)
      const first = await snapshots.read(query)
      await first!.upkeep()
      const pages = [
        await readPage(db, query),
        await readPage(db, { ...query, history: { monitorId: monitor } }),
        first!.page,
        // Now with the history that was kept.
        (await snapshots.read(query))!.page,
      ]
      const histories = pages.map(page => page!.components[0]!)
      // The badge of a page has the sums of all its monitors together.
      const together = await readPage(db, { ...query, history: 'together' })
      histories.push({ ...together!.components[0]!, sums: together!.sums })
      for (const history of histories) {
        const uptime = uptimeOf(total(barsOf(history, limits)))
        expect(Math.abs(uptime! - simpleUptime(slots, matters, from, now.getTime())!)).toBeLessThan(0.00001)
      }
    }
  },
)
