import { describe, expect, test } from 'vitest'
import { cursorsIn } from '#database/operations/cursors.ts'
import { monitorSecretsIn } from '#database/uptime/monitor-secrets.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { nextStep } from '#functions/probe-scheduler/windows.ts'
import {
  addMonitors,
  chatId,
  cursorAt,
  day,
  minute,
  schedulerDatabase,
  second,
  settle,
  simulation,
  slotsOf,
  start,
} from '#test/functions/probe-scheduler/support.ts'

const database = schedulerDatabase()

describe('a tick', () => {
  const minuteOf = (step: ReturnType<typeof nextStep>) =>
    step && [step.windows[0]!.from.toISOString().slice(14, 19), step.reached.toISOString().slice(14, 19)]

  test('covers the slots that are due within 22 seconds, beginning where the last tick ended', () => {
    expect(minuteOf(nextStep(null, new Date('2026-11-21T12:00:03Z')))).toEqual(['00:02', '00:22'])
    expect(minuteOf(nextStep(new Date('2026-11-21T12:00:22Z'), new Date('2026-11-21T12:00:10.4Z')))).toEqual([
      '00:22',
      '00:32',
    ])
    expect(nextStep(new Date('2026-11-21T12:00:32Z'), new Date('2026-11-21T12:00:19Z'))).toBeNull()
  })

  test('after a long time without ticks covers the 50 s after the cursor, and counts the later slots that are more than 28 s old as missed', () => {
    const step = nextStep(new Date(start + 2 * second), new Date(start + 10 * minute))!
    expect(step.windows).toHaveLength(5)
    expect(step.gap).toEqual({ from: new Date(start + 52 * second), to: new Date(start + 10 * minute - 28 * second) })
  })

  test('ignores a cursor that is too far in the future', async () => {
    const simulated = simulation(database.db)
    const [monitor] = await addMonitors(database.db, [10])
    await cursorsIn(database.db).advance('probe-scheduler', new Date(start + day))
    for (let round = 0; round < 6; round++) {
      await simulated.tick()
      simulated.pass(10 * second)
    }
    while (simulated.shardsDue.length > 0) await simulated.handleShard(0)
    const due = simulated.requests.flatMap(({ data }) => data.checks.map(({ dueAt }) => Date.parse(dueAt)))
    expect(due).toEqual(slotsOf(monitor!, start + 12 * second, start + 72 * second))
  })
})

