import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeDaysIn } from '#database/uptime/probe-days.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { uptimeIn } from '#database/uptime/uptime.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const now = new Date('2026-11-21T12:34:56Z')
const daysAgo = (days: number) => new Date(now.getTime() - days * dayMs)
const chatId = 7
const intervalS = 600

let database: TestDatabase
let db: Postgres
beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
})
afterAll(() => database.end())
beforeEach(async () => {
  await db.query('truncate chat, probe_slot, cursor cascade')
  await db.query('insert into chat (id) values ($1)', [chatId])
})

const addMonitor = async (name: string) =>
  (await monitorsIn(db).add({ chatId, name, kind: 'http', url: `https://${name}/`, intervalS, timeoutMs: 5_000 }))
    .monitor.id

/** Pseudo-random numbers from 0 to 1 that are the same in every run. */
const random = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return seed / 2 ** 31
}

/** A slot of a history: the second, simple computation adds these up one by one. */
interface Slot {
  at: number
  kind: 'ok' | 'failed' | 'missed' | 'maintenance'
  weightS: number
  ms: number
}

const uptimeOfSlots = (slots: readonly Slot[], from: Date, to: Date) => {
  let good = 0
  let bad = 0
  for (const { at, kind, weightS } of slots) {
    if (at < from.getTime() || at >= to.getTime()) continue
    if (kind === 'ok') good += weightS
    if (kind === 'failed') bad += weightS
  }
  return good / (good + bad)
}

/** A year of slots: outages, unknown slots, maintenance, pauses and two intervals. */
const yearOfSlots = (): Slot[] => {
  const next = random(42)
  const slots: Slot[] = []
  let at = Math.floor(daysAgo(370).getTime() / dayMs) * dayMs + 7_000
  let kind: Slot['kind'] = 'ok'
  while (at <= now.getTime()) {
    if (next() < 0.03) kind = (['ok', 'failed', 'missed', 'maintenance', 'failed'] as const)[Math.floor(next() * 5)]!
    else if (next() < 0.2) kind = 'ok'
    const weightS = at < daysAgo(100).getTime() ? 3_600 : intervalS
    slots.push({ at, kind, weightS, ms: Math.round(next() * 9_000) / 10 })
    // A pause of some hours.
    at += weightS * 1_000 * (next() < 0.01 ? 40 : 1)
  }
  return slots
}

/** Stores slots as the prober does, with one statement for each table, because a year has many. */
const plant = async (monitorId: number, slots: readonly Slot[]) => {
  const recent = slots.filter(({ at }) => at >= daysAgo(13).getTime())
  await probeResultsIn(db).createPartitions(recent.map(({ at }) => new Date(at)))
  const slot = `unnest($2::timestamptz[], $3::text[], $4::integer[], $5::float8[]) as slot (due_at, kind, s, ms)`
  const values = (planted: readonly Slot[]) => [
    monitorId,
    planted.map(({ at }) => new Date(at)),
    planted.map(({ kind }) => kind),
    planted.map(({ weightS }) => weightS),
    planted.map(({ ms }) => ms),
  ]
  await db.query(
    `insert into probe_slot (monitor_id, due_at, weight_s, outcome, late, status, dns, connect, tls, first_byte, total)
     select $1, due_at, case when kind = 'maintenance' then -s else s end,
       case kind when 'failed' then 65 when 'missed' then -33 else 1 end, 3, 0, -1, -1, -1, -1, round(ms * 10)
     from ${slot}`,
    values(recent),
  )
  const sum = (what: string, kind: string) => `coalesce(sum(${what}) filter (where kind = '${kind}'), 0)`
  await db.query(
    `insert into probe_hour (monitor_id, hour, ok, failed, missed, maintenance, ok_s, failed_s, missed_s, maintenance_s, total_ms, max_ms)
     select $1, date_trunc('hour', due_at, 'UTC'), ${['ok', 'failed', 'missed', 'maintenance'].map(kind => sum('1', kind)).join()},
       ${['ok', 'failed', 'missed', 'maintenance'].map(kind => sum('s', kind)).join()},
       ${sum('ms', 'ok')}, max(ms) filter (where kind = 'ok')
     from ${slot} group by 2`,
    values(slots),
  )
}

