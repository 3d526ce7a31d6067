import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProbeResult } from '#database/uptime/probe-results.ts'
import { collect } from '#functions/reporter/collect.ts'
import type { UptimeFigures } from '#functions/reporter/figures.ts'
import {
  addIncident,
  addMonitor,
  chatId,
  database,
  dependencies,
  period,
  result,
  store,
  useReporter,
} from './support.ts'

/*
 * The figures of a report come from hourly sums. Here they are compared with figures that are computed a second time,
 * in another way, from the single results.
 */

useReporter()

const figures = async (): Promise<UptimeFigures> =>
  (await collect({ chatId, zone: 'UTC' }, period, dependencies(), period.to, () => {})).uptime!

/** One slot of a monitor, with the interval that the monitor had then. */
interface Slot {
  result: ProbeResult
  intervalS: number
}

/**
 * The slots of a monitor that count. Requested checks belong to no slot; they count, all with the interval of today, if
 * no slot has a conclusion.
 */
const counted = (slots: readonly Slot[], intervalS: number): readonly Slot[] => {
  const own = slots.filter(({ result }) => !result.onDemand)
  return own.some(({ result }) => result.ok !== null) ? own : slots.map(slot => ({ ...slot, intervalS }))
}

const share = (slots: readonly Slot[]): number | null => {
  let [up, all] = [0, 0]
  for (const { result, intervalS } of slots) {
    if (result.ok === null) continue
    all += intervalS
    if (result.ok) up += intervalS
  }
  return all === 0 ? null : up / all
}

const minuteMs = 60_000
/** A slot in each hour, from the hour before the period to the hour after it. `ok` is null for an unknown result. */
const outcomes = fc.array(
  fc.record({
    ok: fc.option(fc.boolean(), { freq: 4 }),
    ms: fc.integer({ min: 1, max: 30_000 }),
    skipped: fc.boolean(),
    onDemand: fc.boolean(),
    minute: fc.integer({ min: 0, max: 59 }),
  }),
  { minLength: 26, maxLength: 26 },
)
const scenario = fc.array(
  fc.record({ slots: outcomes, changesAt: fc.integer({ min: 0, max: 26 }), onlyRequested: fc.boolean() }),
  {
    minLength: 1,
    maxLength: 4,
  },
)

test('the figures are those of the single results, for any results, gaps, unknown and requested checks, and changes of the interval', async () => {
  await fc.assert(
    fc
      .asyncProperty(scenario, async monitors => {
        const slotsOfAll: Slot[] = []
        const intervals = new Map<number, number>()
        for (const [at, { slots, changesAt, onlyRequested }] of monitors.entries()) {
          const { id } = await addMonitor(`monitor ${at}`, 600)
          intervals.set(id, changesAt < slots.length ? 60 : 600)
          for (const [hour, { ok, ms, skipped, onDemand, minute }] of slots.entries()) {
            const intervalS = hour < changesAt ? 600 : 60
            if (hour === changesAt) await database.db.query('update monitor set interval_s = 60 where id = $1', [id])
            if (skipped) continue
            const dueAt = new Date(period.from.getTime() + (hour - 1) * 60 * minuteMs + minute * minuteMs)
            const slot = result(id, dueAt, { ok, totalMs: ok ? ms : null, onDemand: onDemand || onlyRequested })
            await store([slot])
            slotsOfAll.push({ result: slot, intervalS })
          }
        }
        const within = slotsOfAll.filter(({ result: { dueAt } }) => dueAt >= period.from && dueAt < period.to)
        const found = await figures()
        const all: Slot[] = []
        expect(found.monitors).toHaveLength(monitors.length)
        for (const { id, uptime, averageMs, cells } of found.monitors) {
          const own = counted(
            within.filter(({ result }) => result.monitorId === id),
            intervals.get(id)!,
          )
          all.push(...own)
          const expected = share(own)
          expect(uptime === null).toBe(expected === null)
          expect(uptime ?? 0).toBeCloseTo(expected ?? 0, 10)
          const good = own.flatMap(({ result: { ok, totalMs } }) => (ok ? [totalMs!] : []))
          const sum = good.reduce((total, ms) => total + ms, 0)
          expect(averageMs ?? 0).toBeCloseTo(good.length === 0 ? 0 : sum / good.length, 6)
          expect(cells).toHaveLength(24)
          for (const [hour, cell] of cells.entries()) {
            const start = period.from.getTime() + hour * 60 * minuteMs
            const inHour = own.filter(
              ({ result: { dueAt } }) => Math.floor((dueAt.getTime() - start) / (60 * minuteMs)) === 0,
            )
            expect(cell ?? -1).toBeCloseTo(share(inHour) ?? -1, 10)
          }
        }
        expect(found.uptime ?? -1).toBeCloseTo(share(all) ?? -1, 10)
        expect(found.unknown).toBe(within.filter(({ result }) => result.ok === null && !result.onDemand).length)
        const shares = found.monitors.map(({ uptime }) => uptime ?? 2)
        expect(shares).toEqual(shares.toSorted((one, other) => one - other))
      })
      .beforeEach(async () => {
        await database.db.query('truncate monitor, probe_slot cascade')
      }),
    { numRuns: 12 },
  )
})

const outages = async () =>
  (await figures()).outages.map(({ from, to, downMs }) => [
    from.toISOString(),
    to?.toISOString() ?? null,
    downMs / minuteMs,
  ])

test('an outage is cut to the period, and an outage that has not ended has no end', async () => {
  const { id } = await addMonitor('loja')
  await addIncident(id, '2026-11-20T08:00:00.000Z', '2026-11-20T10:59:00.000Z')
  await addIncident(id, '2026-11-20T10:59:30.000Z', '2026-11-20T11:10:00.000Z')
  await addIncident(id, '2026-11-20T12:00:00.000Z', '2026-11-20T12:07:00.000Z')
  await addIncident(id, '2026-11-21T10:30:00.000Z', null)
  expect(await outages()).toEqual([
    ['2026-11-20T11:00:00.000Z', '2026-11-20T11:10:00.000Z', 10],
    ['2026-11-20T12:00:00.000Z', '2026-11-20T12:07:00.000Z', 7],
    ['2026-11-21T10:30:00.000Z', null, 30],
  ])
  expect((await figures()).monitors).toMatchObject([{ isDown: true }])
})

test('checks without a result, which are our fault, do not count as down', async () => {
  const { id } = await addMonitor('loja')
  await store([
    result(id, new Date('2026-11-20T12:00:00Z')),
    result(id, new Date('2026-11-20T12:10:00Z'), { ok: null, error: 'not-checked', totalMs: null }),
  ])
  expect(await figures()).toMatchObject({ uptime: 1, unknown: 1, outages: [] })
})

test('a monitor that was paused before the period is not reported', async () => {
  const { id } = await addMonitor('loja')
  await addMonitor('blog')
  await database.db.query(`update monitor set paused_at = '2026-11-19T00:00:00Z' where id = $1`, [id])
  expect((await figures()).monitors).toMatchObject([{ name: 'blog' }])
})
