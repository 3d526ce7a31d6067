import { describe, expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { slotDisposition } from '#functions/uptime-prober/slot-disposition.ts'
import { uptimeSince } from '#test/support/probe-slots.ts'
import { addMonitor, noon, proberDatabase, storedResults } from './uptime-prober/database.ts'
import { checkOf, ids, request, responded, second, startProber, timedOut } from './uptime-prober/support.ts'

const database = proberDatabase()

describe('a check', () => {
  test('starts at its due second while other checks still run', async () => {
    const hanging = await addMonitor(database.db, 'hanging.test')
    const [early, late] = [await addMonitor(database.db, 'early.test'), await addMonitor(database.db, 'late.test')]
    const prober = startProber(database.db, (url, at) =>
      url.includes('hanging')
        ? prober.time.sleep(5_000).then(() => ({ ...timedOut, contact: true }))
        : responded(at ? 200 : 204),
    )
    await prober.run(
      request([checkOf(late, noon + 9_000), checkOf(hanging, noon + 1_000), checkOf(early, noon + 3_000)]),
    )
    expect(prober.attempts.filter(({ attempt }) => attempt === 0).map(({ at }) => at)).toEqual([1_000, 3_000, 9_000])
    expect((await storedResults(database.db)).map(({ ok, late }) => [ok, late])).toEqual([
      [false, 0],
      [true, 0],
      [true, 0],
    ])
  })

  test.each([
    [200, true],
    [204, true],
    [299, true],
    [302, false],
    [404, false],
    [500, false],
  ])('that gets status %i passes: %s', async (status, ok) => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(status))
    await prober.run(request([checkOf(site, noon)]))
    expect(await storedResults(database.db)).toMatchObject([{ ok, error: ok ? null : 'status' }])
  })

  test('that fails is repeated twice before monitor.down is published', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(503))
    await prober.run(request([checkOf(site, noon)]))
    expect(prober.attempts.map(({ at, attempt }) => [at, attempt])).toEqual([
      [0, 0],
      [1_000, 1],
      [3_000, 2],
    ])
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
    expect(prober.published[0]!.data).toMatchObject({
      status: 503,
      error: 'status',
      since: new Date(noon).toISOString(),
    })
  })

  test('that fails once and then passes publishes nothing', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, (_, __, attempt) => responded(attempt === 0 ? 502 : 200))
    await prober.run(request([checkOf(site, noon)]))
    expect(prober.published).toEqual([])
    expect(await storedResults(database.db)).toMatchObject([{ ok: true, attempts: 2 }])
  })

  test('of a monitor that is already down makes one attempt', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(503))
    await prober.run(request([checkOf(site, noon)]))
    await prober.run(request([checkOf(site, noon + 60_000, { down: true })]))
    expect(prober.attempts).toHaveLength(4)
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
  })

  test('without repeats does not take down a monitor that recovered in the meantime', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, (_, at) => responded(at < 60_000 ? 200 : 503))
    await prober.run(request([checkOf(site, noon)]))
    await prober.run(request([checkOf(site, noon + 60_000, { down: true })]))
    expect(prober.published).toEqual([])
    expect(await monitorsIn(database.db).get(site.id)).toMatchObject({ state: 'up' })
  })
})

describe('an event', () => {
  test('is published while other checks of the same request still wait or hang', async () => {
    const [sick, later] = [await addMonitor(database.db, 'sick.test'), await addMonitor(database.db, 'later.test')]
    const prober = startProber(database.db, url => responded(url.includes('sick') ? 500 : 200))
    const handled = prober.start(request([checkOf(sick, noon), checkOf(later, noon + 20_000)]))
    await prober.time.pass(5_000)
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down'])
    await prober.time.until(handled)
  })

  test('that could not be published is published at the redelivery, with the same id and data', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(500))
    prober.setBrokerDown(true)
    const event = request([checkOf(site, noon)])
    await expect(prober.run(event)).rejects.toThrow('the broker answered 503')
    prober.setBrokerDown(false)
    await prober.run(event)
    await prober.run(event)
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.down'])
    expect(prober.published[0]).toEqual(prober.published[1])
    expect(prober.attempts).toHaveLength(3)
  })

  test('of a recovery is published again at a redelivery, with the beginning of the incident', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, (_, at) => responded(at < 60_000 ? 500 : 200))
    await prober.run(request([checkOf(site, noon)]))
    const recovery = request([checkOf(site, noon + 60_000, { down: true })])
    await prober.run(recovery)
    await prober.time.pass(3_000)
    await prober.run(recovery)
    expect(ids(prober.published)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up', 'incident/1/monitor.up'])
    expect(prober.published[2]).toEqual(prober.published[1])
    expect(prober.published[1]!.data).toMatchObject({
      since: new Date(noon).toISOString(),
      until: new Date(noon + 60_000).toISOString(),
      status: 500,
    })
  })
})

