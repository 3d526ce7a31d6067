import { beforeEach, describe, expect, test } from 'vitest'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import type { VigiaEvent } from '#events/event.ts'
import { uptimeSince } from '#test/support/probe-slots.ts'
import { addMonitor, chatId, minuteMs, noon, type OutageWorld, outageDatabase, outageWorld } from './world.ts'

const database = outageDatabase()
const all = { chatId, monitorId: null, groupName: null }

let world: OutageWorld
beforeEach(() => {
  world = outageWorld(database.db)
})

const minutesLater = (minutes: number) => new Date(noon + minutes * minuteMs)
const phases = (events: readonly VigiaEvent[]) =>
  events.flatMap(({ type, data }) =>
    type === 'dev.vigia.maintenance.changed' ? [(data as { phase: string }).phase] : [],
  )
const outages = (events: readonly VigiaEvent[]) =>
  events.flatMap(({ type, id }) => (type.startsWith('dev.vigia.monitor.') ? [id] : []))

/** A tick and checks of these monitors every minute. */
const minutes = async (count: number, ...checks: { id: number; ok: boolean }[]) => {
  for (let minute = 0; minute < count; minute++) {
    if (checks.length > 0) await world.check(...checks)
    await world.tick()
    world.pass(minuteMs)
  }
}

describe('maintenance that happens once', () => {
  test('is announced an hour before, and the chat is told when it starts and ends, once each', async () => {
    await addMonitor(database.db, 'site.test')
    const times = { startsAt: minutesLater(90), endsAt: minutesLater(110) }
    await maintenanceIn(database.db).add({ ...all, title: 'upgrade', ...times }, world.now())
    await minutes(30)
    expect(phases(world.events)).toEqual([])
    await minutes(1)
    expect(phases(world.events)).toEqual(['announced'])
    await minutes(60)
    expect(phases(world.events)).toEqual(['announced', 'started'])
    await minutes(30)
    expect(phases(world.events)).toEqual(['announced', 'started', 'ended'])
    expect(world.events[1]).toMatchObject({
      id: 'maintenance-window/1/maintenance.changed/started',
      data: { title: 'upgrade', scope: 'all', monitors: { count: 1, names: ['site.test'] } },
    })
  })

  test('hides outages; what is still down when it ends is reported after the next check', async () => {
    const [site, other] = [await addMonitor(database.db, 'site.test'), await addMonitor(database.db, 'other.test')]
    await minutes(1, { id: site, ok: true }, { id: other, ok: true })
    await maintenanceIn(database.db).add({ ...all, startsAt: world.now(), endsAt: minutesLater(21) }, world.now())
    await minutes(10, { id: site, ok: false }, { id: other, ok: false })
    await minutes(10, { id: site, ok: false }, { id: other, ok: true })
    await world.tick()
    expect(outages(world.events)).toEqual([])
    expect(phases(world.events)).toEqual(['started', 'ended'])
    await minutes(2, { id: site, ok: false }, { id: other, ok: true })
    expect(outages(world.events)).toEqual(['incident/1/monitor.down'])
    expect(world.events.at(-1)!.data).toMatchObject({ since: minutesLater(1).toISOString() })
    await minutes(1, { id: site, ok: true })
    expect(outages(world.events)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up'])
  })

  test('does not hide the recovery of an outage that was reported before', async () => {
    const site = await addMonitor(database.db, 'site.test')
    await minutes(1, { id: site, ok: true })
    await minutes(1, { id: site, ok: false })
    await maintenanceIn(database.db).add({ ...all, startsAt: world.now(), endsAt: minutesLater(30) }, world.now())
    await minutes(1, { id: site, ok: true })
    expect(outages(world.events)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up'])
  })

  test('concerns only its monitor or its group', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const grouped = await addMonitor(database.db, 'grouped.test', { groupName: 'shop' })
    const other = await addMonitor(database.db, 'other.test', { groupName: 'blog' })
    await minutes(1, ...[site, grouped, other].map(id => ({ id, ok: true })))
    const times = { startsAt: world.now(), endsAt: minutesLater(30) }
    await maintenanceIn(database.db).add({ ...all, monitorId: site, ...times }, world.now())
    await maintenanceIn(database.db).add({ ...all, groupName: 'shop', ...times }, world.now())
    const published = await world.check(...[site, grouped, other].map(id => ({ id, ok: false })))
    expect(published.map(({ subject }) => subject)).toEqual([`monitor/${other}`])
  })

  test('can be ended by its chat, and by no other', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const maintenance = maintenanceIn(database.db)
    await minutes(1, { id: site, ok: true })
    await maintenance.add({ ...all, startsAt: world.now(), endsAt: minutesLater(30) }, world.now())
    await minutes(1, { id: site, ok: false })
    const [window] = await maintenance.of(chatId, world.now())
    expect(await maintenance.endNow(8, window!.windowId, world.now())).toBe(false)
    expect(await maintenance.endNow(chatId, window!.windowId, world.now())).toBe(true)
    await minutes(1, { id: site, ok: false })
    expect(phases(world.events)).toEqual(['started', 'ended'])
    expect(outages(world.events)).toEqual(['incident/1/monitor.down'])
  })

  test('counts in the uptime neither as up nor as down', async () => {
    const site = await addMonitor(database.db, 'site.test')
    await minutes(6, { id: site, ok: true })
    await maintenanceIn(database.db).add({ ...all, startsAt: world.now(), endsAt: minutesLater(26) }, world.now())
    await minutes(20, { id: site, ok: false })
    await minutes(2, { id: site, ok: false })
    const uptime = (await uptimeSince(database.db, [site], new Date(noon))).get(site)
    expect(uptime).toMatchObject({ ok: 6, failed: 2, uptime: 0.75 })
  })
})

describe('maintenance that repeats', () => {
  test('has its times by the clock of its zone, until it is removed by its chat', async () => {
    await addMonitor(database.db, 'site.test')
    const nightly = { cron: '30 9 * * *', zone: 'America/Sao_Paulo', durationS: 600 }
    const id = await maintenanceIn(database.db).add({ ...all, ...nightly }, world.now())
    await minutes(41)
    expect(phases(world.events)).toEqual(['announced', 'started', 'ended'])
    const [next] = await maintenanceIn(database.db).of(chatId, world.now())
    expect(next).toMatchObject({ startsAt: new Date('2026-11-22T12:30:00Z'), endsAt: new Date('2026-11-22T12:40:00Z') })
    expect(await maintenanceIn(database.db).remove(8, id, world.now())).toBe(false)
    expect(await maintenanceIn(database.db).remove(chatId, id, world.now())).toBe(true)
    expect(await maintenanceIn(database.db).of(chatId, world.now())).toEqual([])
    await minutes(2)
    expect(await maintenanceIn(database.db).of(chatId, world.now())).toEqual([])
  })

  test('is in force too if no tick ran when it began', async () => {
    await addMonitor(database.db, 'site.test')
    await maintenanceIn(database.db).add({ ...all, cron: '5 12 * * *', zone: 'UTC', durationS: 1_200 }, world.now())
    world.pass(10 * minuteMs)
    await world.tick()
    expect(phases(world.events)).toEqual(['started'])
  })
})