const windows = [1, 7, 30, 90, 365]

/** Where a window of so many days begins: results are kept 14 days, so an earlier beginning is that of its hour. */
const beginOf = (days: number) => {
  const from = daysAgo(days)
  return days < 13 ? from : new Date(Math.floor(from.getTime() / hourMs) * hourMs)
}

describe('the uptime of a year', () => {
  let id: number
  let slots: Slot[]
  beforeEach(async () => {
    id = await addMonitor('loja.test')
    slots = yearOfSlots()
    await plant(id, slots)
  })

  const agrees = async () => {
    for (const days of windows) {
      const found = await uptimeIn(db).uptimeOf([id], { from: daysAgo(days), to: now })
      const expected = uptimeOfSlots(slots, beginOf(days), now)
      expect(Math.abs(found.get(id)!.uptime! - expected), `${days} days`).toBeLessThan(0.000_01)
    }
  }

  test('is that of a second, simple computation for every window, before and after the days are summed up', async () => {
    await agrees()
    // One run sums up at most 40 days; until then the hours count.
    for (let run = 0; run < 12; run++) {
      await probeDaysIn(db).sumUp(now)
      if (run % 5 === 0) await agrees()
    }
    const { rows } = await db.query<{ days: number }>('select count(*) as days from probe_day')
    const today = Math.floor(now.getTime() / dayMs)
    expect(rows[0]!.days).toBe(new Set(slots.map(({ at }) => Math.floor(at / dayMs)).filter(day => day < today)).size)
    await agrees()
  })

  test('of 30, 90 and 365 days survives the loss of all single results', async () => {
    for (let run = 0; run < 12; run++) await probeDaysIn(db).sumUp(now)
    await probeResultsIn(db).dropPartitionsBefore(new Date('2027-01-01T00:00:00Z'))
    for (const days of [30, 90, 365]) {
      const found = await uptimeIn(db).uptimeOf([id], { from: daysAgo(days), to: now })
      expect(found.get(id)!.uptime).toBeCloseTo(uptimeOfSlots(slots, beginOf(days), now), 6)
    }
  })

  test('has the same days in bars as one by one, and a day of a zone has 23 to 25 hours when its clocks change', async () => {
    for (let run = 0; run < 12; run++) await probeDaysIn(db).sumUp(now)
    for (const zone of ['UTC', 'America/Sao_Paulo', 'Europe/Berlin']) {
      const days = await uptimeIn(db).daysOf([id], '2026-03-01', '2026-11-22', zone)
      const dayIn = new Intl.DateTimeFormat('sv-SE', { timeZone: zone })
      const byDay = Map.groupBy(slots, ({ at }) => dayIn.format(new Date(Math.floor(at / hourMs) * hourMs)))
      const expected = [...byDay.keys()].filter(day => day >= '2026-03-01' && day < '2026-11-22').sort()
      expect(days.map(({ day }) => day)).toEqual(expected)
      for (const { day, okS, failedS, missedS, maintenanceS, totalMs, maxMs } of days) {
        const own = byDay.get(day)!
        const seconds = (kind: Slot['kind']) =>
          own.reduce((sum, slot) => sum + (slot.kind === kind ? slot.weightS : 0), 0)
        const times = own.flatMap(({ kind, ms }) => (kind === 'ok' ? [ms] : []))
        expect({ day, okS, failedS, missedS, maintenanceS, maxMs }).toEqual({
          day,
          okS: seconds('ok'),
          failedS: seconds('failed'),
          missedS: seconds('missed'),
          maintenanceS: seconds('maintenance'),
          maxMs: times.length === 0 ? null : Math.max(...times),
        })
        expect(totalMs).toBeCloseTo(
          times.reduce((sum, ms) => sum + ms, 0),
          3,
        )
      }
    }
  })
})
