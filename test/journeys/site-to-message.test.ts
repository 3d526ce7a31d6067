import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  deliveryModes,
  type Journey,
  repliesMatching,
  startJourney,
  timesHandled,
  waitForButton,
  waitForReply,
} from '#test/support/journey.ts'
import { reportAnOutageOnce } from '#test/support/journey-steps.ts'
import { functionLogs } from '#test/support/log-lines.ts'
import { until } from '#test/support/until.ts'

describe.each(deliveryModes)('with every event %s', (_, twice) => {
  let journey: Journey
  beforeAll(async () => {
    journey = await startJourney({ twice })
  })
  afterAll(() => journey?.stop())

  test('a site that fails is reported once, after confirmation, and its recovery is one reply with the length of the outage', async () => {
    await reportAnOutageOnce(journey, 'Ana')
  })

  test('the list shows the state and the uptime of a site, and "check now" is answered once', async () => {
    const ana = journey.telegram.user('Ana')
    ana.send('/monitores')
    await waitForReply(ana, /Seus monitores/)
    ana.press(/127\.0\.0\.1|loja/)
    await waitForButton(ana, 'verificar agora')
    const before = repliesMatching(ana, /Respondeu 200/).length
    ana.press('verificar agora')
    await until(() => repliesMatching(ana, /Respondeu 200/).length > before, { what: 'the answer', timeoutMs: 45_000 })
    await journey.settled()
    expect(repliesMatching(ana, /Respondeu 200/)).toHaveLength(before + 1)
  })

  test('if a tick is split into shards, as with many monitors, each shard requests the checks of its sites', async () => {
    const { vigia, sites, telegram } = journey
    // The hash of a monitor's id decides its shard. Of the first three monitors, the third is in the second shard.
    const ana = telegram.user('Ana')
    for (const path of ['/blog', '/api']) {
      sites.set(path, { kind: 'switch', on: true })
      ana.send(`/monitorar ${journey.sitesUrl}${path} 10s`)
      await waitForReply(ana, new RegExp(path))
    }
    const from = new Date()
    const window = { from: from.toISOString(), to: new Date(from.getTime() + 10_000).toISOString() }
    const ids = [0, 1].map(shard => `shard/${shard}@${window.from}`)
    for (const [shard, id] of ids.entries())
      await vigia.publish(
        { type: 'dev.vigia.shard.due', id, subject: `shard/${shard}`, vigiahops: '0' },
        { shard, shards: 2, ...window },
      )
    const requests = async () =>
      (await vigia.api('/api/events?type=dev.vigia.probe.requested&limit=200')) as { causationid: string | null }[]
    await until(
      async () => {
        const causes = new Set((await requests()).map(({ causationid }) => causationid))
        return ids.every(id => causes.has(id))
      },
      { what: 'a request from each shard' },
    )
    await journey.settled()
  })

  test(`functions handled all events, each event at least ${twice ? 'four times' : 'once'}`, async () => {
    const handled = await timesHandled(journey.vigia)
    const types = ['monitor.down', 'monitor.up', 'probe.finished', 'message.requested', 'shard.due', 'probe.requested']
    expect(handled.map(({ type }) => type)).toEqual(expect.arrayContaining(types.map(name => `dev.vigia.${name}`)))
    expect(handled.filter(({ times }) => times < (twice ? 4 : 1))).toEqual([])
  })

  test('no event became a dead letter', async () => {
    expect(await journey.vigia.api('/api/dead-letters')).toEqual([])
  })

  test('every log line matches the schema, and one trace leads from the check to the message about the outage', () => {
    const lines = functionLogs(journey.vigia.dataDir)
    const down = lines.find(line => /monitor\.down\/message\.requested/.test(line['event.id'] ?? ''))
    expect(down).toMatchObject({ 'service.name': 'telegram-notifier', 'event.outcome': 'success' })
    const services = lines.filter(line => line['trace.id'] === down!['trace.id']).map(line => line['service.name'])
    expect(services).toEqual(expect.arrayContaining(['uptime-prober', 'notification-fanout', 'telegram-notifier']))
  })
})
