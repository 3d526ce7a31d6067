import { beforeEach, expect, test } from 'vitest'
import { type EventOf, rootCause } from '#events/event.ts'
import type { ProbeRequested } from '#events/probe-requested.ts'
import { unannouncedIncidents } from '#functions/probe-scheduler/unannounced-incidents.ts'
import { addMonitor, chatId, noon, proberDatabase } from '#test/functions/uptime-prober/database.ts'
import { checkOf, ids, request, responded, startProber } from '#test/functions/uptime-prober/support.ts'

const database = proberDatabase()
beforeEach(() => database.db.query('truncate message'))
const tick = rootCause('tick')
const minutes = (count: number) => new Date(noon + count * 60_000)

/** Creates an outage that begins at noon and ends after a minute, with its two events. */
const outage = async () => {
  const monitor = await addMonitor(database.db, 'down.test')
  let status = 500
  const prober = startProber(database.db, () => responded(status))
  await prober.run(request([checkOf(monitor, noon)]))
  status = 200
  await prober.time.until(prober.start(request([checkOf(monitor, noon + 60_000, { down: true })])))
  expect(ids(prober.published)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up'])
  return { monitor, prober }
}

const announced = (event: string) =>
  database.db.query(
    `insert into message (key, chat_id, request, cause, not_before, requested_at)
     values ($1, $2, '{}', '{}', now(), now())`,
    [`${event}/message.requested/${chatId}`, chatId],
  )

test('after a minute, the checks of an outage without a message are requested again, and its events have the same ids', async () => {
  const { prober } = await outage()
  const lost = prober.published.splice(0)
  const events = await unannouncedIncidents(database.db)(tick, minutes(3))
  expect(events).toHaveLength(1)
  await prober.run(events[0] as EventOf<typeof ProbeRequested>)
  expect(ids(prober.published)).toEqual(ids(lost))
  expect(prober.published.map(({ data }) => data)).toEqual(lost.map(({ data }) => data))
  expect(
    prober.attempts.filter(({ at }) => at > 90_000),
    'no site is checked again',
  ).toEqual([])
})

test('a check whose event became a message is not requested again', async () => {
  const { monitor } = await outage()
  await announced('incident/1/monitor.down')
  const [event] = (await unannouncedIncidents(database.db)(tick, minutes(3))) as EventOf<typeof ProbeRequested>[]
  expect(event!.data.checks.map(({ monitorId, dueAt }) => ({ monitorId, dueAt }))).toEqual([
    { monitorId: monitor.id, dueAt: minutes(1).toISOString() },
  ])
  await announced('incident/1/monitor.up')
  expect(await unannouncedIncidents(database.db)(tick, minutes(3))).toEqual([])
})

test('the checks of an outage are requested again once a minute, but not in its first minute and not after six minutes', async () => {
  await outage()
  const requestAgain = unannouncedIncidents(database.db)
  expect(await requestAgain(tick, minutes(0.5))).toEqual([])
  const requested = []
  for (let at = 3; at < 12; at += 1 / 6) requested.push(...(await requestAgain(tick, minutes(at))))
  expect(new Set(requested.map(({ id }) => id)).size).toBe(requested.length)
  expect(requested.map(({ id }) => id.slice('unannounced@2026-11-21T12:'.length, -'/probe.requested'.length))).toEqual([
    '03:00.000Z',
    '04:00.000Z',
    '05:00.000Z',
    '06:00.000Z',
    '07:00.000Z',
  ])
})
