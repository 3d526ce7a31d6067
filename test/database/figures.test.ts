import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { type Figures, mostCounted, mostKinds, readFigures, sampleSize } from '#database/operations/figures.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { startBrokerServer } from '#test/support/broker-server.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { insertResults } from '#test/support/probe-slots.ts'
import { noFigures } from '#test/support/sample-figures.ts'

const now = new Date('2026-11-21T12:30:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000)

/** A database with the tables of the functions and of the one-machine broker. */
const databaseWithBroker = async (): Promise<TestDatabase> => {
  const database = await freshDatabase()
  const server = await startBrokerServer(database.url, [])
  await server.stop()
  await probeResultsIn(database.db).createPartitions([now, ago(24 * 3_600)])
  return database
}

describe('in an empty database', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await databaseWithBroker()
  })
  afterAll(() => database.end())

  test('every figure is zero or empty', async () => {
    expect(await readFigures(database.db, now, { withBroker: true })).toEqual(noFigures)
  })

  test('the broker is left out on request, because a cluster has no such tables', async () => {
    await database.db.query('drop schema broker cascade')
    expect(await readFigures(database.db, now, { withBroker: false })).toEqual({ ...noFigures, deliveries: null })
  })
})

describe('of planted rows', () => {
  let database: TestDatabase
  let figures: Figures
  const run = (sql: string, values: unknown[] = []) => database.db.query(sql, values)

  beforeAll(async () => {
    database = await databaseWithBroker()
    await run('insert into chat (id) values (7)')
    // Monitors 1 to 10: one is new, five are up, three are down, and one is paused.
    await run(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, state, paused_at)
       select 7, n, 'http', 'https://example.org/' || n, 60, 1000,
         case when n = 1 then 'new' when n <= 6 then 'up' when n <= 9 then 'down' else 'up' end,
         case when n = 10 then $1::timestamptz end
       from generate_series(1, 10) as n`,
      [now],
    )
    // The checks of the last five minutes are 0.1 s to 10 s late: 90 good ones, 8 failed ones, 2 inconclusive ones.
    await insertResults(
      database.db,
      `select 1 + n % 10, due_at, due_at + n * interval '100 milliseconds',
         case when n > 98 then null else n <= 90 end
       from generate_series(1, 100) as n cross join lateral (select $1::timestamptz - n * interval '2 seconds' as due_at) as slot`,
      [now],
    )
    // Not counted: a check that is older, and one of a deleted monitor. Counted: a slot that was not checked.
    await insertResults(
      database.db,
      'values (1, $1::timestamptz, $2::timestamptz, true), (999, $3, $2, true), (2, $3, null, null)',
      [ago(301), now, ago(30)],
    )
    await run(
      `insert into probe_hour (monitor_id, hour, ok, missed) values
       (1, '2026-11-21T12:00Z', 3, 4), (2, '2026-11-21T12:00Z', 3, 0), (1, '2026-11-21T11:00Z', 3, 5), (1, '2026-11-21T10:00Z', 3, 6)`,
    )
    await run(
      `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at)
       values (7, $1, 'a', 'timeout', null), (8, $1, 'b', 'timeout', null), (7, $1, 'c', 'timeout', $2)`,
      [ago(600), ago(300)],
    )
    await run(
      `insert into message (key, chat_id, request, cause, state, not_before, requested_at) values
       ('a', 7, '{}', '{}', 'waiting', $2, $2), ('b', 7, '{}', '{}', 'waiting', $2, $1), ('c', 7, '{}', '{}', 'sending', $2, $2),
       ('d', 7, '{}', '{}', 'sent', $2, $3), ('e', 7, '{}', '{}', 'refused', $2, $3)`,
      [ago(90), now, ago(3_600)],
    )
    // Of these, 'f' and 'g' are in time and 'h' is late. Not counted: a refused one, one that had to wait, an old one.
    await run(
      `insert into message (key, chat_id, request, cause, state, not_before, requested_at, sent_at) values
       ('f', 7, '{}', '{}', 'sent', $1, $1, $1), ('g', 7, '{}', '{}', 'sent', $1, $1, $2), ('h', 7, '{}', '{}', 'sent', $1, $1, $3),
       ('i', 7, '{}', '{}', 'refused', $1, $1, null), ('j', 7, '{"notBefore": "x"}', '{}', 'sent', $1, $1, $3),
       ('k', 7, '{}', '{}', 'sent', $4, $4, $1)`,
      [ago(200), ago(197), ago(196.9), ago(300)],
    )
    // Kind k has k dead letters, so the kinds 1 and 2 are among the others.
    await run(
      `insert into dead_letter (fingerprint, trigger, event_source, event_id, reason, event, at, replayed_at)
       select 'kind' || kind, 'trigger' || kind, 's', kind || '/' || n, 'r', '{}', $1, null
       from generate_series(1, ${mostKinds + 2}) as kind cross join lateral generate_series(1, kind) as n`,
      [ago(60)],
    )
    // Of these only the last counts, because it failed again after its replay.
    await run(
      `insert into dead_letter (fingerprint, trigger, event_source, event_id, reason, event, at, replayed_at) values
       ('old', 't', 's', 'old', 'r', '{}', $1, null), ('replayed', 't', 's', 'replayed', 'r', '{}', $2, $3),
       ('kind${mostKinds}', 'trigger${mostKinds}', 's', 'again', 'r', '{}', $3, $2)`,
      [ago(24 * 3_600 + 1), ago(120), ago(60)],
    )
    await run(`insert into cursor (job, reached) values ('probe-scheduler', $1), ('episode-checker', $2)`, [
      now,
      ago(60),
    ])
    await run(
      `insert into broker.event (seq, key, id, source, type, attributes, data, ttl, accepted_at)
       select n, gen_random_uuid(), n::text, 's', 't', '{}', '', 255, $1::timestamptz + n * interval '1 second' from generate_series(0, 9) as n`,
      [ago(100)],
    )
    await run(
      `insert into broker.delivery (event_seq, trigger, state, due)
       values (0, 'a', 'done', null), (1, 'a', 'dead', null), (4, 'b', 'pending', $2), (3, 'a', 'pending', $2), (3, 'b', 'pending', $1)`,
      [ago(1), ago(-10)],
    )
    figures = await readFigures(database.db, now, { withBroker: true })
  })
  afterAll(() => database.end())

  test('monitors are counted by state, and a paused monitor only as paused', () => {
    expect(figures.monitors).toEqual({ new: 1, up: 5, down: 3, paused: 1 })
  })

  test('checks of the last five minutes are counted by outcome', () => {
    expect(figures.checks).toMatchObject({ ok: 90, failed: 8, unknown: 2, missed: 1 })
  })

  test('checks that began more than a second late count as late, and so do missed checks', () => {
    expect(figures.checks.late).toBe(90 + 1)
  })

  test('messages of the last five minutes are in time or late; one that still waits after three seconds is late', () => {
    expect(figures.messages).toEqual({ inTime: 2, late: 1 + 1 })
  })

  test('the lateness of checks is given by percentile, in seconds', () => {
    expect(figures.checks.latenessS).toEqual({ 50: 5, 95: 9.5, 99: 9.9, 100: 10 })
  })

  test('missed checks are those of this hour and of the hour before', () => {
    expect(figures.missedChecks).toBe(9)
  })

  test('incidents that have ended are not open', () => {
    expect(figures.openIncidents).toBe(2)
  })

  test('the outbox has the messages that are neither sent nor refused', () => {
    expect(figures.outbox).toEqual({ waiting: 2, sending: 1, oldestAt: ago(90) })
  })

  test('dead letters are grouped into a limited number of kinds, without replayed and old ones', () => {
    const { kinds, others } = figures.deadLetters
    expect(kinds).toHaveLength(mostKinds)
    expect(kinds.slice(0, 3)).toEqual([
      { fingerprint: 'kind22', trigger: 'trigger22', count: 22 },
      { fingerprint: 'kind20', trigger: 'trigger20', count: 21 },
      { fingerprint: 'kind21', trigger: 'trigger21', count: 21 },
    ])
    expect(others).toBe(1 + 2)
  })

  test('jobs have the time of their cursor', () => {
    expect(figures.jobs).toEqual([
      { job: 'episode-checker', reached: ago(60) },
      { job: 'probe-scheduler', reached: now },
    ])
  })

  test('deliveries that are done or dead are finished', () => {
    expect(figures.deliveries).toEqual({ unfinished: 3, oldestAt: ago(97) })
  })
})

test('the age of the oldest message and of the oldest delivery is right also if more wait than are counted', async () => {
  const database = await databaseWithBroker()
  onTestFinished(() => database.end())
  const run = (sql: string, values: unknown[] = []) => database.db.query(sql, values)
  await run('insert into chat (id) values (1), (2)')
  const batch = mostCounted / 10
  for (let from = 1; from <= mostCounted; from += batch) {
    await run(
      `insert into message (key, chat_id, request, cause, not_before, requested_at)
       select n, 1, '{}', '{}', $1, $1 from generate_series($2::int, $3) as n`,
      [ago(60), from, from + batch - 1],
    )
    await run(
      `insert into broker.delivery (event_seq, trigger, due) select n, 'a', $1 from generate_series($2::int, $3) as n`,
      [ago(1), from, from + batch - 1],
    )
  }
  await run(
    `insert into message (key, chat_id, request, cause, not_before, requested_at) values ('oldest', 2, '{}', '{}', $1, $1)`,
    [ago(3_600)],
  )
  await run(`insert into broker.delivery (event_seq, trigger, due) values (0, 'b', $1)`, [ago(1)])
  await run(
    `insert into broker.event (seq, key, id, source, type, attributes, data, ttl, accepted_at)
     select n, gen_random_uuid(), n, 's', 't', '{}', '', 255, case when n = 0 then $2::timestamptz else $1 end
     from generate_series(0, 1) as n`,
    [ago(60), ago(3_600)],
  )
  const { outbox, deliveries } = await readFigures(database.db, now, { withBroker: true })
  expect(outbox).toEqual({ waiting: mostCounted, sending: 0, oldestAt: ago(3_600) })
  expect(deliveries).toEqual({ unfinished: mostCounted, oldestAt: ago(3_600) })
})

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Node[]
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

describe('with many rows', () => {
  const monitors = 20_000
  const perMonitor = 6
  let database: TestDatabase
  /** The number of rows that the queries read, by table. */
  const rowsRead: Record<string, number> = {}
  /** The tables that are read without an index. */
  const scanned: string[] = []

  const explained = (db: Postgres): Postgres => ({
    query: async (sql, values) => {
      if (/^\s*select/.test(sql)) {
        const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
          `explain (analyze, format json) ${sql}`,
          values,
        )
        for (const node of nodesOf(rows[0]!['QUERY PLAN'][0].Plan)) count(node)
      }
      return db.query(sql, values)
    },
    transaction: work => db.transaction(tx => work(explained(tx))),
    end: () => db.end(),
  })

  const count = (node: Node) => {
    const table = node['Relation Name']?.replace(/^probe_slot_\d+$/, 'probe_slot')
    if (table === undefined) return
    if (node['Node Type'].includes('Seq Scan')) scanned.push(table)
    const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
    rowsRead[table] = (rowsRead[table] ?? 0) + Math.round((node['Actual Rows'] + removed) * node['Actual Loops'])
  }

  beforeAll(async () => {
    database = await databaseWithBroker()
    const run = (sql: string, values: unknown[] = []) => database.db.query(sql, values)
    await run('insert into chat (id) select n from generate_series(1, 200) as n')
    await run(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, state)
       select 1 + n % 200, n, 'http', 'https://example.org/' || n, 60, 1000, 'up' from generate_series(1, ${monitors}) as n`,
    )
    await insertResults(
      database.db,
      `select id, due_at, due_at + interval '10 milliseconds', true from monitor
       cross join lateral (select $1::timestamptz - n * interval '1 minute' as due_at from generate_series(1, ${perMonitor}) as n) as slot`,
      [now],
    )
    await run(
      `insert into probe_hour (monitor_id, hour, ok, missed)
       select id, $1::timestamptz - n * interval '1 hour', 60, case when id % 4000 = 0 then 1 else 0 end
       from monitor cross join generate_series(0, ${perMonitor}) as n`,
      [new Date('2026-11-21T12:00:00Z')],
    )
    await run(
      `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at)
       select 1 + n % ${monitors}, $1, n, 'timeout', case when n > 50 then $1::timestamptz end from generate_series(1, 20000) as n`,
      [ago(600)],
    )
    await run(
      `insert into message (key, chat_id, request, cause, state, not_before, requested_at)
       select n, 1 + n % 200, '{}', '{}', case when n <= 50 then 'waiting' else 'sent' end, $1,
         $1::timestamptz - abs(n - 50) * interval '1 minute' from generate_series(1, 20000) as n`,
      [now],
    )
    await run(
      `insert into dead_letter (fingerprint, trigger, event_source, event_id, reason, event, at)
       select n % 3, 't', 's', n, 'r', '{}', $1::timestamptz - n * interval '10 minutes' from generate_series(1, 10000) as n`,
      [now],
    )
    await run(
      `insert into broker.event (seq, key, id, source, type, attributes, data, ttl)
       select n, gen_random_uuid(), n::text, 's', 't', '{}', '', 255 from generate_series(1, 20000) as n`,
    )
    await run(
      `insert into broker.delivery (event_seq, trigger, state, due)
       select n, 't' || n % 10, case when n > 19950 then 'pending' else 'done' end, case when n > 19950 then $1::timestamptz end
       from generate_series(1, 20000) as n`,
      [now],
    )
    await run('analyze')
    await readFigures(explained(database.db), now, { withBroker: true })
  })
  afterAll(() => database.end())

  test('only the monitors and the few jobs are read without an index, once', () => {
    expect(scanned.sort()).toEqual(['cursor', 'monitor'])
  })

  test('an index gives the few rows that count, and the results of a sample of the monitors', () => {
    const sampled = sampleSize.ranges * sampleSize.monitors
    expect(rowsRead).toEqual({
      cursor: 0,
      monitor: monitors + sampled,
      // The slots one to four minutes ago.
      probe_slot: 4 * sampled,
      probe_hour: 2 * 5,
      incident: 50,
      // Those that wait, the oldest of them, those of the last minutes, and those that were sent then.
      message: 50 + 1 + 4 + 4,
      dead_letter: 143,
      // Those that are counted, the first ones of each Trigger, and one for the name of each Trigger.
      delivery: 50 + 50 + 10,
      event: 1,
    })
  })
})
