import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import type { CheckOutcome } from '#functions/uptime-prober/check-runner.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { type ProberDependencies, uptimeProber } from '#functions/uptime-prober/uptime-prober.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { virtualTime } from '#test/support/virtual-time.ts'
import { checkOf, request } from './support.ts'

const start = Date.parse('2026-11-21T12:00:00Z')
const slot = (n: number) => new Date(start + n * 10_000)
const cause = rootCause('probe-1')

let database: TestDatabase
let db: Postgres

beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
  await db.query('insert into chat (id) values (7)')
})
afterAll(() => database.end())
beforeEach(() => db.query('truncate monitor, probe_slot, probe_hour, incident restart identity cascade'))

/** Adds monitors in one statement, as an import does. The monitors have no verdict yet. */
const addMonitors = async (count: number): Promise<number[]> =>
  (
    await db.query<{ id: number }>(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
       select 7, 'm' || n, 'http', 'https://m' || n || '.test/', 10, 5000 from generate_series(1, $1::integer) n returning id`,
      [count],
    )
  ).rows.map(({ id }) => id)

const measured = (monitorId: number, n: number, ok: boolean, status = ok ? 200 : 500): CheckOutcome => ({
  result: {
    monitorId,
    dueAt: slot(n),
    startedAt: slot(n),
    ok,
    status,
    error: ok ? null : 'status',
    attempts: 1,
    dnsMs: null,
    connectMs: 1,
    tlsMs: null,
    firstByteMs: 2,
    totalMs: 4,
  },
  confirmed: true,
})

/**
 * A writer on virtual time. `counts.statements` is the number of SQL statements so far. If a test sets `counts.breakAt`
 * to n, the connection ends before the n-th of the following statements in transactions.
 */
const startWriter = () => {
  const time = virtualTime(slot(0))
  const counts = { statements: 0, breakAt: null as number | null }
  const counted = (inner: Postgres, inTransaction = false): Postgres => ({
    query: (sql, values) => {
      counts.statements++
      if (inTransaction && counts.breakAt !== null && --counts.breakAt === 0) {
        counts.breakAt = null
        throw Object.assign(new Error('Connection terminated unexpectedly'))
      }
      return inner.query(sql, values)
    },
    transaction: work => inner.transaction(tx => work(counted(tx, true))),
    end: () => inner.end(),
  })
  const writer = resultWriter({ db: time.watched(counted(db)), clock: time.clock, sleep: time.sleep })
  const writeAll = async (results: CheckOutcome[], flush = false): Promise<VigiaEvent[]> =>
    (await time.until(Promise.all(results.map(result => writer.write(result, cause, flush))))).flat()
  return { counts, writer, time, writeAll }
}

const names = (events: VigiaEvent[]) => events.map(({ id }) => id).toSorted()
const statesOf = async () =>
  (await db.query<{ state: string; count: number }>('select state, count(*) as count from monitor group by state')).rows
const count = async (table: string) =>
  (await db.query<{ count: number }>(`select count(*) as count from ${table}`)).rows[0]!.count

describe('many monitors whose state changes at once', () => {
  test('are judged with as many statements as a single monitor', async () => {
    const ids = await addMonitors(400)
    const { counts, writeAll } = startWriter()
    await writeAll([measured(ids[0]!, 0, true)])
    const spent = async (results: CheckOutcome[]) => {
      counts.statements = 0
      const events = await writeAll(results)
      return { statements: counts.statements, events: events.length }
    }
    for (const [n, ok] of [
      [1, true],
      [2, false],
      [3, true],
    ] as const) {
      const one = await spent([measured(ids[0]!, n, ok)])
      const rest = await spent(ids.slice(1).map(id => measured(id, n, ok)))
      if (n > 1) expect(rest, `slot ${n}`).toEqual({ statements: one.statements, events: 399 })
      else expect(rest.statements, 'first verdicts').toBeLessThanOrEqual(10)
    }
    expect(await statesOf()).toEqual([{ state: 'up', count: 400 }])
    expect(await count('incident')).toBe(400)
  })

  test('do not delay the checks of other monitors while their verdicts are written', async () => {
    const time = virtualTime(slot(0))
    const lateMs: number[] = []
    // PostgreSQL takes a hundred seconds for the burst.
    const written = time.sleep(100_000)
    const check = (id: number, dueMs: number) =>
      checkOf({ id, url: `https://m${id}.test/`, intervalS: 10 }, slot(0).getTime() + dueMs)
    const dependencies: ProberDependencies = {
      db,
      clock: time.clock,
      sleep: time.sleep,
      runCheck: async ({ monitorId, dueAt }) => {
        lateMs.push(time.clock().getTime() - Date.parse(dueAt))
        return measured(monitorId, 0, monitorId > 5_000)
      },
      results: { write: () => written.then(() => []), flushNow: () => {} },
      publish: async () => {},
      stop: new AbortController().signal,
    }
    const burst = Array.from({ length: 5_000 }, (_, at) => check(at + 1, 0))
    const others = Array.from({ length: 100 }, (_, at) => check(5_001 + at, at * 90))
    await time.until(Promise.all([burst, others].map(checks => uptimeProber(request(checks), dependencies))))
    expect(lateMs).toHaveLength(5_100)
    expect(Math.max(...lateMs)).toBeLessThanOrEqual(1_000)
  })

  test('get the same events when their results are written again, because the process may have crashed before it published them', async () => {
    const ids = await addMonitors(300)
    const { writeAll } = startWriter()
    await writeAll(ids.map(id => measured(id, 0, true)))
    const outage = ids.map(id => measured(id, 1, false))
    const first = await writeAll(outage, true)
    expect(first).toHaveLength(300)
    expect(names(await startWriter().writeAll(outage))).toEqual(names(first))
    const recovery = ids.map(id => measured(id, 2, true))
    expect(names(await writeAll(recovery, true))).toEqual(names(await startWriter().writeAll(recovery)))
    expect(await count('incident')).toBe(300)
    expect(await count('probe_slot')).toBe(900)
  })

  test('written by two replicas at the same time have one incident each, and both replicas get the same events', async () => {
    const ids = await addMonitors(200)
    await startWriter().writeAll(ids.map(id => measured(id, 0, true)))
    const outage = ids.map(id => measured(id, 1, false))
    const published = await Promise.all([
      startWriter().writeAll(outage, true),
      startWriter().writeAll(outage.toReversed(), true),
    ])
    expect(new Set(names(published.flat())).size).toBe(200)
    expect(names(published[0])).toEqual(names(published[1]))
    expect(await count('incident')).toBe(200)
    expect(await statesOf()).toEqual([{ state: 'down', count: 200 }])
  })

  test.each([1, 2, 3, 4])('get one incident and event each if the connection breaks at statement %i', async breakAt => {
    const ids = await addMonitors(100)
    const { counts, writeAll } = startWriter()
    await writeAll(ids.map(id => measured(id, 0, true)))
    counts.breakAt = breakAt
    const published = await writeAll(ids.map(id => measured(id, 1, false)))
    expect(counts.breakAt, 'the connection broke').toBeNull()
    expect(new Set(names(published)).size).toBe(100)
    expect(published).toHaveLength(100)
    expect(await count('incident')).toBe(100)
  })

  test('get their verdicts although PostgreSQL refuses the result of one of them', async () => {
    const ids = await addMonitors(300)
    const { writer, time } = startWriter()
    const writes = ids.map((id, n) => writer.write(measured(id, 0, false, n === 123 ? 99_999 : 500), cause, true))
    const outcomes = await time.until(Promise.allSettled(writes))
    expect(outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([123])
    expect(await count('incident')).toBe(299)
  })
})
