import { expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { rootCause } from '#events/event.ts'
import { HeartbeatChanged } from '#events/heartbeat-changed.ts'
import { heartbeatChanged } from '#functions/uptime-prober/heartbeat-changed.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { virtualTime } from '#test/support/virtual-time.ts'
import { chatId, noon, proberDatabase } from './database.ts'
import { ids } from './support.ts'

const database = proberDatabase()

test('a late ping opens an incident, and the next good ping closes it, with a message for each', async () => {
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
  const change = (minutes: number, ok: boolean) => {
    const at = new Date(noon + minutes * 60_000).toISOString()
    const data = { monitorId: monitor.id, at, ok, error: ok ? null : 'no-ping', exitCode: null }
    const event = HeartbeatChanged.from(rootCause(`ping-${minutes}`), { subject: `monitor/${monitor.id}`, data })
    return time.until(heartbeatChanged(event, { results }))
  }
  expect(ids(await change(0, true))).toEqual([])
  expect(ids(await change(70, false))).toEqual(['incident/1/monitor.down'])
  expect(ids(await change(90, true))).toEqual(['incident/1/monitor.up'])
})
