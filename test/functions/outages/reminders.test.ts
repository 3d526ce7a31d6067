import { describe, expect, test } from 'vitest'
import { type Answer, incidentAnswersIn } from '#database/uptime/incident-answers.ts'
import type { ReminderSetting } from '#database/uptime/told-states.ts'
import { silenceOf } from '#functions/outages/answer-buttons.ts'
import { remindersDue } from '#functions/outages/reminder-schedule.ts'
import { addMonitor, chatId, minuteMs, outageDatabase, outageWorld } from './world.ts'

const database = outageDatabase()

test.each<[ReminderSetting, number[]]>([
  ['off', []],
  ['30m', [30, 60, 90, 120, 150, 180]],
  ['2h', [120, 240, 360, 480, 600, 720]],
  ['doubling', [30, 60, 120, 240, 480, 960, 960 + 1_440, 960 + 2 * 1_440]],
])('the setting %s sends reminders after %j minutes', (setting, times) => {
  expect(remindersDue(setting, 0)).toBe(0)
  for (const [index, minutes] of times.entries()) {
    expect(remindersDue(setting, minutes * minuteMs - 1)).toBe(index)
    expect(remindersDue(setting, minutes * minuteMs)).toBe(index + 1)
  }
})

/** A monitor that is down since now, with reminders every 30 minutes. */
const outage = async () => {
  const id = await addMonitor(database.db, 'site.test')
  await database.db.query(`update monitor set reminder = '30m' where id = $1`, [id])
  const world = outageWorld(database.db)
  await world.check({ id, ok: true })
  world.pass(minuteMs)
  await world.check({ id, ok: false })
  const answer = (answer: Answer) => {
    const given = { answer, silence: silenceOf(answer, world.now(), 'UTC'), personId: 1, personName: 'Ana' }
    return incidentAnswersIn(database.db).give(chatId, 1, given, world.now())
  }
  /** Time passes, with a tick every five minutes and at the end. */
  const ticks = async (minutes: number) => {
    for (let left = minutes; left > 0; left -= 5) {
      world.pass(Math.min(left, 5) * minuteMs)
      await world.tick()
    }
  }
  const keys = () => world.events.map(({ id }) => id.replace('incident/1/', ''))
  return { id, world, answer, ticks, keys }
}

describe('while a monitor is down', () => {
  test('a reminder comes every 30 minutes, and none after the recovery', async () => {
    const { id, world, ticks, keys } = await outage()
    await ticks(65)
    expect(keys()).toEqual(['monitor.down', 'monitor.down/reminder-1', 'monitor.down/reminder-2'])
    expect(world.events[2]!.data).toMatchObject({ reminder: 2, since: '2026-11-21T12:01:00.000Z' })
    await world.check({ id, ok: true })
    await ticks(65)
    expect(keys().slice(3)).toEqual(['monitor.up'])
  })

  test('only the newest reminder comes after a time without ticks, and two ticks at once send it once', async () => {
    const { world, keys } = await outage()
    world.pass(100 * minuteMs)
    await Promise.all([world.tick(), world.tick()])
    expect(keys()).toEqual(['monitor.down', 'monitor.down/reminder-3'])
  })

  test('an acknowledgement ends the reminders, and the recovery is still reported', async () => {
    const { id, world, answer, ticks, keys } = await outage()
    await answer('acknowledge')
    await ticks(65)
    await world.check({ id, ok: true })
    expect(keys()).toEqual(['monitor.down', 'monitor.up'])
  })

  test('a silence of an hour is followed by one reminder that the monitor is still down', async () => {
    const { answer, ticks, keys } = await outage()
    await ticks(5)
    await answer('hour')
    await ticks(59)
    expect(keys()).toEqual(['monitor.down'])
    await ticks(2)
    expect(keys()).toEqual(['monitor.down', 'monitor.down/silence-2026-11-21T13:06:00.000Z'])
  })

  test('a recovery during a silence of an hour is reported at its end', async () => {
    const { id, world, answer, ticks, keys } = await outage()
    await answer('hour')
    world.pass(20 * minuteMs)
    await world.check({ id, ok: true })
    await ticks(30)
    expect(keys()).toEqual(['monitor.down'])
    await ticks(15)
    expect(keys()).toEqual(['monitor.down', 'monitor.up'])
    expect(world.events[1]!.data).toMatchObject({ until: '2026-11-21T12:21:00.000Z' })
  })

  test('two outages of which only the first was reported end with one message, with the time of both', async () => {
    const { id, world, answer, ticks } = await outage()
    await answer('hour')
    for (const ok of [true, false, true]) {
      world.pass(10 * minuteMs)
      await world.check({ id, ok })
    }
    await ticks(40)
    expect(world.events.map(event => event.id)).toEqual(['incident/1/monitor.down', 'incident/2/monitor.up'])
    expect(world.events[1]!.data).toMatchObject({
      since: '2026-11-21T12:01:00.000Z',
      until: '2026-11-21T12:31:00.000Z',
      outages: { count: 2, downMs: 20 * minuteMs },
      failedChecks: 2,
      toldBy: 'incident/1/monitor.down',
    })
  })

  test('a silence until the recovery ends with the message about the recovery', async () => {
    const { id, world, answer, ticks, keys } = await outage()
    await answer('recovery')
    await ticks(200)
    expect(keys()).toEqual(['monitor.down'])
    await world.check({ id, ok: true })
    expect(keys()).toEqual(['monitor.down', 'monitor.up'])
    world.pass(20 * minuteMs)
    await world.check({ id, ok: false })
    expect(world.events.at(-1)!.id).toBe('incident/2/monitor.down')
  })
})
