import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { ProbeRequested } from '#events/probe-requested.ts'
import { ShardDue } from '#events/shard-due.ts'
import { housekeeping } from '#functions/probe-scheduler/housekeeping.ts'
import { probeScheduler, requestProbes } from '#functions/probe-scheduler/probe-scheduler.ts'
import { nextStep } from '#functions/probe-scheduler/windows.ts'
import { missedSlot } from '#functions/uptime-prober/check-runner.ts'
import { slotDisposition } from '#functions/uptime-prober/slot-disposition.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const start = Date.parse('2026-11-21T12:00:00Z')
const chatId = 7

let database: TestDatabase
let db: Postgres

beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
  await db.query('insert into chat (id) values ($1)', [chatId])
  await probeResultsIn(db).createPartitions([-1, 0, 1, 2].map(days => new Date(start + days * day)))
})
afterAll(() => database.end())

beforeEach(() => clean())
const clean = async () => {
  await db.query('truncate monitor, probe_result, probe_hour, incident, cursor restart identity')
}

/** Monitors with these intervals, watched since `since`; their hashes, to know their slots. */
const watching = async (intervals: number[], since = start - hour) => {
  const monitors: { id: number; intervalS: number; hash: number }[] = []
  for (const intervalS of intervals) {
    const url = `http://site-${monitors.length}.test/`
    const given = { chatId, name: url, kind: 'http', url, intervalS, timeoutMs: 5_000 } as const
    const { monitor } = await monitorsIn(db).add(given)
    const { rows } = await db.query<{ hash: number }>(
      'update monitor set active_since = $2 where id = $1 returning slot_hash as hash',
      [monitor.id, new Date(since)],
    )
    monitors.push({ id: monitor.id, intervalS, hash: rows[0]!.hash })
  }
  return monitors
}

/** The slots of the grid in [from, to), straight from its definition. */
const slotsOf = ({ intervalS, hash }: { intervalS: number; hash: number }, from: number, to: number) => {
  const slots: number[] = []
  for (let at = Math.ceil(from / second); at < to / second; at++)
    if ((at - (hash % intervalS)) % intervalS === 0) slots.push(at * second)
  return slots
}

class Died extends Error {}

/** The broker and the prober around the scheduler, in memory, with a clock that only moves when told. */
const world = (monitorsAShard = 2) => {
  let now = start
  const accepted = new Set<string>()
  const shardsDue: EventOf<typeof ShardDue>[] = []
  const requests: EventOf<typeof ProbeRequested>[] = []
  const lateness: number[] = []
  let ticks = 0

  /** Takes `most` events and then dies; an id it has seen is dropped, as a broker does. */
  const publish =
    (most = Number.POSITIVE_INFINITY) =>
    async (events: readonly VigiaEvent[]) => {
      let taken = 0
      for (const event of events) {
        if (taken++ >= most) throw new Died()
        if (accepted.has(event.id)) continue
        accepted.add(event.id)
        if (event.type === ShardDue.type) shardsDue.push(event as EventOf<typeof ShardDue>)
        else requests.push(event as EventOf<typeof ProbeRequested>)
      }
    }

  const clock = () => new Date(now)
  const survive = (work: Promise<unknown>) =>
    work.catch(error => {
      if (!(error instanceof Died)) throw error
    })

  /** A database whose cursor cannot be written: the process dies right before. */
  const dyingAtCursor: Postgres = {
    ...db,
    query: (sql, values) => (/into cursor/.test(sql) ? Promise.reject(new Died()) : db.query(sql, values)),
  }

  return {
    now: () => now,
    pass: (ms: number) => {
      now += ms
    },
    tick: ({ most, atCursor = false }: { most?: number; atCursor?: boolean } = {}) =>
      survive(
        probeScheduler(rootCause(`tick-${ticks++}`), {
          db: atCursor ? dyingAtCursor : db,
          clock,
          publish: publish(most),
          monitorsAShard,
        }),
      ),
    shardsDue,
    requests,
    lateness,
    handleShard: async (pick: number, most?: number, again = false) => {
      if (shardsDue.length === 0) return
      const [event] = shardsDue.splice(pick % shardsDue.length, 1)
      await survive(requestProbes(event!, { db }).then(publish(most)))
      if (most !== undefined || again) shardsDue.push(event!)
    },
    handleRequest: async (pick: number, again = false) => {
      if (requests.length === 0) return
      const [event] = requests.splice(pick % requests.length, 1)
      for (const check of event!.data.checks) {
        const startedAt = new Date(Math.max(now, Date.parse(check.dueAt)))
        const fate = slotDisposition(check, false, startedAt)
        const { result } = missedSlot(check)
        const stored = await probeResultsIn(db).insert(
          fate === 'probe' ? { ...result, ok: true, startedAt, totalMs: 1 } : result,
        )
        if (stored.has(check.monitorId) && fate === 'probe')
          lateness.push(startedAt.getTime() - Date.parse(check.dueAt))
      }
      if (again) requests.push(event!)
    },
  }
}

