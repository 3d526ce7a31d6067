import { describe, expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import type { VigiaEvent } from '#events/event.ts'
import { addMonitor, chatId, outageDatabase, outageWorld } from './world.ts'

const database = outageDatabase()

const told = (events: readonly VigiaEvent[]) =>
  events.map(({ type, subject }) => `${subject} ${type.slice('dev.vigia.monitor.'.length)}`)

/** A parent (monitor 1) and monitors that depend on it. All are up. */
const family = async (count: number) => {
  const parent = await addMonitor(database.db, 'gateway.test')
  const children: number[] = []
  for (let n = 0; n < count; n++) children.push(await addMonitor(database.db, `child-${n}.test`, { parentId: parent }))
  const world = outageWorld(database.db)
  await world.check(...[parent, ...children].map(id => ({ id, ok: true })))
  world.pass(60_000)
  return { world, parent, children }
}

const fail = (...ids: number[]) => ids.map(id => ({ id, ok: false }))
const succeed = (...ids: number[]) => ids.map(id => ({ id, ok: true }))

describe('a parent of 100 monitors that fails', () => {
  test('causes one message, which counts and names them, also if half of them fail first', async () => {
    const { world, parent, children } = await family(100)
    await world.check(...fail(...children.slice(0, 50)))
    expect(world.events).toEqual([])
    expect(new Set(world.requests.map(({ id }) => id))).toEqual(
      new Set([`monitor/${parent}@2026-11-21T12:01:05.500Z/probe.requested`]),
    )
    world.pass(5_500)
    await world.check(...fail(parent))
    for (let tick = 0; tick < 12; tick++) {
      world.pass(10_000)
      if (tick === 1) await world.check(...fail(...children.slice(50)))
      await world.tick()
    }
    expect(told(world.events)).toEqual([`monitor/${parent} down`])
    expect(world.events[0]!.data).toMatchObject({ dependents: { count: 100, names: { length: 10 } } })

    await world.check(...succeed(parent))
    await world.tick()
    world.pass(60_000)
    const [stuck, ...others] = children
    await world.check(...fail(stuck!), ...succeed(...others))
    await world.tick()
    expect(told(world.events).slice(1)).toEqual([`monitor/${parent} up`, `monitor/${stuck} down`])
    await world.check()
    world.pass(60_000)
    await world.check(...succeed(stuck!))
    await world.tick()
    expect(told(world.events).slice(3)).toEqual([`monitor/${stuck} up`])
  }, 120_000)
})

describe('a monitor with a parent', () => {
  test('is reported when a check of the parent after its failure was good', async () => {
    const { world, parent, children } = await family(1)
    await world.check(...fail(...children))
    await world.tick()
    expect(world.events).toEqual([])
    world.pass(6_000)
    await world.check(...succeed(parent))
    expect(told(await world.tick())).toEqual([`monitor/${children[0]} down`])
  })

  test('is reported if the parent cannot be checked for a while', async () => {
    const { world, children } = await family(1)
    await world.check(...fail(...children))
    world.pass(50_000)
    expect(await world.tick()).toEqual([])
    world.pass(10_000)
    expect(told(await world.tick())).toEqual([`monitor/${children[0]} down`])
  })

  test('that was reported before its parent failed is not reported again, and its recovery is reported', async () => {
    const { world, parent, children } = await family(1)
    await world.check(...fail(...children))
    world.pass(60_000)
    await world.tick()
    await world.check(...fail(parent))
    await world.tick()
    world.pass(60_000)
    await world.check(...succeed(parent, ...children))
    await world.tick()
    expect(told(world.events).sort()).toEqual([
      `monitor/${parent} down`,
      `monitor/${parent} up`,
      `monitor/${children[0]} down`,
      `monitor/${children[0]} up`,
    ])
  })

  test('is reported at once if the parent is paused', async () => {
    const { world, parent, children } = await family(1)
    await world.check(...fail(parent))
    await monitorsIn(database.db).pause(chatId, parent)
    expect(told(await world.check(...fail(...children)))).toEqual([`monitor/${children[0]} down`])
  })

  test('that is a heartbeat is reported if no ping comes within its period after the parent recovered', async () => {
    const parent = await addMonitor(database.db, 'gateway.test')
    const job = await addMonitor(database.db, 'job', { kind: 'heartbeat', parentId: parent, intervalS: 600 })
    const world = outageWorld(database.db)
    await world.check(...succeed(parent, job))
    world.pass(60_000)
    await world.check(...fail(parent, job))
    world.pass(60_000)
    await world.check(...succeed(parent))
    world.pass(590_000)
    await world.tick()
    expect(told(world.events)).toEqual([`monitor/${parent} down`, `monitor/${parent} up`])
    world.pass(20_000)
    expect(told(await world.tick())).toEqual([`monitor/${job} down`])
  })

  test('has no message at all if it fails and recovers together with its parent', async () => {
    const { world, parent, children } = await family(3)
    await world.check(...fail(parent, ...children))
    world.pass(60_000)
    await world.check(...succeed(parent, ...children))
    world.pass(60_000)
    await world.tick()
    expect(told(world.events)).toEqual([`monitor/${parent} down`, `monitor/${parent} up`])
  })
})

describe('a parent is refused', () => {
  const setParent = (id: number, parentId: number) =>
    database.db.query('update monitor set parent_id = $2 where id = $1', [id, parentId])

  test('if the monitor would depend on itself', async () => {
    const [one, two, three] = await Promise.all(
      ['1.test', '2.test', '3.test'].map(name => addMonitor(database.db, name)),
    )
    await setParent(one!, two!)
    await setParent(two!, three!)
    await expect(setParent(three!, one!)).rejects.toMatchObject({ constraint: 'monitor_parent_circle' })
    await expect(setParent(one!, one!)).rejects.toMatchObject({ code: '23514' })
  })

  test('if it belongs to another chat', async () => {
    await database.db.query('insert into chat (id) values (8) on conflict do nothing')
    const own = await addMonitor(database.db, 'own.test')
    const other = await addMonitor(database.db, 'other.test', { chatId: 8 })
    await expect(setParent(own, other)).rejects.toMatchObject({ constraint: 'monitor_parent_chat' })
  })
})
