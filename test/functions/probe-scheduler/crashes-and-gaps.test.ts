import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addMonitors,
  cursorAt,
  day,
  hour,
  minute,
  type Simulation,
  schedulerDatabase,
  second,
  settle,
  simulation,
  slotsOf,
  start,
  uptimeOf,
} from '#test/functions/probe-scheduler/support.ts'

const database = schedulerDatabase()

describe('on a virtual clock', () => {
  const anyStep = fc.oneof(
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
      arbitrary: fc.record({ do: fc.constant('tickCrashes' as const), after: fc.integer({ min: 0, max: 24 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('tickCrashesAtCursor' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('twoTicks' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('shard' as const), pick: fc.nat(20), again: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('shardCrashes' as const), pick: fc.nat(20), after: fc.nat(3) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('request' as const), pick: fc.nat(20), again: fc.boolean() }) },
  )

  const perform = async (simulated: Simulation, step: typeof anyStep extends fc.Arbitrary<infer S> ? S : never) => {
    switch (step.do) {
      case 'pass':
        return simulated.pass(step.ms)
      case 'tick':
        return simulated.tick()
      case 'tickCrashes':
        return simulated.tick({ crashAfter: step.after })
      case 'tickCrashesAtCursor':
        return simulated.tick({ atCursor: true })
      case 'twoTicks':
        return Promise.all([simulated.tick(), simulated.tick()])
      case 'shard':
        return simulated.handleShard(step.pick, undefined, step.again)
      case 'shardCrashes':
        return simulated.handleShard(step.pick, step.after)
      case 'request':
        return simulated.handleRequest(step.pick, step.again)
      default:
        return step satisfies never
    }
  }

  test('with crashes, lost events and repeated events, every slot is probed once or counted as missed once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 5, maxLength: 40 }),
        fc.constantFrom(2, 100),
        async (steps, monitorsPerShard) => {
          await database.clean()
          const monitors = await addMonitors(database.db, [10, 13, 60, 60, 3_600])
          const simulated = simulation(database.db, monitorsPerShard)
          await simulated.tick()
          const from = (await cursorAt(database.db)) - 20 * second
          for (const step of steps) await perform(simulated, step)
          await settle(simulated)
          const to = await cursorAt(database.db)
          expect(to - simulated.now()).toBeGreaterThan(12 * second)
          const found = await uptimeOf(database.db, monitors)
          for (const monitor of monitors) {
            const { ok = 0, failed = 0, missed = 0 } = found.get(monitor.id) ?? {}
            expect({ id: monitor.id, slots: ok + failed + missed }).toEqual({
              id: monitor.id,
              slots: slotsOf(monitor, from, to).length,
            })
          }
          const { rows } = await database.db.query<{ stray: number }>(
            `select count(*) as stray from probe_slot join monitor on id = monitor_id
           where (extract(epoch from due_at)::bigint - slot_hash) % interval_s <> 0`,
          )
          expect(rows[0]!.stray).toBe(0)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('no slot is missed or late if every other tick is lost, is delivered twice or crashes', async () => {
    const kind = fc.constantFrom('lost', 'doubled', 'crashes', 'crashesAtCursor')
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 3, maxLength: 10 }),
        fc.constantFrom(2, 100),
        async (failures, monitorsPerShard) => {
          await database.clean()
          const monitors = await addMonitors(database.db, [10, 13, 60])
          const simulated = simulation(database.db, monitorsPerShard)
          await settle(simulated)
          for (const failure of failures) {
            simulated.pass(10 * second)
            if (failure === 'doubled') await Promise.all([simulated.tick(), simulated.tick()])
            if (failure === 'crashes') await simulated.tick({ crashAfter: 3 })
            if (failure === 'crashesAtCursor') await simulated.tick({ atCursor: true })
            simulated.pass(10 * second)
            await settle(simulated)
          }
          expect(Math.max(...simulated.lateness)).toBe(0)
          for (const { missed } of (await uptimeOf(database.db, monitors)).values()) expect(missed).toBe(0)
        },
      ),
      { numRuns: 15 },
    )
  })

  test('after nine hours without a scheduler every monitor is checked immediately, and its other slots are missed', async () => {
    const monitors = await addMonitors(database.db, [10, 60, 600, 86_400])
    const simulated = simulation(database.db)
    await settle(simulated)
    const before = simulated.lateness.length
    simulated.pass(9 * hour)
    await settle(simulated)
    const late = simulated.lateness.slice(before).filter(ms => ms > 30 * second)
    expect(late.length).toBeLessThanOrEqual(monitors.length)
    expect(Math.max(...late)).toBeLessThan(day)
    const found = await uptimeOf(database.db, monitors)
    const end = await cursorAt(database.db)
    for (const monitor of monitors) {
      const { ok = 0, missed = 0 } = found.get(monitor.id) ?? {}
      expect(ok + missed).toBe(slotsOf(monitor, start + 2 * second, end).length)
      if (monitor.intervalS === 60) expect(ok).toBeLessThanOrEqual(3)
    }
  })

  test('a monitor that was paused while the scheduler did not run has missed slots only since it was resumed', async () => {
    const [monitor] = await addMonitors(database.db, [60])
    const simulated = simulation(database.db)
    await settle(simulated)
    simulated.pass(2 * hour)
    await database.db.query('update monitor set active_since = $1', [new Date(simulated.now() - 10 * minute)])
    const before = (await uptimeOf(database.db, [monitor!])).get(monitor!.id)?.missed ?? 0
    await settle(simulated)
    expect((await uptimeOf(database.db, [monitor!])).get(monitor!.id)!.missed - before).toBeLessThanOrEqual(10)
  })
})