type World = ReturnType<typeof world>

const settle = async (there: World) => {
  await there.tick()
  while (there.shardsDue.length > 0) await there.handleShard(0)
  while (there.requests.length > 0) await there.handleRequest(0)
}

const tallies = async (monitors: { id: number }[]) =>
  probeHoursIn(db).uptime(
    monitors.map(({ id }) => id),
    new Date(0),
  )
const reached = async () => (await cursorsIn(db).reached('probe-scheduler'))!.reached.getTime()

describe('a tick', () => {
  const minuteOf = (step: ReturnType<typeof nextStep>) =>
    step && [step.windows[0]!.from.toISOString().slice(14, 19), step.reached.toISOString().slice(14, 19)]

  test('announces what is due until 22 seconds after its second, from where the last one ended', () => {
    expect(minuteOf(nextStep(null, new Date('2026-11-21T12:00:03Z')))).toEqual(['00:02', '00:22'])
    expect(minuteOf(nextStep(new Date('2026-11-21T12:00:22Z'), new Date('2026-11-21T12:00:10.4Z')))).toEqual([
      '00:22',
      '00:32',
    ])
    expect(nextStep(new Date('2026-11-21T12:00:32Z'), new Date('2026-11-21T12:00:19Z'))).toBeNull()
  })

  test('after a gap announces the start of it and the newest half minute, and counts what lies between', () => {
    const step = nextStep(new Date(start + 2 * second), new Date(start + 10 * minute))!
    expect(step.windows).toHaveLength(5)
    expect(step.gap).toEqual({ from: new Date(start + 52 * second), to: new Date(start + 10 * minute - 28 * second) })
  })

  test('goes by the clock of now when the cursor lies in an impossible future', async () => {
    const there = world()
    const [monitor] = await watching([10])
    await cursorsIn(db).advance('probe-scheduler', new Date(start + day))
    for (let round = 0; round < 6; round++) {
      await there.tick()
      there.pass(10 * second)
    }
    while (there.shardsDue.length > 0) await there.handleShard(0)
    const due = there.requests.flatMap(({ data }) => data.checks.map(({ dueAt }) => Date.parse(dueAt)))
    expect(due).toEqual(slotsOf(monitor!, start + 12 * second, start + 72 * second))
  })
})

