import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BrokerOptions } from '#local/broker/broker.ts'
import { type BrokerRetention, brokerRetention } from '#local/broker/retention.ts'
import { type BrokerServer, startBrokerServer, startRecorder, triggerFor } from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'

let database: TestDatabase
let server: BrokerServer | undefined
beforeEach(async () => {
  database = await emptyDatabase()
})
afterEach(async () => {
  await server?.stop()
  server = undefined
  await database.end()
})

const largeRetention: BrokerRetention = {
  kind: { events: 1_000, bytes: 1e9 },
  all: { events: 1_000, bytes: 1e9 },
  dead: { events: 1_000, bytes: 1e9, days: 30 },
}

const open = async (retention: Partial<BrokerRetention>, more: Partial<BrokerOptions> = {}) => {
  server = await startBrokerServer(database.url, [], { retention: { ...largeRetention, ...retention }, ...more })
  return server
}

interface Rows {
  from: number
  to: number
  type?: string
  source?: string
  state?: 'pending' | 'done' | 'dead'
  bytes?: number
  daysAgo?: number
}

/** Inserts events with one delivery and one attempt each, as an earlier process may have left them. */
const insert = async ({ from, to, type = 'probe', source = 's', state = 'done', bytes = 10, daysAgo = 0 }: Rows) => {
  await database.db.query(
    `with event as (
       insert into broker.event (seq, key, id, source, type, attributes, data, ttl, accepted_at)
       select n, gen_random_uuid(), n::text, $4, $3, '{}', decode(repeat('00', $5), 'hex'), 255, now() - make_interval(days => $6)
       from generate_series($1::int8, $2) as n returning seq
     ), attempt as (
       insert into broker.attempt (event_seq, trigger, at, ms, letter) select seq, 'gone', now(), 1, false from event
     )
     insert into broker.delivery (event_seq, trigger, state, due)
     select seq, 'gone', $7, case when $7 = 'pending' then now() + interval '1 hour' end from event`,
    [from, to, type, source, bytes, daysAgo, state],
  )
}