describe('a request that arrives early or late', () => {
  test.each([
    ['a second early waits', -1, 60, 'wait'],
    ['at its due time is checked', 0, 60, 'probe'],
    ['30 s late is checked, even if a newer slot is due', 30, 10, 'probe'],
    ['31 s late is missed if a newer slot is due', 31, 10, 'missed'],
    ['59 s late is checked if no newer slot is due', 59, 60, 'probe'],
    ['60 s late is missed if a newer slot is due', 60, 60, 'missed'],
    ['14 days late is forgotten, because its day is no longer stored', 14 * 86_400, 60, 'forgotten'],
  ])('%s', (_, lateS, intervalS, disposition) => {
    const slot = checkOf({ id: 1, url: 'https://x.test/', intervalS }, noon)
    expect(slotDisposition(slot, false, new Date(noon + lateS * second))).toBe(disposition)
    if (lateS >= 0) expect(slotDisposition(slot, true, new Date(noon + lateS * second))).toBe('probe')
  })

  test('checks no slot that has a result, and each other slot once', async () => {
    const [done, open] = [await addMonitor(database.db, 'done.test'), await addMonitor(database.db, 'open.test')]
    const prober = startProber(database.db, () => responded(200))
    await prober.run(request([checkOf(done, noon)]))
    await prober.time.pass(10_000)
    await prober.run(request([checkOf(done, noon), checkOf(open, noon)]))
    expect(prober.attempts.map(({ url }) => url)).toEqual([done.url, open.url])
  })

  test('counts its old slots as missed, once, and no verdict changes', async () => {
    const site = await addMonitor(database.db, 'site.test', 10)
    const prober = startProber(database.db, () => responded(500), { from: noon + 60_000 })
    const event = request([checkOf(site, noon), checkOf(site, noon + 10_000)])
    await prober.run(event)
    await prober.run(event)
    expect(prober.attempts).toEqual([])
    expect((await uptimeSince(database.db, [site.id], new Date(noon))).get(site.id)).toMatchObject({
      missed: 2,
      failed: 0,
    })
    expect(await monitorsIn(database.db).get(site.id)).toMatchObject({ state: 'new', judgedAt: null })
  })

  test('with a due time from a wrong clock is returned to the broker at once', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(200))
    await expect(prober.run(request([checkOf(site, noon + 3_600_000)]))).rejects.toMatchObject({ name: 'RetryLater' })
  })
})

test('a request with an invalid due time goes to the dead letters', async () => {
  const site = await addMonitor(database.db, 'site.test')
  const prober = startProber(database.db, () => responded(200))
  const event = request([checkOf(site, noon), checkOf(site, noon, { dueAt: 'soon' })], 'now')
  await expect(prober.run(event)).rejects.toMatchObject({ name: 'Permanent' })
})

test('at shutdown, checks that are not due yet return to the broker, and the results of checks in progress are stored', async () => {
  const [running, waiting] = [
    await addMonitor(database.db, 'running.test'),
    await addMonitor(database.db, 'waiting.test'),
  ]
  const prober = startProber(database.db, () => prober.time.sleep(400).then(() => responded(200)))
  const handled = prober.start(request([checkOf(running, noon), checkOf(waiting, noon + 15_000)]))
  await prober.time.pass(100)
  prober.shutDown()
  await expect(prober.time.until(handled)).rejects.toMatchObject({ name: 'RetryLater', seconds: 1 })
  expect(prober.time.clock().getTime()).toBeLessThan(noon + 5_000)
  expect(await storedResults(database.db)).toMatchObject([{ id: running.id, ok: true }])
})

test('at shutdown, the check of a site that hangs returns to the broker', async () => {
  const [hanging, quick] = [await addMonitor(database.db, 'hanging.test'), await addMonitor(database.db, 'quick.test')]
  const prober = startProber(database.db, url =>
    url.includes('hanging') ? prober.time.sleep(30_000).then(() => timedOut) : responded(200),
  )
  const handled = prober.start(request([checkOf(hanging, noon), checkOf(quick, noon)]))
  await prober.time.pass(100)
  prober.shutDown()
  await expect(prober.time.until(handled)).rejects.toMatchObject({
    message: '1 checks were not finished; the broker delivers the event again',
  })
  expect(prober.time.clock().getTime()).toBeLessThan(noon + 5_000)
  expect(await storedResults(database.db)).toMatchObject([{ id: quick.id, ok: true }])
})
