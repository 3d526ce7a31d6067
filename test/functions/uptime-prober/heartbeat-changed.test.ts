import { expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { type DataOf, rootCause } from '#events/event.ts'
import { HeartbeatChanged } from '#events/heartbeat-changed.ts'
import { heartbeatChanged } from '#functions/uptime-prober/heartbeat-changed.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { virtualTime } from '#test/support/virtual-time.ts'
import { chatId, noon, proberDatabase } from './database.ts'
import { ids } from './support.ts'

const database = proberDatabase()

/** A heartbeat, and a function that hands its changes to the prober. */
const startJob = async () => {
  const { db } = database
  const job = {
    chatId,
    name: 'backup',
    kind: 'heartbeat',
    url: 'heartbeat:backup',
    intervalS: 3_600,
    timeoutMs: 5_000,
  } as const
  const { monitor } = await monitorsIn(db).add(job)
  const time = virtualTime(new Date(noon))
  const results = resultWriter({ db: time.watched(db), clock: time.clock, sleep: time.sleep })
  const change = (minutes: number, ok: boolean, more: Partial<DataOf<typeof HeartbeatChanged>> = {}) => {
    const at = new Date(noon + minutes * 60_000).toISOString()
    const data = { monitorId: monitor.id, at, ok, error: ok ? null : 'no-ping', exitCode: null, ...more }
    const event = HeartbeatChanged.from(rootCause(`ping-${minutes}`), { subject: `monitor/${monitor.id}`, data })
    return time.until(heartbeatChanged(event, { results }))
  }
  return { id: monitor.id, change }
}

test('a late ping opens an incident, and the next good ping closes it, with a message for each', async () => {
  const { change } = await startJob()
  expect(ids(await change(0, true))).toEqual([])
  expect(ids(await change(70, false))).toEqual(['incident/1/monitor.down'])
  expect(ids(await change(90, true))).toEqual(['incident/1/monitor.up'])
})

test('a change that arrives twice, or after a newer one, has one effect', async () => {
  const { change } = await startJob()
  await change(0, true)
  expect(ids(await change(70, false))).toEqual(['incident/1/monitor.down'])
  expect(ids(await change(70, false))).toEqual(['incident/1/monitor.down'])
  expect(ids(await change(90, true))).toEqual(['incident/1/monitor.up'])
  expect(ids(await change(60, false))).toEqual([])
  const { rows } = await database.db.query('select closed_at is not null as closed from incident')
  expect(rows).toEqual([{ closed: true }])
})

test('a failure keeps the exit code of the job', async () => {
  const { change } = await startJob()
  await change(0, true)
  const [down] = await change(10, false, { error: 'job-failed', exitCode: 3 })
  expect(down!.data).toMatchObject({ error: 'job-failed', status: 3, heartbeat: {} })
})

test('one slow run makes a heartbeat slow, and one run of the usual time ends this', async () => {
  const { id, change } = await startJob()
  await change(0, true)
  await change(60, true, { slowRun: { ms: 240_000, usualMs: 60_000 } })
  expect(await monitorsIn(database.db).get(id)).toMatchObject({
    ...{ state: 'up', slowSince: new Date(noon + 60 * 60_000), slowMs: 240_000 },
  })
  await change(120, true)
  expect(await monitorsIn(database.db).get(id)).toMatchObject({ state: 'up', slowSince: null, slowMs: null })
})