/** The `seq` of the events that are left. Deliveries and attempts must be left for the same events. */
const remainingEvents = async (): Promise<number[]> => {
  const { rows } = await database.db.query<{ seq: number }>('select seq from broker.event order by seq')
  for (const table of ['delivery', 'attempt']) {
    const other = await database.db.query<{ seq: number }>(
      `select distinct event_seq as seq from broker.${table} order by event_seq`,
    )
    expect(other.rows).toEqual(rows)
  }
  return rows.map(({ seq }) => seq)
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('events whose deliveries are done', () => {
  test('are deleted, oldest first, beyond the number for their kind; rarer kinds are kept', async () => {
    await open({ kind: { events: 5, bytes: 1e9 } })
    await insert({ from: 1, to: 3, type: 'down' })
    await insert({ from: 11, to: 30 })
    await insert({ from: 41, to: 50, source: 'other' })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual([...range(1, 3), ...range(26, 30), ...range(46, 50)])
  })

  test('are deleted beyond the bytes for their kind', async () => {
    await open({ kind: { events: 1_000, bytes: 10_000 } })
    await insert({ from: 1, to: 20, bytes: 3_000 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual(range(18, 20))
  })

  test('are deleted beyond the number for all kinds together', async () => {
    await open({ all: { events: 4, bytes: 1e9 } })
    for (let seq = 1; seq <= 10; seq++) await insert({ from: seq, to: seq, type: `type-${seq}` })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual(range(7, 10))
  })

  test('are deleted beyond the bytes for all kinds together', async () => {
    await open({ all: { events: 1_000, bytes: 10_000 } })
    await insert({ from: 1, to: 20, bytes: 3_000 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual(range(18, 20))
  })

  test('are deleted after `keepDays`', async () => {
    await open({}, { keepDays: 7 })
    await insert({ from: 1, to: 2, daysAgo: 8 })
    await insert({ from: 3, to: 4, daysAgo: 6 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual([3, 4])
  })

  test('are deleted in batches until the budget is met', async () => {
    await open({ kind: { events: 10, bytes: 1e9 } })
    await insert({ from: 1, to: 1_700 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual(range(1_691, 1_700))
  })

  test('are deleted at the next clean-up, when new events exceed the number for their kind', async () => {
    const { broker, post } = await open({ kind: { events: 5, bytes: 1e9 } })
    await broker.clean()
    for (let id = 1; id <= 9; id++) expect(await post(`${id}`, 'test')).toBe(202)
    await broker.clean()
    expect((await broker.reads.events({})).map(({ id }) => id)).toEqual(['9', '8', '7', '6', '5'])
  })
})

describe('pending events', () => {
  test('are kept at any age and in any number', async () => {
    await open({
      kind: { events: 1, bytes: 1 },
      all: { events: 1, bytes: 1 },
      dead: { events: 1, bytes: 1, days: 1 },
    })
    await insert({ from: 1, to: 700, state: 'pending', daysAgo: 40 })
    await insert({ from: 701, to: 705 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual(range(1, 700))
  })

  test('are delivered although they exceed every budget, and are deleted after their delivery', async () => {
    const recorder = await startRecorder()
    let healthy = false
    recorder.respond('/a', () => ({ status: healthy ? 204 : 500 }))
    server = await startBrokerServer(
      database.url,
      [triggerFor('a', 'test', `${recorder.url}/a`, { retry: 1000, backoffPolicy: 'linear', backoffDelayMs: 1 })],
      { retention: { ...largeRetention, kind: { events: 0, bytes: 0 } } },
    )
    expect(await server.post('1', 'test')).toBe(202)
    await server.broker.clean()
    expect(await server.broker.reads.events({})).toHaveLength(1)
    healthy = true
    await until(async () => (await server!.broker.reads.events({}))[0]?.state === 'done')
    expect(await server.post('2', 'other')).toBe(202)
    await until(async () => {
      await server!.post(crypto.randomUUID(), 'test')
      await server!.broker.clean()
      return (await server!.broker.reads.event(1)) === null
    })
    await recorder.stop()
  })
})

describe('events with a dead delivery', () => {
  test('are kept beyond the budgets for done events', async () => {
    await open({ kind: { events: 0, bytes: 0 }, all: { events: 0, bytes: 0 } })
    await insert({ from: 1, to: 5, state: 'dead', daysAgo: 20 })
    await insert({ from: 6, to: 9 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual(range(1, 5))
  })

  test('are deleted beyond their own number, bytes and days', async () => {
    await open({ dead: { events: 5, bytes: 1e9, days: 30 } })
    await insert({ from: 1, to: 20, state: 'dead' })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual(range(16, 20))
    await server!.stop()
    await open({ dead: { events: 1_000, bytes: 100, days: 30 } })
    await insert({ from: 21, to: 22, state: 'dead', bytes: 80 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual([22])
    await server!.stop()
    await open({})
    await insert({ from: 23, to: 23, state: 'dead', daysAgo: 31 })
    await server!.broker.clean()
    expect(await remainingEvents()).toEqual([22])
  })
})

test('the broker has only the tables that the retention empties, and two that stay small', async () => {
  await open({})
  const { rows } = await database.db.query<{ name: string }>(
    `select nspname || '.' || relname as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relkind in ('r', 'p') and nspname in ('broker', 'public')`,
  )
  // broker_migration has one row for each migration, and broker.readiness has one row.
  expect(rows.map(({ name }) => name).sort()).toEqual([
    'broker.attempt',
    'broker.delivery',
    'broker.event',
    'broker.readiness',
    'public.broker_migration',
  ])
})

test('the default budgets of all events and of dead events add up to less than 2 GiB', () => {
  const { kind, all, dead } = brokerRetention
  expect(kind.bytes).toBeLessThanOrEqual(all.bytes)
  expect(all.bytes + dead.bytes).toBeLessThan(2 * 1024 ** 3)
})
