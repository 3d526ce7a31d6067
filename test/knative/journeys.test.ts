import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  announceAnEpisodeOnce,
  type JobTarget,
  type PageTarget,
  reportAMissedPingOnce,
  reportAnOutageOnce,
  showAnOutageOnAPage,
} from '#test/support/journey-steps.ts'
import { handledEvents } from './cluster/handled-events.ts'
import { deadLettersSince, doubleTriggers, knativeTarget, removeDoubleTriggers } from './cluster/journey-target.ts'

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP).each([
  ['once', false],
  ['twice', true],
])('on Knative, with every event delivered %s', (label, twice) => {
  let target: JobTarget & PageTarget
  let start: string
  beforeAll(async () => {
    target = await knativeTarget()
    start = new Date().toISOString()
    if (twice) await doubleTriggers()
  })
  afterAll(async () => {
    if (twice) await removeDoubleTriggers()
  })

  test('an episode of a followed series is announced once, at its time, in the language and zone of each chat', async () => {
    await announceAnEpisodeOnce(target, `Knative ${label}`)
  })

  test('a site that fails is reported once, and its recovery is one reply with the length of the outage', async () => {
    await reportAnOutageOnce(target, `Eva ${label}`, { path: `/${label}` })
  })

  test('a ping through the ingress is stored, a missed one is reported once, and the next one is one reply', async () => {
    await reportAMissedPingOnce(target, `Lia ${label}`)
  })

  // No Trigger wakes status-page, so the second delivery of events changes nothing for it.
  test.skipIf(twice)(
    'a visitor starts status-page through the ingress, and reads of an outage and of its end on a page from the chat',
    async () => {
      await showAnOutageOnAPage(target, `Iva ${label}`, `/page-${label}`)
    },
  )

  test(`functions handled the events, and each message.requested ${twice ? 'at least twice' : 'once'}`, async () => {
    const counts = new Map<string, number>()
    const types = new Set<string>()
    for (const { type, id, time } of await handledEvents()) {
      if (time < start || type === 'dev.knative.sources.ping') continue
      counts.set(`${type} ${id}`, (counts.get(`${type} ${id}`) ?? 0) + 1)
      types.add(type)
    }
    const names = [
      'series.followed',
      'episode.due',
      'message.requested',
      'monitor.down',
      'monitor.up',
      'probe.requested',
      'heartbeats.due',
      'heartbeat.changed',
    ]
    expect([...types]).toEqual(expect.arrayContaining(names.map(name => `dev.vigia.${name}`)))
    const messages = [...counts].filter(([event]) => event.startsWith('dev.vigia.message.requested'))
    expect(messages.filter(([, count]) => (twice ? count < 2 : count !== 1))).toEqual([])
  })

  test('no event became a dead letter', async () => {
    expect(await deadLettersSince(start)).toBe('')
  })
})