describe('a shard', () => {
  test('names every slot of the grid once, in batches of at most 50, by due time', async () => {
    const monitors = await watching([...Array(130).fill(10), 60, 3_600])
    const there = world()
    await there.tick()
    const from = (await reached()) - 20 * second
    while (there.shardsDue.length > 0) await there.handleShard(0)
    const found: string[] = []
    for (const { data } of there.requests) {
      expect(data.checks.length).toBeLessThanOrEqual(50)
      const due = data.checks.map(({ dueAt }) => dueAt)
      expect(due).toEqual(due.toSorted())
      found.push(...data.checks.map(({ monitorId, dueAt }) => `${monitorId}@${Date.parse(dueAt)}`))
    }
    const wanted = monitors.flatMap(monitor =>
      slotsOf(monitor, from, from + 20 * second).map(at => `${monitor.id}@${at}`),
    )
    expect(found.toSorted()).toEqual(wanted.toSorted())
  })

  test('leaves out what is paused, gone, or was not watched yet', async () => {
    const [paused, gone, resumed, watched] = await watching([10, 10, 10, 10])
    const monitors = monitorsIn(db)
    await monitors.pause(chatId, paused!.id)
    await monitors.remove(chatId, gone!.id)
    await db.query('update monitor set active_since = $2 where id = $1', [resumed!.id, new Date(start + 17 * second)])
    const there = world()
    await there.tick()
    while (there.shardsDue.length > 0) await there.handleShard(0)
    const checks = there.requests.flatMap(({ data }) => data.checks)
    expect(checks.filter(({ monitorId }) => monitorId === watched!.id)).toHaveLength(2)
    expect(checks.filter(({ monitorId }) => monitorId === resumed!.id).map(({ dueAt }) => Date.parse(dueAt))).toEqual(
      slotsOf(resumed!, start + 17 * second, start + 22 * second),
    )
    expect(new Set(checks.map(({ monitorId }) => monitorId))).not.toContain(paused!.id)
    expect(new Set(checks.map(({ monitorId }) => monitorId))).not.toContain(gone!.id)
  })

  test('names a batch by what is in it, so that a repeat after a monitor is gone loses no slot', async () => {
    const monitors = await watching(Array(220).fill(10))
    const there = world(110)
    await settle(there)
    there.pass(10 * second)
    await there.tick()
    expect(there.shardsDue).toHaveLength(2)
    await there.handleShard(0, 1)
    const [first] = there.requests.flatMap(({ data }) => data.checks)
    await monitorsIn(db).remove(chatId, first!.monitorId)
    while (there.shardsDue.length > 0) await there.handleShard(0)
    const asked = new Set(there.requests.flatMap(({ data }) => data.checks.map(({ monitorId }) => monitorId)))
    expect(monitors.filter(({ id }) => !asked.has(id))).toEqual([])
  })

  test('that is the only one is done by the tick itself, and told again when the tick dies half-way', async () => {
    const monitors = await watching(Array(220).fill(10))
    const there = world(1_000)
    await there.tick({ most: 2 })
    const [first] = there.requests.flatMap(({ data }) => data.checks)
    await monitorsIn(db).remove(chatId, first!.monitorId)
    await there.tick({ atCursor: true })
    const told = there.requests.length
    await there.tick()
    expect(there.requests).toHaveLength(told)
    expect(there.shardsDue).toEqual([])
    const asked = there.requests.flatMap(({ data }) => data.checks.map(check => `${check.monitorId}@${check.dueAt}`))
    const from = (await reached()) - 20 * second
    const slots = monitors
      .filter(({ id }) => id !== first!.monitorId)
      .flatMap(monitor =>
        slotsOf(monitor, from, from + 20 * second).map(at => `${monitor.id}@${new Date(at).toISOString()}`),
      )
    expect(slots.filter(slot => !asked.includes(slot))).toEqual([])
  })

  test('says which of its monitors were down, so that nobody looks twice', async () => {
    const [sick] = await watching([10])
    await db.query(`update monitor set state = 'down'`)
    const there = world()
    await there.tick()
    while (there.shardsDue.length > 0) await there.handleShard(0)
    expect(there.requests[0]!.data.checks[0]).toMatchObject({ monitorId: sick!.id, down: true })
  })
})

