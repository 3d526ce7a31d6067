import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate } from '#database/migrate.ts'
import type { CloudEvent } from '#local/broker/event/cloud-event.ts'
import { eventKey } from '#local/broker/event/event-key.ts'
import { commit, type SettledDelivery } from '#local/broker/store/commit-batch.ts'
import { type Connection, openConnection } from '#local/broker/store/connection.ts'
import { deleteDoneEvents } from '#local/broker/store/done-events.ts'
import { claim, release, renew } from '#local/broker/store/leases.ts'
import { lastEpoch, takeOver } from '#local/broker/store/takeover.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'

const triggers = ['a', 'b', 'c'] as const
type TriggerName = (typeof triggers)[number]
const leaseMs = 3_600_000

let database: TestDatabase
let connection: Connection

beforeAll(async () => {
  database = await emptyDatabase()
  await migrate(database.url, {
    dir: join(import.meta.dirname, '../../../infra/local/broker/migrations'),
    table: 'broker_migration',
  })
  connection = await openConnection({ url: database.url, applicationName: 'model', timeoutMs: 20_000 })
})

const empty = () => database.db.query('truncate broker.event, broker.delivery, broker.attempt')

beforeEach(empty)

afterAll(async () => {
  await connection?.end()
  await database?.end()
})

/**
 * The expected row of a delivery. `due`: when the delivery can be claimed. `lease`: the number of its lease, or null.
 */
interface Delivery {
  seq: number
  trigger: TriggerName
  state: 'pending' | 'done' | 'dead'
  attempts: number
  due: 'now' | 'later' | 'never'
  lease: number | null
}

interface Model {
  seq: number
  leases: number
  ids: Set<string>
  deliveries: Delivery[]
  /** Leases that are no longer valid, but whose former holder may still use them. */
  stale: { seq: number; trigger: TriggerName; lease: number }[]
}

const event = (id: string): CloudEvent => ({
  attributes: { specversion: '1.0', id, source: '/model', type: 'model' },
  headers: {},
  data: Buffer.from(id),
  ttl: 255,
})

const stored = async () => {
  const { rows } = await database.db.query<Omit<Delivery, 'due'> & { due: Delivery['due'] }>(
    `select event_seq as seq, trigger, state, attempts, lease,
       case when due is null then 'never' when due <= now() then 'now' else 'later' end as due
     from broker.delivery order by event_seq, trigger`,
  )
  return rows
}

const sorted = (deliveries: Delivery[]) =>
  [...deliveries].sort((one, other) => one.seq - other.seq || one.trigger.localeCompare(other.trigger))

const emptyBatch = { events: [], settled: [], attempts: [], leaseMs }

const settle = (settled: SettledDelivery[]) => commit(connection, { ...emptyBatch, settled })

/** One action of the broker, applied to the model and to PostgreSQL. */
type Step = (model: Model) => Promise<void>

const publish =
  (id: string, wanted: TriggerName[], leased: boolean): Step =>
  async model => {
    const seq = ++model.seq
    const lease = leased ? ++model.leases : null
    const { duplicates } = await commit(connection, {
      ...emptyBatch,
      events: [
        { seq, key: eventKey(event(id)), event: event(id), deliveries: wanted.map(trigger => ({ trigger, lease })) },
      ],
    })
    expect(duplicates.has(seq)).toBe(model.ids.has(id))
    if (model.ids.has(id)) return
    model.ids.add(id)
    for (const trigger of wanted)
      model.deliveries.push({ seq, trigger, state: 'pending', attempts: 0, due: leased ? 'later' : 'now', lease })
  }

const take =
  (trigger: TriggerName, limit: number): Step =>
  async model => {
    const lease = ++model.leases
    const claimed = await claim(connection, [{ trigger, limit }], lease, leaseMs)
    const ready = model.deliveries.filter(one => one.trigger === trigger && one.due === 'now')
    expect(claimed.length).toBe(Math.min(limit, ready.length))
    for (const { seq, attempts, event: claimedEvent } of claimed) {
      const one = ready.find(delivery => delivery.seq === seq)!
      expect(attempts).toBe(one.attempts)
      expect(claimedEvent).toEqual(event(claimedEvent.attributes.id!))
      if (one.lease !== null) model.stale.push({ seq, trigger, lease: one.lease })
      Object.assign(one, { lease, due: 'later' })
    }
  }

