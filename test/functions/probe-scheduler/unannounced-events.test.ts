import { beforeEach, expect, test } from 'vitest'
import { rootCause } from '#events/event.ts'
import { unannouncedEvents } from '#functions/probe-scheduler/unannounced-events.ts'
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
  return { prober }
}

const announced = (event: string) =>
  database.db.query(
    `insert into message (key, chat_id, request, cause, not_before, requested_at)
     values ($1, $2, '{}', '{}', now(), now())`,
    [`${event}/message.requested/${chatId}`, chatId],
  )

test('after a minute, the events of an outage without a message are published again, with the same ids and data', async () => {
  const { prober } = await outage()
  const lost = prober.published.splice(0)
  const events = await unannouncedEvents(database.db)(tick, minutes(3))
  expect(ids(events)).toEqual(ids(lost))
  expect(events.map(({ type, subject, time, data }) => ({ type, subject, time, data }))).toEqual(
    lost.map(({ type, subject, time, data }) => ({ type, subject, time, data })),
  )
})

test('an event that became a message is not published again', async () => {
  await outage()
  await announced('incident/1/monitor.down')
  expect(ids(await unannouncedEvents(database.db)(tick, minutes(3)))).toEqual(['incident/1/monitor.up'])
  await announced('incident/1/monitor.up')
  expect(await unannouncedEvents(database.db)(tick, minutes(3))).toEqual([])
})

test('the events of an outage are published again once a minute, but not in their first minute and not after six minutes', async () => {
  await outage()
  const publishAgain = unannouncedEvents(database.db)
  expect(await publishAgain(tick, minutes(0.5))).toEqual([])
  const published: string[] = []
  for (let at = 3; at < 12; at += 1 / 6) published.push(...ids(await publishAgain(tick, minutes(at))))
  expect(published.filter(id => id === 'incident/1/monitor.down')).toHaveLength(4)
  expect(published.filter(id => id === 'incident/1/monitor.up')).toHaveLength(5)
})