describe('on a virtual clock', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        ms: fc.integer({ min: 1, max: 25 }).map(s => s * second),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        ms: fc.integer({ min: 1, max: 300 }).map(m => m * minute),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('tickDies' as const), after: fc.integer({ min: 0, max: 24 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('tickDiesAtCursor' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('twoTicks' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('shard' as const), pick: fc.nat(20), again: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('shardDies' as const), pick: fc.nat(20), after: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('request' as const), pick: fc.nat(20), again: fc.boolean() }) },
  )

  const take = async (there: World, what: typeof step extends fc.Arbitrary<infer S> ? S : never) => {
    switch (what.do) {
      case 'pass':
        return there.pass(what.ms)
      case 'tick':
        return there.tick()
      case 'tickDies':
        return there.tick({ most: what.after })
      case 'tickDiesAtCursor':
        return there.tick({ atCursor: true })
      case 'twoTicks':
        return Promise.all([there.tick(), there.tick()])
      case 'shard':
        return there.handleShard(what.pick, undefined, what.again)
      case 'shardDies':
        return there.handleShard(what.pick, what.after)
      case 'request':
        return there.handleRequest(what.pick, what.again)
      default:
        return what satisfies never
    }
  }

  test('whatever dies, is lost or comes twice, every slot is probed once or counted as missed once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.constantFrom(2, 100),
        async (steps, most) => {
          await clean()
          const monitors = await watching([10, 13, 60, 60, 3_600])
          const there = world(most)
          await there.tick()
          const from = (await reached()) - 20 * second
          for (const what of steps) await take(there, what)
          await settle(there)
          const to = await reached()
          expect(to - there.now()).toBeGreaterThan(12 * second)
          const found = await tallies(monitors)
          for (const monitor of monitors) {
            const { ok = 0, failed = 0, missed = 0 } = found.get(monitor.id) ?? {}
            expect({ id: monitor.id, slots: ok + failed + missed }).toEqual({
              id: monitor.id,
              slots: slotsOf(monitor, from, to).length,
            })
          }
          const { rows } = await db.query<{ stray: number }>(
            `select count(*) as stray from probe_result join monitor on id = monitor_id
           where (extract(epoch from due_at)::bigint - slot_hash) % interval_s <> 0`,
          )
          expect(rows[0]!.stray).toBe(0)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('one tick in two may be lost or come twice, and no slot is missed or late', async () => {
    const kind = fc.constantFrom('lost', 'doubled', 'dies', 'diesAtCursor')
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 3, maxLength: 10 }),
        fc.constantFrom(2, 100),
        async (troubles, most) => {
          await clean()
          const monitors = await watching([10, 13, 60])
          const there = world(most)
          await settle(there)
          for (const trouble of troubles) {
            there.pass(10 * second)
            if (trouble === 'doubled') await Promise.all([there.tick(), there.tick()])
            if (trouble === 'dies') await there.tick({ most: 3 })
            if (trouble === 'diesAtCursor') await there.tick({ atCursor: true })
            there.pass(10 * second)
            await settle(there)
          }
          expect(Math.max(...there.lateness)).toBe(0)
          for (const { missed } of (await tallies(monitors)).values()) expect(missed).toBe(0)
        },
      ),
      { numRuns: 15 },
    )
  })

  test('after a night away every monitor is looked at again at once, and the rest of the night was missed', async () => {
    const monitors = await watching([10, 60, 600, 86_400])
    const there = world()
    await settle(there)
    const before = there.lateness.length
    there.pass(9 * hour)
    await settle(there)
    const late = there.lateness.slice(before).filter(ms => ms > 30 * second)
    expect(late.length).toBeLessThanOrEqual(monitors.length)
    expect(Math.max(...late)).toBeLessThan(day)
    const found = await tallies(monitors)
    const end = await reached()
    for (const monitor of monitors) {
      const { ok = 0, missed = 0 } = found.get(monitor.id) ?? {}
      expect(ok + missed).toBe(slotsOf(monitor, start + 2 * second, end).length)
      if (monitor.intervalS === 60) expect(ok).toBeLessThanOrEqual(3)
    }
  })

  test('what was paused or not there yet during a gap missed nothing', async () => {
    const [monitor] = await watching([60])
    const there = world()
    await settle(there)
    there.pass(2 * hour)
    await db.query('update monitor set active_since = $1', [new Date(there.now() - 10 * minute)])
    const before = (await tallies([monitor!])).get(monitor!.id)?.missed ?? 0
    await settle(there)
    expect((await tallies([monitor!])).get(monitor!.id)!.missed - before).toBeLessThanOrEqual(10)
  })
})

test('results find their partition today, tomorrow and the day after; those of two weeks ago go', async () => {
  const there = async () =>
    (
      await db.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'probe_result'::regclass order by 1`,
      )
    ).rows.map(({ name }) => name.slice(-8))
  const keepHouse = housekeeping(db)
  await keepHouse(new Date('2026-11-21T12:00:00Z'))
  expect(await there()).toEqual(['20261120', '20261121', '20261122', '20261123'])
  await Promise.all([keepHouse(new Date('2026-12-05T00:30:00Z')), housekeeping(db)(new Date('2026-12-05T00:30:00Z'))])
  expect(await there()).toEqual(['20261121', '20261122', '20261123', '20261204', '20261205', '20261206', '20261207'])
  await keepHouse(new Date('2026-12-06T00:30:00Z'))
  expect((await there())[0]).toBe('20261122')
})

test('the tallies of a year stay, older ones go', async () => {
  const [monitor] = await watching([60])
  const hours = ['2026-11-21T11:00:00Z', '2025-12-01T00:00:00Z', '2025-10-01T00:00:00Z']
  await db.query('insert into probe_hour (monitor_id, hour, ok) select $1, unnest($2::timestamptz[]), 1', [
    monitor!.id,
    hours,
  ])
  await housekeeping(db)(new Date('2026-11-21T12:00:00Z'))
  const { rows } = await db.query<{ hour: Date }>('select hour from probe_hour where monitor_id = $1 order by hour', [
    monitor!.id,
  ])
  expect(rows.map(({ hour }) => hour.toISOString())).toEqual(['2025-12-01T00:00:00.000Z', '2026-11-21T11:00:00.000Z'])
})
