import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { migrate, migrationsDir } from '#database/migrate.ts'
import { backUp, restore } from '#database/operations/backup.ts'
import { errorNumbers } from '#database/uptime/packed-result.ts'
import { type ProbeResult, probeResultsIn } from '#database/uptime/probe-results.ts'
import { resultPartitionsIn } from '#database/uptime/result-partitions.ts'
import { probeErrorCodes } from '#events/probe-error.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { uptimeSince } from '#test/support/probe-slots.ts'

const chatId = 7
/** The errors that the release before migration 0024 knows. */
const errorsBefore = probeErrorCodes.filter(code => errorNumbers[code] <= errorNumbers['no-ipv6'])
let database: TestDatabase
let dir: string
/** The migration looks at the last minutes, so these tests use the real clock. */
let now: Date

const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000)

beforeEach(async () => {
  now = new Date()
  database = await emptyDatabase()
  dir = await mkdtemp(join(tmpdir(), 'vigia-older-'))
  const older = (await readdir(migrationsDir)).filter(name => name.endsWith('.sql') && name < '0024')
  for (const name of older) await cp(join(migrationsDir, name), join(dir, name))
  await migrate(database.url, { dir })
  await database.db.query('insert into chat (id) values ($1)', [chatId])
  await database.db.query(
    `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
     select $1, 'm' || n, 'http', 'https://m' || n || '.test/', 60, 1000 from generate_series(1, 3) as n`,
    [chatId],
  )
  await resultPartitionsIn(database.db).createPartitions(
    [0, 1, 2, 3].map(days => ago(days * 86_400)),
    'probe_result',
  )
})
afterEach(async () => {
  await database.end()
  await rm(dir, { recursive: true })
})

const upgrade = () => migrate(database.url)

/** The last slot of a monitor that was due at least so many seconds ago. */
const slotBefore = async (monitorId: number, seconds: number): Promise<Date> =>
  (
    await database.db.query<{ slot: Date }>(
      `select to_timestamp(at - (at - slot_hash % interval_s) % interval_s) as slot
       from monitor cross join (select floor(extract(epoch from $2::timestamptz))::bigint as at) as moment where id = $1`,
      [monitorId, ago(seconds)],
    )
  ).rows[0]!.slot

const good = (monitorId: number, dueAt: Date, more: Partial<ProbeResult> = {}): ProbeResult => ({
  ...{ monitorId, dueAt, startedAt: new Date(dueAt.getTime() + 12), ok: true, status: 200, error: null, attempts: 1 },
  ...{ dnsMs: 1.2, connectMs: null, tlsMs: 4_000, firstByteMs: 30.1, totalMs: 40_000, ...more },
})

/** Stores a result with the statement of the release before. Returns whether the row is new. */
const storeAsBefore = async (result: ProbeResult): Promise<boolean> =>
  (
    await database.db.query(
      `with stored as (
         insert into probe_result (monitor_id, due_at, started_at, ok, status, error, attempts, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict do nothing
         returning monitor_id, due_at, ok, total_ms
       ), counted as (
         insert into probe_hour as kept (monitor_id, hour, ok, ok_s)
         select monitor_id, date_trunc('hour', due_at, 'UTC'), 1, 60 from stored
         on conflict (monitor_id, hour) do update set ok = kept.ok + 1, ok_s = kept.ok_s + 60
       )
       select from stored`,
      [
        ...[result.monitorId, result.dueAt, result.startedAt, result.ok, result.status, result.error, result.attempts],
        ...[result.dnsMs, result.connectMs, result.tlsMs, result.firstByteMs, result.totalMs],
      ],
    )
  ).rowCount === 1

test('an upgrade keeps the newest result of each monitor and the results since the beginning of an outage', async () => {
  const slots = {
    newest: await slotBefore(1, 20 * 3_600),
    older: await slotBefore(1, 21 * 3_600),
    recent: [await slotBefore(2, 60), await slotBefore(2, 300)],
    opened: await slotBefore(3, 2 * 86_400),
    before: await slotBefore(3, 3 * 86_400 - 60),
  }
  for (const dueAt of [slots.newest, slots.older]) await storeAsBefore(good(1, dueAt))
  for (const dueAt of slots.recent) await storeAsBefore(good(2, dueAt))
  for (const dueAt of [slots.opened, slots.before]) await storeAsBefore(good(3, dueAt, { ok: false, error: 'timeout' }))
  await database.db.query(
    `insert into incident (monitor_id, opened_at, opened_cause, error) values (3, $1, 'x', 'timeout')`,
    [slots.opened],
  )
  await Promise.all([upgrade(), upgrade()])
  const { rows } = await database.db.query<{ monitorId: number; dueAt: Date; weightS: number }>(
    `select monitor_id as "monitorId", due_at as "dueAt", weight_s as "weightS" from probe_slot order by monitor_id, due_at desc`,
  )
  expect(rows).toEqual([
    { monitorId: 1, dueAt: slots.newest, weightS: 60 },
    ...slots.recent.map(dueAt => ({ monitorId: 2, dueAt, weightS: 60 })),
    { monitorId: 3, dueAt: slots.opened, weightS: 60 },
  ])
  expect((await database.db.query('select from probe_result')).rowCount).toBe(6)
})