describe('a shard', () => {
  test('requests every slot of the grid once, in batches of at most 50, which are sorted by due time', async () => {
    const monitors = await addMonitors(database.db, [...Array(130).fill(10), 60, 3_600])
    const simulated = simulation(database.db)
    await simulated.tick()
    const from = (await cursorAt(database.db)) - 20 * second
    while (simulated.shardsDue.length > 0) await simulated.handleShard(0)
    const found: string[] = []
    for (const { data } of simulated.requests) {
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

  test('requests checks that have the settings of their monitors but not the secrets, and requests no check of a heartbeat monitor', async () => {
    const monitors = monitorsIn(database.db)
    const fields = { chatId, name: 'm', intervalS: 10, timeoutMs: 5_000 }
    const plain = await monitors.add({ ...fields, kind: 'http', url: 'https://plain.test/' })
    const rich = await monitors.add({
      ...{ ...fields, kind: 'tls', url: 'tls://rich.test:443', settings: { days: 30 } },
      ...{ confirmations: 1, recoveries: 4, configKey: 'rich', groupName: 'shop', parentId: plain.monitor.id },
    })
    await monitorSecretsIn(database.db).replace(rich.monitor.id, { token: 'hush' })
    await monitors.add({ ...fields, kind: 'heartbeat', url: 'heartbeat://job' })
    await database.db.query('update monitor set active_since = $1', [new Date(start)])
    const simulated = simulation(database.db)
    await simulated.tick()
    while (simulated.shardsDue.length > 0) await simulated.handleShard(0)
    const checks = simulated.requests.flatMap(({ data }) => data.checks)
    const common = { url: expect.any(String), intervalS: 10, timeoutMs: 5_000, dueAt: expect.any(String) }
    expect(checks.find(({ kind }) => kind === 'http')).toEqual({ ...common, monitorId: plain.monitor.id, kind: 'http' })
    expect(checks.find(({ kind }) => kind === 'tls')).toEqual({
      ...{ ...common, monitorId: rich.monitor.id, kind: 'tls', settings: { days: 30 } },
      ...{ hasSecrets: true, confirmations: 1, recoveries: 4 },
    })
    expect(new Set(checks.map(({ kind }) => kind))).toEqual(new Set(['http', 'tls']))
    expect(JSON.stringify(simulated.requests)).not.toContain('hush')
  })

  test('leaves out monitors that are paused, deleted or not active yet', async () => {
    const [paused, gone, resumed, watched] = await addMonitors(database.db, [10, 10, 10, 10])
    const monitors = monitorsIn(database.db)
    await monitors.pause(chatId, paused!.id)
    await monitors.remove(chatId, gone!.id)
    await database.db.query('update monitor set active_since = $2 where id = $1', [
      resumed!.id,
      new Date(start + 17 * second),
    ])
    const simulated = simulation(database.db)
    await simulated.tick()
    while (simulated.shardsDue.length > 0) await simulated.handleShard(0)
    const checks = simulated.requests.flatMap(({ data }) => data.checks)
    expect(checks.filter(({ monitorId }) => monitorId === watched!.id)).toHaveLength(2)
    expect(checks.filter(({ monitorId }) => monitorId === resumed!.id).map(({ dueAt }) => Date.parse(dueAt))).toEqual(
      slotsOf(resumed!, start + 17 * second, start + 22 * second),
    )
    expect(new Set(checks.map(({ monitorId }) => monitorId))).not.toContain(paused!.id)
    expect(new Set(checks.map(({ monitorId }) => monitorId))).not.toContain(gone!.id)
  })

  test('gives a batch an id made from its content, so that no slot is lost if a monitor is deleted before the shard is handled again', async () => {
    const monitors = await addMonitors(database.db, Array(220).fill(10))
    const simulated = simulation(database.db, 110)
    await settle(simulated)
    simulated.pass(10 * second)
    await simulated.tick()
    expect(simulated.shardsDue).toHaveLength(2)
    await simulated.handleShard(0, 1)
    const [first] = simulated.requests.flatMap(({ data }) => data.checks)
    await monitorsIn(database.db).remove(chatId, first!.monitorId)
    while (simulated.shardsDue.length > 0) await simulated.handleShard(0)
    const requested = new Set(simulated.requests.flatMap(({ data }) => data.checks.map(({ monitorId }) => monitorId)))
    expect(monitors.filter(({ id }) => !requested.has(id))).toEqual([])
  })

  test('is handled by the tick itself if it is the only shard, and handled again if the tick crashes', async () => {
    const monitors = await addMonitors(database.db, Array(220).fill(10))
    const simulated = simulation(database.db, 1_000)
    await simulated.tick({ crashAfter: 2 })
    const [first] = simulated.requests.flatMap(({ data }) => data.checks)
    await monitorsIn(database.db).remove(chatId, first!.monitorId)
    await simulated.tick({ atCursor: true })
    const requestCount = simulated.requests.length
    await simulated.tick()
    expect(simulated.requests).toHaveLength(requestCount)
    expect(simulated.shardsDue).toEqual([])
    const requested = simulated.requests.flatMap(({ data }) =>
      data.checks.map(check => `${check.monitorId}@${check.dueAt}`),
    )
    const from = (await cursorAt(database.db)) - 20 * second
    const slots = monitors
      .filter(({ id }) => id !== first!.monitorId)
      .flatMap(monitor =>
        slotsOf(monitor, from, from + 20 * second).map(at => `${monitor.id}@${new Date(at).toISOString()}`),
      )
    expect(slots.filter(slot => !requested.includes(slot))).toEqual([])
  })

  test('marks its monitors that are down, so that they get no repeated attempts', async () => {
    const [sick] = await addMonitors(database.db, [10])
    await database.db.query(`update monitor set state = 'down'`)
    const simulated = simulation(database.db)
    await simulated.tick()
    while (simulated.shardsDue.length > 0) await simulated.handleShard(0)
    expect(simulated.requests[0]!.data.checks[0]).toMatchObject({ monitorId: sick!.id, down: true })
  })
})