const held = (model: Model, nth: number) => {
  const all = model.deliveries.filter(({ lease }) => lease !== null)
  return all[nth % all.length]
}

const end =
  (nth: number, how: 'done' | 'dead' | 'again at once' | 'again later' | 'dead letter'): Step =>
  async model => {
    const one = held(model, nth)
    if (!one) return
    const state = how === 'done' || how === 'dead' ? how : 'pending'
    const attempts = how === 'dead letter' ? 0 : one.attempts + 1
    const afterMs = state !== 'pending' ? null : how === 'again later' ? leaseMs : 0
    const deadLetter = how === 'dead letter' || how === 'dead' ? { code: '500' } : null
    const { seq, trigger, lease } = one
    const { leaseLost } = await settle([{ seq, trigger, lease: lease!, state, attempts, afterMs, deadLetter }])
    expect(leaseLost.size).toBe(0)
    model.stale.push({ seq, trigger, lease: lease! })
    const due = state !== 'pending' ? 'never' : how === 'again later' ? 'later' : 'now'
    Object.assign(one, { state, attempts, due, lease: null })
  }

const settleLate =
  (nth: number): Step =>
  async model => {
    const old = model.stale[nth % model.stale.length]
    if (!old) return
    const { leaseLost } = await settle([{ ...old, state: 'done', attempts: 9, afterMs: null, deadLetter: null }])
    expect(leaseLost.size).toBe(1)
    await renew(connection, [old], 0)
  }

/** All backoffs and leases end. */
const timePasses: Step = async model => {
  await database.db.query(`update broker.delivery set due = now() - interval '1 second' where due > now()`)
  for (const one of model.deliveries) if (one.due === 'later') one.due = 'now'
}

const renewLease =
  (nth: number): Step =>
  async model => {
    const one = held(model, nth)
    if (!one) return
    await renew(connection, [{ seq: one.seq, trigger: one.trigger, lease: one.lease! }], leaseMs)
    one.due = 'later'
  }

const releaseLease =
  (nth: number): Step =>
  async model => {
    const one = held(model, nth)
    if (!one) return
    const { lease } = one
    await release(connection, [lease!])
    for (const same of model.deliveries.filter(delivery => delivery.lease === lease)) {
      model.stale.push({ seq: same.seq, trigger: same.trigger, lease: lease! })
      Object.assign(same, { due: 'now', lease: null })
    }
  }

/** The process is killed and the next one starts: no lease is valid any more, and the numbers continue. */
const restart: Step = async model => {
  const { epoch, seq } = await takeOver(connection, triggers)
  expect(await lastEpoch(connection)).toBe(epoch)
  expect(seq).toBe(model.seq)
  expect(epoch * 2 ** 32).toBeGreaterThan(model.leases)
  model.leases = epoch * 2 ** 32
  for (const one of model.deliveries) {
    if (one.lease === null) continue
    model.stale.push({ seq: one.seq, trigger: one.trigger, lease: one.lease })
    Object.assign(one, { due: 'now', lease: null })
  }
}

const nth = fc.nat({ max: 20 })
const step: fc.Arbitrary<[string, Step]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('1', '2', '3', '4', '5', '6'), fc.subarray([...triggers]), fc.boolean())
      .map(([id, wanted, leased]): [string, Step] => [
        `publish ${id} for ${wanted} ${leased ? 'at once' : 'into the queue'}`,
        publish(id, wanted, leased),
      ]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...triggers), fc.integer({ min: 1, max: 3 }))
      .map(([trigger, limit]): [string, Step] => [`claim ${limit} of ${trigger}`, take(trigger, limit)]),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(nth, fc.constantFrom('done', 'dead', 'again at once', 'again later', 'dead letter'))
      .map(([which, how]): [string, Step] => [`end ${which} ${how}`, end(which, how as 'done')]),
  },
  { weight: 2, arbitrary: nth.map((which): [string, Step] => [`settle late ${which}`, settleLate(which)]) },
  nth.map((which): [string, Step] => [`renew ${which}`, renewLease(which)]),
  nth.map((which): [string, Step] => [`give back ${which}`, releaseLease(which)]),
  fc.constant<[string, Step]>(['time passes', timePasses]),
  fc.constant<[string, Step]>(['restart', restart]),
)

