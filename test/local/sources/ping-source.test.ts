import { describe, expect, test } from 'vitest'
import { type Ping, type PingSource, startPingSources } from '#local/sources/ping-source.ts'
import { until } from '#test/support/until.ts'

const source: PingSource = {
  name: 'reporter',
  namespace: 'vigia',
  schedule: '*/10 * * * * *',
  timeZone: 'UTC',
  contentType: 'application/json',
  data: Buffer.from('{}'),
  extensions: { tick: 'reporter' },
}

/** Starts a source with a clock and timers that the test controls. */
const startSource = (changes: Partial<PingSource> = {}, statuses: number[] = []) => {
  let now = Date.parse('2026-11-21T12:00:03Z')
  let timer: { ms: number; work: () => void } | undefined
  const sent: { ping: Ping; at: string }[] = []
  const lost: string[] = []
  const sources = startPingSources({
    sources: [{ ...source, ...changes }],
    send: async (_, ping) => {
      sent.push({ ping, at: new Date(now).toISOString() })
      return statuses.shift() ?? 202
    },
    clock: () => new Date(now),
    onLostTick: words => lost.push(words),
    after: (ms, work) => {
      timer = { ms, work }
      return () => {
        timer = undefined
      }
    },
  })
  /**
   * Advances the clock to the time of the timer and by a further `jumpMs`, as if the clock was set, and runs the timer.
   */
  const wake = (jumpMs = 0) => {
    const { ms, work } = timer!
    now += ms + jumpMs
    work()
    return ms
  }
  return { sources, sent, lost, wake, isArmed: () => timer !== undefined }
}

describe('a source', () => {
  test('sends the event that Knative sends, at the scheduled second', () => {
    const { sent, wake } = startSource()
    expect(wake()).toBe(7_000)
    wake()
    expect(sent.map(({ at }) => at)).toEqual(['2026-11-21T12:00:10.000Z', '2026-11-21T12:00:20.000Z'])
    const [{ ping }] = sent as [(typeof sent)[0]]
    expect(ping.body.toString()).toBe('{}')
    expect(ping.headers).toEqual({
      'ce-specversion': '1.0',
      'ce-type': 'dev.knative.sources.ping',
      'ce-source': '/apis/v1/namespaces/vigia/pingsources/reporter',
      'ce-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
      'ce-time': '2026-11-21T12:00:10.000Z',
      'ce-tick': 'reporter',
      'content-type': 'application/json',
    })
    expect(ping.headers['ce-id']).not.toBe(sent[1]!.ping.headers['ce-id'])
  })

  test('fires once after the machine has slept through many ticks', () => {
    const { sent, wake } = startSource()
    wake()
    wake(8 * 3_600_000)
    expect(sent.length).toBe(2)
    wake()
    expect(sent.map(({ at }) => at.slice(11, 19))).toEqual(['12:00:10', '20:00:20', '20:00:30'])
  })

  test('continues at once when the clock is set back, and does not wait until the repeated hour is over', () => {
    const { sent, wake } = startSource()
    wake()
    wake(-3_600_000)
    expect(sent.length).toBe(1)
    wake()
    expect(sent.at(-1)!.at).toBe('2026-11-21T11:00:30.000Z')
  })

  test('with a rare schedule reads the clock every minute', () => {
    const { sent, wake, sources } = startSource({ schedule: '0 9 1 * *' })
    expect(wake()).toBe(60_000)
    expect(sent.length).toBe(0)
    expect(sources.report()).toEqual([
      { name: 'reporter', schedule: '0 9 1 * *', timeZone: 'UTC', nextAt: '2026-12-01T09:00:00.000Z', lastAt: null },
    ])
  })

  test('reports when it fired last, and fires on demand', async () => {
    const { sources, sent } = startSource()
    const id = await sources.fire('reporter')
    expect(sent[0]!.ping.headers['ce-id']).toBe(id)
    expect(sources.report()[0]).toMatchObject({
      lastAt: '2026-11-21T12:00:03.000Z',
      nextAt: '2026-11-21T12:00:10.000Z',
    })
  })

  test('sends the same event again while the broker is unavailable', async () => {
    const { sources, sent } = startSource({}, [503, 503])
    await sources.fire('reporter')
    expect(new Set(sent.map(({ ping }) => ping.headers['ce-id'])).size).toBe(1)
    expect(sent.length).toBe(3)
  })

  test('loses a tick that the broker refuses, and reports it', async () => {
    const { wake, lost } = startSource({}, [500])
    wake()
    await until(() => lost.length === 1)
    expect(lost).toEqual(['reporter: a tick was lost: the sink answered 500'])
  })

  test('does not fire after a stop', () => {
    const { sources, isArmed } = startSource()
    sources.stop()
    expect(isArmed()).toBe(false)
  })
})