test('the release before writes the same results with every error, and the new release reads them', async () => {
  await upgrade()
  const dueAt = await slotBefore(1, 3_600)
  const each = (ms: number) => new Date(dueAt.getTime() + ms)
  const results = errorsBefore.flatMap((error, n): ProbeResult[] => [
    good(1, each(2 * n), { ok: false, error, status: n % 2 ? 503 : null, attempts: 3 }),
    good(1, each(2 * n + 1), { ok: null, error, startedAt: n % 2 ? null : each(100_000 + n), attempts: 0 }),
  ])
  for (const result of results) expect(await storeAsBefore(result)).toBe(true)
  const before = await probeResultsIn(database.db).of(results)
  await database.db.query('truncate probe_slot')
  for (const result of results) await probeResultsIn(database.db).insert(result)
  const order = (one: ProbeResult, other: ProbeResult) => one.dueAt.getTime() - other.dueAt.getTime()
  expect(before.sort(order)).toEqual((await probeResultsIn(database.db).of(results)).sort(order))
  expect(before.map(({ dueAt, error, ok }) => ({ dueAt, error, ok }))).toEqual(
    results.map(({ dueAt, error, ok }) => ({ dueAt, error, ok })),
  )
})

test('a slot that both releases check during an upgrade counts once', async () => {
  await upgrade()
  const [one, other] = [await slotBefore(1, 60), await slotBefore(1, 120)]
  expect(await storeAsBefore(good(1, one))).toBe(true)
  expect(await probeResultsIn(database.db).insert(good(1, one))).toEqual(new Set())
  expect(await probeResultsIn(database.db).insert(good(1, other))).toEqual(new Set([1]))
  expect(await storeAsBefore(good(1, other))).toBe(false)
  expect((await uptimeSince(database.db, [1], ago(7_200))).get(1)).toMatchObject({ ok: 2, okS: 120 })
})

test('a check that a person requested, and one during maintenance, count as such if the release before stores them', async () => {
  await upgrade()
  const slot = await slotBefore(1, 600)
  await database.db.query(
    `with plan as (insert into maintenance (chat_id, monitor_id, created_at) values ($1, 1, now()) returning id)
     insert into maintenance_window (maintenance_id, starts_at, ends_at) select id, $2, $2::timestamptz + interval '1 minute' from plan`,
    [chatId, slot],
  )
  await storeAsBefore(good(1, slot))
  const requested = new Date(slot.getTime() + 90_123)
  await storeAsBefore(good(1, requested))
  const { rows } = await database.db.query('select due_at as at, weight_s as weight from probe_slot order by due_at')
  expect(rows).toEqual([
    { at: slot, weight: -60 },
    { at: requested, weight: 0 },
  ])
})

test('weeks after a rollback the release before stores results on days without a partition of the new table', async () => {
  await upgrade()
  const later = new Date(now.getTime() + 30 * 86_400_000)
  await resultPartitionsIn(database.db).createPartitions([later], 'probe_result')
  expect(await storeAsBefore(good(1, later))).toBe(true)
  expect((await database.db.query('select from probe_slot')).rowCount).toBe(0)
})

test('a backup of the release before is restored with the results that are still read', async () => {
  const dueAt = await slotBefore(1, 60)
  await storeAsBefore(good(1, dueAt))
  const file = join(dir, 'older.backup')
  await backUp(database.db, file, [{ dir, table: 'migration' }], now)
  const restored = await emptyDatabase()
  try {
    await restore(restored.db, restored.url, file, [{ dir: migrationsDir, table: 'migration' }])
    expect(await probeResultsIn(restored.db).of([{ monitorId: 1, dueAt }])).toEqual([
      good(1, dueAt, { totalMs: 32_768 }),
    ])
  } finally {
    await restored.end()
  }
})
