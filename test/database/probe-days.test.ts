import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { deleteExpired } from '#database/operations/retention.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeDaysIn } from '#database/uptime/probe-days.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import { type ProbeResult, probeResultsIn } from '#database/uptime/probe-results.ts'
import { uptimeIn } from '#database/uptime/uptime.ts'
import { housekeeping } from '#functions/probe-scheduler/housekeeping.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

const chatId = 7
const intervalS = 60
const at = (text: string) => new Date(`2026-11-${text}Z`)

let database: TestDatabase
let db: Postgres
let id: number
beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
})
afterAll(() => database.end())
beforeEach(async () => {
  await db.query('truncate chat, probe_slot, cursor cascade')
  await db.query('insert into chat (id) values ($1)', [chatId])
  const wanted = { chatId, name: 'm', kind: 'http' as const, url: 'https://m.test/', intervalS, timeoutMs: 5_000 }
  id = (await monitorsIn(db).add(wanted)).monitor.id
})

const store = async (dueAt: Date, ok: boolean | null, more: Partial<ProbeResult> = {}) => {
  await probeResultsIn(db).createPartitions([dueAt])
  await probeResultsIn(db).insert({
    ...{ monitorId: id, dueAt, startedAt: dueAt, ok, status: null, error: ok ? null : 'timeout', attempts: 1 },
    ...{ dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: ok ? 100 : null, ...more },
  })
}

const days = async () =>
  (
    await db.query<{ day: string; ok: number; failed: number; missed: number }>(
      'select day, ok, failed, missed from probe_day where monitor_id = $1 order by day',
      [id],
    )
  ).rows

test('a day is summed up once it is over, and any number of ticks, also at once, count each hour once', async () => {
  await store(at('20T00:00:00'), true)
  await store(at('20T23:59:00'), false)
  await store(at('21T00:00:00'), true)
  await probeDaysIn(db).sumUp(at('20T23:59:59'))
  expect(await days()).toEqual([])
  await Promise.all(Array.from({ length: 4 }, () => probeDaysIn(db).sumUp(at('21T00:00:10'))))
  await probeDaysIn(db).sumUp(at('21T01:00:00'))
  expect(await days()).toEqual([{ day: '2026-11-20', ok: 1, failed: 1, missed: 0 }])
})

test('a result that comes late is in the sums of its day: after an hour for the last two days, after a day for older ones', async () => {
  for (const day of ['10', '19', '20']) await store(at(`${day}T12:00:00`), true)
  await probeDaysIn(db).sumUp(at('21T00:30:00'))
  for (const day of ['10', '19', '20']) await store(at(`${day}T12:01:00`), null, { startedAt: null })
  await probeDaysIn(db).sumUp(at('21T01:30:00'))
  expect((await days()).map(({ missed }) => missed)).toEqual([0, 1, 1])
  await probeDaysIn(db).sumUp(at('22T00:30:00'))
  expect((await days()).map(({ missed }) => missed)).toEqual([1, 1, 1])
})

test('after a month without ticks the days before it are summed up, and the uptime does not count the month', async () => {
  await store(at('01T12:00:00'), true)
  await store(at('01T12:01:00'), false)
  const tick = housekeeping(db)
  await tick(at('01T23:00:00'))
  const resumed = new Date('2026-12-02T10:00:00Z')
  await probeHoursIn(db).countMissed(at('02T00:00:00'), resumed, resumed)
  await store(new Date('2026-12-02T10:01:00Z'), true)
  const found = () => uptimeIn(db).uptimeOf([id], { from: at('01T00:00:00'), to: new Date('2026-12-02T11:00:00Z') })
  const before = (await found()).get(id)
  await tick(resumed)
  expect((await days())[0]).toEqual({ day: '2026-11-01', ok: 1, failed: 1, missed: 0 })
  expect((await found()).get(id)).toEqual(before)
  expect(before).toMatchObject({ ok: 2, failed: 1, uptime: 2 / 3 })
})

test('the sums of a day outlive the results and the hours from which they were made', async () => {
  await store(at('20T12:00:00'), true)
  await store(at('20T12:01:00'), true, { warning: 'slow', totalMs: 300 })
  await probeDaysIn(db).sumUp(at('21T00:30:00'))
  const later = new Date('2028-03-01T12:00:00Z')
  await housekeeping(db)(later)
  await deleteExpired(db, later)
  for (const table of ['probe_hour', 'probe_slot'])
    expect((await db.query(`select from ${table}`)).rowCount, table).toBe(0)
  expect(await uptimeIn(db).daysOf([id], '2026-11-01', '2026-12-01')).toEqual([
    {
      ...{ monitorId: id, day: '2026-11-20', ok: 2, failed: 0, missed: 0, maintenance: 0, slow: 1 },
      ...{ okS: 120, failedS: 0, missedS: 0, maintenanceS: 0, totalMs: 400, maxMs: 300, averageMs: 200, uptime: 1 },
    },
  ])
})

test('a monitor that is deleted takes its sums with it, and results that are on their way add none', async () => {
  await store(at('20T12:00:00'), true)
  await probeDaysIn(db).sumUp(at('21T00:30:00'))
  await monitorsIn(db).remove(chatId, id)
  await store(at('20T12:01:00'), true)
  await probeDaysIn(db).sumUp(at('21T01:30:00'))
  for (const table of ['probe_hour', 'probe_day'])
    expect((await db.query(`select from ${table}`)).rowCount, table).toBe(0)
  expect(await uptimeIn(db).uptimeOf([id], { from: at('01T00:00:00'), to: at('22T00:00:00') })).toEqual(new Map())
})

test('a clock that was weeks ahead leaves no day without its results', async () => {
  await store(at('20T12:00:00'), true)
  await probeDaysIn(db).sumUp(new Date('2026-12-24T00:30:00Z'))
  await store(at('21T12:00:00'), false)
  await probeDaysIn(db).sumUp(at('22T00:30:00'))
  await store(at('22T01:00:00'), false)
  const { ok, failed } = (await uptimeIn(db).uptimeOf([id], { from: at('01T00:00:00'), to: at('23T00:00:00') })).get(
    id,
  )!
  expect({ ok, failed }).toEqual({ ok: 1, failed: 2 })
})

test('slots of an earlier release, which have no seconds, count with the present interval', async () => {
  await db.query(
    'insert into probe_hour (monitor_id, hour, ok, failed, missed, maintenance) values ($1, $2, 3, 1, 2, 4)',
    [id, at('20T12:00:00')],
  )
  const window = { from: at('20T00:00:00'), to: at('21T00:00:00') }
  const expected = { okS: 180, failedS: 60, missedS: 120, maintenanceS: 240, uptime: 0.75 }
  expect((await uptimeIn(db).uptimeOf([id], window)).get(id)).toMatchObject(expected)
  await probeDaysIn(db).sumUp(at('21T00:30:00'))
  expect((await uptimeIn(db).uptimeOf([id], window)).get(id)).toMatchObject(expected)
})
