import { expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import { uptimeIn } from '#database/uptime/uptime.ts'
import { type Counted, uncountedSpan } from '#functions/heartbeat/counted-time.ts'
import {
  addHeartbeat,
  chatId,
  grace,
  heartbeatDatabase,
  minute,
  noon,
  period,
  second,
  startHeartbeat,
} from './support.ts'

const database = heartbeatDatabase()
const since = new Date(noon - 60 * minute)

const sumsOf = async (id: number) => {
  const window = { from: since, to: new Date(noon + 1_000 * minute) }
  const sums = (await uptimeIn(database.db).uptimeOf([id], window)).get(id)
  return { upS: sums?.okS ?? 0, downS: sums?.failedS ?? 0, otherS: (sums?.missedS ?? 0) + (sums?.maintenanceS ?? 0) }
}
/** A deadline is judged ten seconds after it has passed, and time is counted a minute later. */
const countedLater = 2 * minute

test('the time from a deadline to the next good ping counts as down, and all other time since the first ping as up', async () => {
  const { id, token } = await addHeartbeat(database.db)
  const { ping, pass, time } = startHeartbeat(database.db)
  await ping(`/ping/${token}`)
  const deadline = period + grace
  await pass(deadline + 5 * minute)
  await ping(`/ping/${token}`)
  const recoveredAt = time.now
  await pass(countedLater)
  const { upS, downS } = await sumsOf(id)
  expect(downS).toBe((recoveredAt - noon - deadline) / second)
  expect(upS).toBeGreaterThan(deadline / second)
  expect(upS).toBeLessThanOrEqual((deadline + countedLater) / second)
})

test('the time after a failure counts as down, and a late time over several hours is in each of them', async () => {
  const { id, token } = await addHeartbeat(database.db)
  const { ping, pass, time } = startHeartbeat(database.db)
  await ping(`/ping/${token}/1`)
  await pass(150 * minute)
  await ping(`/ping/${token}`)
  expect(await sumsOf(id)).toEqual({ upS: 0, downS: (time.now - noon) / second, otherS: 0 })
  const hours = await probeHoursIn(database.db).byHour([id], since, new Date(time.now))
  expect(hours.map(({ okS, failedS }) => [okS, failedS])).toEqual([
    [0, 3_600],
    [0, 3_600],
    [0, 1_800],
  ])
})

test('maintenance does not count, also where two windows overlap', async () => {
  const { db } = database
  const { id, token } = await addHeartbeat(db)
  const { ping, pass } = startHeartbeat(db)
  for (const [from, to] of [
    [5, 20],
    [15, 30],
  ] as const)
    await db.query(
      `with plan as (insert into maintenance (chat_id, title, created_at) values ($1, '', now()) returning id)
       insert into maintenance_window (maintenance_id, starts_at, ends_at) select id, $2, $3 from plan`,
      [chatId, new Date(noon + from * minute), new Date(noon + to * minute)],
    )
  await ping(`/ping/${token}/fail`)
  await pass(40 * minute)
  await ping(`/ping/${token}`)
  expect(await sumsOf(id)).toEqual({ upS: 0, downS: 15 * 60, otherS: 25 * 60 })
})

test('a time in which Vigia could not take pings does not count, if a ping was expected then', async () => {
  const { id, token } = await addHeartbeat(database.db)
  const { ping, pass, time } = startHeartbeat(database.db)
  await ping(`/ping/${token}`)
  await pass(period - 30 * second)
  const lost = time.now
  time.now += 4 * minute
  const back = time.now
  await pass(countedLater)
  await ping(`/ping/${token}/fail`)
  const upS = Math.floor((time.now - noon) / second) - (back - lost) / second
  const counted = await sumsOf(id)
  expect(counted.downS).toBe(0)
  expect(counted.upS + counted.otherS).toBe((time.now - noon) / second)
  // The gap ends at the first tick after it.
  expect(counted.upS).toBeLessThanOrEqual(upS)
  expect(counted.upS).toBeGreaterThanOrEqual(upS - 20)
})

test('the time of a pause does not count, and neither does the time from then to the next ping', async () => {
  const { db } = database
  const { id, token } = await addHeartbeat(db, 'backup', { periodS: 86_400, graceS: 3_600 })
  const { ping, pass, time } = startHeartbeat(db)
  await ping(`/ping/${token}`)
  await pass(10 * minute)
  const { upS } = await sumsOf(id)
  expect(upS).toBeGreaterThanOrEqual(8 * 60)
  await monitorsIn(db).pause(chatId, id)
  await pass(10 * minute)
  expect(await sumsOf(id)).toEqual({ upS, downS: 0, otherS: 0 })
  await db.query('update monitor set paused_at = null, active_since = $2 where id = $1', [id, new Date(time.now)])
  await pass(10 * minute)
  expect(await sumsOf(id)).toEqual({ upS, downS: 0, otherS: 0 })
  await ping(`/ping/${token}`)
  await pass(10 * minute)
  expect((await sumsOf(id)).upS - upS).toBeGreaterThanOrEqual(8 * 60)
})

test('the sums do not depend on when they were counted', async () => {
  const { db } = database
  const once = await addHeartbeat(db, 'once', { periodS: 86_400, graceS: 3_600 })
  const often = await addHeartbeat(db, 'often', { periodS: 86_400, graceS: 3_600 })
  const { ping, pass, time } = startHeartbeat(db)
  time.now += 123
  await Promise.all([once, often].map(({ token }) => ping(`/ping/${token}`)))
  await db.query('update heartbeat set counted_until = $2 where monitor_id = $1', [
    once.id,
    new Date(noon + 70 * minute),
  ])
  await pass(70 * minute)
  await db.query('update heartbeat set counted_until = null where monitor_id = $1', [once.id])
  await pass(2 * minute)
  await Promise.all([once, often].map(({ token }) => ping(`/ping/${token}/fail`)))
  const [first, second_] = [await sumsOf(once.id), await sumsOf(often.id)]
  expect(first).toEqual(second_)
  expect(first.upS).toBe(Math.floor(time.now / second) - Math.floor((noon + 123) / second))
})

test('nothing counts before the first ping, and no time after a deadline counts as up', () => {
  const at = (seconds: number) => new Date(noon + seconds * second)
  const up: Counted = {
    ...{ monitorId: 1, state: 'up', changedAt: at(0), activeSince: at(-1), isPaused: false },
    ...{ lateAt: at(60), countedUntil: at(20) },
  }
  expect(uncountedSpan({ ...up, state: 'new', changedAt: null }, at(30))).toBeNull()
  expect(uncountedSpan(up, at(20))).toBeNull()
  expect(uncountedSpan(up, at(30))).toEqual({ monitorId: 1, state: 'up', from: at(20), to: at(30) })
  expect(uncountedSpan(up, at(90))).toEqual({ monitorId: 1, state: 'up', from: at(20), to: at(60) })
})