test('the tables do what the model does, for any steps in any order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async steps => {
      await empty()
      const { epoch, seq } = await takeOver(connection, triggers)
      const model: Model = { seq, leases: epoch * 2 ** 32, ids: new Set(), deliveries: [], stale: [] }
      for (const [name, run] of steps) {
        await run(model)
        expect(await stored(), name).toEqual(sorted(model.deliveries))
      }
    }),
    { numRuns: 80 },
  )
}, 120_000)

test('a batch is stored whole or not at all: a reply is stored together with the outcome of the delivery that it answers', async () => {
  const { seq } = await takeOver(connection, triggers)
  const lease = 7
  await commit(connection, {
    ...emptyBatch,
    events: [{ seq: seq + 1, key: eventKey(event('1')), event: event('1'), deliveries: [{ trigger: 'a', lease }] }],
  })
  const done: SettledDelivery = {
    seq: seq + 1,
    trigger: 'a',
    lease,
    state: 'done',
    attempts: 1,
    afterMs: null,
    deadLetter: null,
  }
  const reply = { seq: seq + 2, key: eventKey(event('2')), event: event('2'), deliveries: [] }
  const impossible = { ...reply, event: { ...event('2'), ttl: 100_000 } }
  await expect(commit(connection, { ...emptyBatch, events: [impossible], settled: [done] })).rejects.toThrow()
  expect(await stored()).toMatchObject([{ seq: seq + 1, state: 'pending', lease }])
  await commit(connection, { ...emptyBatch, events: [reply], settled: [done] })
  expect(await stored()).toMatchObject([{ seq: seq + 1, state: 'done', lease: null }])
})

test('the same event twice in one batch is stored once, with one set of deliveries', async () => {
  const { seq } = await takeOver(connection, triggers)
  const twice = [seq + 1, seq + 2].map(number => ({
    seq: number,
    key: eventKey(event('1')),
    event: event('1'),
    deliveries: [{ trigger: 'a', lease: null }],
  }))
  const { duplicates } = await commit(connection, { ...emptyBatch, events: twice })
  expect([...duplicates]).toEqual([seq + 2])
  expect((await stored()).map(one => one.seq)).toEqual([seq + 1])
})

test('bytes, long texts and every kind of character are read back unchanged', async () => {
  const { seq } = await takeOver(connection, triggers)
  const odd: CloudEvent = {
    attributes: { specversion: '1.0', id: 'ü'.repeat(4000), source: '/😀', type: '"\\{},', subject: 'NULL' },
    headers: { 'x-request-id': 'é' },
    data: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    ttl: 1,
  }
  await commit(connection, {
    ...emptyBatch,
    events: [{ seq: seq + 1, key: eventKey(odd), event: odd, deliveries: [{ trigger: 'a', lease: null }] }],
  })
  const [claimed] = await claim(connection, [{ trigger: 'a', limit: 1 }], 1, leaseMs)
  expect(claimed).toEqual({ seq: seq + 1, trigger: 'a', attempts: 0, deadLetter: null, event: odd })
})

test('old events are deleted when all deliveries are done; an event with a dead delivery is kept', async () => {
  const { seq } = await takeOver(connection, triggers)
  const states = ['done', 'dead', 'pending'] as const
  await commit(connection, {
    ...emptyBatch,
    events: [...states.keys(), 3].map(index => ({
      seq: seq + 1 + index,
      key: eventKey(event(`${index}`)),
      event: event(`${index}`),
      // The last event matches no Trigger.
      deliveries: index === 3 ? [] : [{ trigger: 'a', lease: 5 }],
    })),
  })
  await settle(
    states.map((state, index) => ({
      seq: seq + 1 + index,
      trigger: 'a',
      lease: 5,
      state,
      attempts: 1,
      afterMs: state === 'pending' ? 0 : null,
      deadLetter: null,
    })),
  )
  expect(await deleteDoneEvents(connection, 60_000, 0, 10)).toEqual({ deleted: 0, upTo: null })
  expect(await deleteDoneEvents(connection, -60_000, 0, 2)).toEqual({ deleted: 1, upTo: seq + 2 })
  expect(await deleteDoneEvents(connection, -60_000, seq + 2, 10)).toEqual({ deleted: 1, upTo: seq + 4 })
  const { rows } = await database.db.query('select seq from broker.event order by seq')
  expect(rows).toEqual([{ seq: seq + 2 }, { seq: seq + 3 }])
})
