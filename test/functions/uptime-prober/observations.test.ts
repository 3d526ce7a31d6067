import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { MonitorDown } from '#events/monitor-down.ts'
import type { MonitorUp } from '#events/monitor-up.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { wording } from '#functions/notification-fanout/wording.ts'
import { plain } from '#functions/telegram/html.ts'
import type { RunCheck } from '#functions/uptime-prober/check-runner.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { uptimeProber } from '#functions/uptime-prober/uptime-prober.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { uptimeSince } from '#test/support/probe-slots.ts'
import { virtualTime } from '#test/support/virtual-time.ts'
import { incidentsOf } from './database.ts'

const chatId = 7
const noon = Date.parse('2026-11-21T13:58:15Z')
const at = (seconds: number) => new Date(noon + seconds * 1_000)

let database: TestDatabase
let db: Postgres

beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
  await db.query('insert into chat (id) values ($1)', [chatId])
})
afterAll(() => database.end())
beforeEach(() => db.query('truncate monitor, probe_slot, probe_hour, incident, follow restart identity cascade'))

const addMonitor = async (intervalS: number, name = 'loja.test') =>
  (await monitorsIn(db).add({ chatId, name, kind: 'http', url: `https://${name}/`, intervalS, timeoutMs: 5_000 }))
    .monitor

/** A prober on virtual time that checks a simulated site. */
const startProber = () => {
  const time = virtualTime(at(-600))
  const watchedDb = time.watched(db)
  const results = resultWriter({ db: watchedDb, clock: time.clock, sleep: time.sleep })
  let isUp = true
  let checkCount = 0
  const runCheck: RunCheck = async check => {
    checkCount++
    return {
      result: {
        monitorId: check.monitorId,
        dueAt: new Date(check.dueAt),
        startedAt: time.clock(),
        ok: isUp,
        status: isUp ? 200 : 503,
        error: isUp ? null : 'status',
        attempts: 1,
        dnsMs: null,
        connectMs: 1,
        tlsMs: null,
        firstByteMs: 1,
        totalMs: 2,
      },
      confirmed: true,
    }
  }
  const published: VigiaEvent[] = []
  /** Handles a request for one check that is due at `dueS`. The check runs at that time, or `lateS` seconds later. */
  const probe = async (
    monitor: { id: number; url: string; intervalS: number },
    dueS: number,
    {
      up,
      lateS = 0,
      reason = 'slot' as 'slot' | 'now' | 'first',
    }: { up: boolean; lateS?: number; reason?: 'slot' | 'now' | 'first' },
  ) => {
    isUp = up
    const leftMs = at(dueS + lateS).getTime() - time.clock().getTime()
    if (leftMs > 0) await time.pass(leftMs)
    const { id, url, intervalS } = monitor
    const check = {
      monitorId: id,
      kind: 'http' as const,
      url,
      timeoutMs: 5_000,
      intervalS,
      dueAt: at(dueS).toISOString(),
    }
    const event = ProbeRequested.from(rootCause(`${reason}-${dueS}`), {
      subject: `monitor/${id}`,
      data: { reason, checks: [check], ...(reason !== 'slot' && { chatId }) },
    })
    const dependencies = {
      db: watchedDb,
      clock: time.clock,
      sleep: time.sleep,
      runCheck,
      results,
      publish: async (events: readonly VigiaEvent[]) => void published.push(...events),
      stop: new AbortController().signal,
    }
    await time.until(uptimeProber(event, dependencies))
  }
  return { time, published, probe, checkCount: () => checkCount }
}

const uptimeOf = async (id: number) => (await uptimeSince(db, [id], at(-3600))).get(id)

describe('an outage', () => {
  const reader = { id: 1, language: 'en', zone: 'UTC' } as const
  const words = (event: VigiaEvent, language: 'en' | 'pt-BR' = 'en') =>
    plain(
      wording(
        event.type.endsWith('down')
          ? { name: 'monitor.down', data: event.data as DataOf<typeof MonitorDown> }
          : { name: 'monitor.up', data: event.data as DataOf<typeof MonitorUp> },
        { ...reader, language },
        at(600),
      ).html,
    )

  test('begins when it was observed and not when its slot was due, and the message says so', async () => {
    const site = await addMonitor(60)
    const prober = startProber()
    await prober.probe(site, -60, { up: true })
    await prober.probe(site, 0, { up: false, lateS: 29 })
    expect(prober.published[0]!.data).toMatchObject({ since: at(29).toISOString(), sinceLate: true })
    expect(await monitorsIn(db).get(site.id)).toMatchObject({ state: 'down', stateSince: at(29), judgedAt: at(29) })
    expect(words(prober.published[0]!)).toContain('Seen down: today · 1:58 PM (UTC); it may have gone down earlier')
    expect(words(prober.published[0]!, 'pt-BR')).toContain('Detectado: hoje · 13:58 (UTC); pode ter caído antes')
  })

  test('begins when it was observed, also if the interval is five minutes and the check is two minutes late', async () => {
    const site = await addMonitor(300)
    const prober = startProber()
    await prober.probe(site, -300, { up: true })
    await prober.probe(site, 0, { up: false, lateS: 117 })
    expect(prober.published[0]!.data).toMatchObject({ since: at(117).toISOString(), sinceLate: true })
    expect(words(prober.published[0]!)).toContain('Seen down: today · 2:00 PM')
  })

  test('after slots that were not checked begins when it was observed', async () => {
    const site = await addMonitor(10)
    const prober = startProber()
    await prober.probe(site, 0, { up: true })
    await prober.probe(site, 120, { up: false })
    expect(prober.published[0]!.data).toMatchObject({
      since: at(120).toISOString(),
      sinceLate: true,
      lastOkAt: at(0).toISOString(),
    })
  })

  test('has an exact beginning if no check was late', async () => {
    const site = await addMonitor(10)
    const prober = startProber()
    await prober.probe(site, 0, { up: true })
    await prober.probe(site, 10, { up: false })
    expect(prober.published[0]!.data).not.toHaveProperty('sinceLate')
    expect(words(prober.published[0]!)).toContain('Since: today · 1:58 PM (UTC)')
  })

  test.each([
    [
      'a late recovery',
      0,
      117,
      'It was down for at most 6 min: down since 1:58 PM, seen up 2:05 PM',
      'Ficou fora por no máximo 6 min: caiu às 13:58, visto no ar às 14:05',
    ],
    [
      'a late outage',
      117,
      0,
      'It was down for at least 3 min: seen down 2:00 PM, back 2:03 PM',
      'Ficou fora por pelo menos 3 min: visto fora do ar às 14:00, de volta às 14:03',
    ],
    [
      'a late outage and a late recovery',
      117,
      118,
      'It was down for about 5 min: seen down 2:00 PM, seen up 2:05 PM',
      'Ficou fora por cerca de 5 min: visto fora do ar às 14:00, visto no ar às 14:05',
    ],
    [
      'no late check',
      0,
      0,
      'It was down for 5 min: from 1:58 PM to 2:03 PM',
      'Ficou fora por 5 min: das 13:58 às 14:03',
    ],
  ])('with %s has a message with the bounds that are known', async (_, downLateS, upLateS, english, portuguese) => {
    const site = await addMonitor(300)
    const prober = startProber()
    await prober.probe(site, -300, { up: true })
    await prober.probe(site, 0, { up: false, lateS: downLateS })
    await prober.probe(site, 300, { up: true, lateS: upLateS })
    expect(words(prober.published.at(-1)!)).toContain(english)
    expect(words(prober.published.at(-1)!, 'pt-BR')).toContain(
      `🟢 loja.test voltou ao ar\n${portuguese}\n1 verificação falhou\nPrimeira verificação que falhou: respondeu com erro 503\n`,
    )
  })

  test('is not closed by a result that was observed before the outage began, even if its slot is newer', async () => {
    const site = await addMonitor(10)
    const prober = startProber()
    await prober.probe(site, -10, { up: true })
    // One replica checks the slot of second 0 late, in second 25. Another replica has checked the slot of second 20 on
    // time.
    await prober.probe(site, 0, { up: false, lateS: 25 })
    const writer = resultWriter({ db, clock: prober.time.clock, sleep: async () => {} })
    const old = {
      monitorId: site.id,
      dueAt: at(20),
      startedAt: at(20),
      ok: true,
      status: 200,
      error: null,
      attempts: 1,
    }
    const timings = { dnsMs: null, connectMs: 1, tlsMs: null, firstByteMs: 1, totalMs: 2 }
    await writer.write({ result: { ...old, ...timings }, confirmed: false }, rootCause('old'), true)
    expect(await monitorsIn(db).get(site.id)).toMatchObject({ state: 'down', stateSince: at(25) })
    const [incident] = await incidentsOf(db, site.id)
    expect(incident).toMatchObject({ openedAt: at(25), closedAt: null })
  })
})

describe('an outage during a change of the clocks', () => {
  const secondLine = (since: string, until: string, zone: string, language: 'en' | 'pt-BR' = 'en') =>
    plain(
      wording(
        {
          name: 'monitor.up',
          data: {
            monitorId: 1,
            incidentId: 1,
            name: 'x',
            url: 'https://x.test/',
            since,
            until,
            status: 500,
            error: 'status',
          },
        },
        { id: 1, language, zone },
        new Date(until),
      ).html,
    ).split('\n')[1]

  test.each([
    ['2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z', 'It was down for 1 h: from 1:30 AM UTC-4 to 1:30 AM UTC-5'],
    ['2026-11-01T05:40:00Z', '2026-11-01T06:10:00Z', 'It was down for 30 min: from 1:40 AM UTC-4 to 1:10 AM UTC-5'],
    ['2026-11-01T05:40:00Z', '2026-11-01T05:40:20Z', 'It was down for 20 s: at 1:40 AM UTC-4'],
    ['2026-03-08T06:30:00Z', '2026-03-08T07:30:00Z', 'It was down for 1 h: from 1:30 AM UTC-5 to 3:30 AM UTC-4'],
    [
      '2026-10-31T12:00:00Z',
      '2026-11-01T13:00:00Z',
      'It was down for 1 day 1 h: yesterday · 8:00 AM UTC-4 – today · 8:00 AM UTC-5',
    ],
  ])('from %s to %s in New York has a message with unambiguous times', (since, until, english) => {
    expect(secondLine(since, until, 'America/New_York')).toBe(english)
  })

  test('has a message with unambiguous times in Portuguese, and for a change of half an hour', () => {
    expect(secondLine('2026-11-01T05:40:00Z', '2026-11-01T06:10:00Z', 'America/New_York', 'pt-BR')).toBe(
      'Ficou fora por 30 min: das 01:40 UTC-4 às 01:10 UTC-5',
    )
    expect(secondLine('2026-04-04T14:50:00Z', '2026-04-04T15:05:00Z', 'Australia/Lord_Howe', 'pt-BR')).toBe(
      'Ficou fora por 15 min: das 01:50 UTC+11 às 01:35 UTC+10:30',
    )
  })
})

describe('a check that a person requests', () => {
  test('during an outage does not change the uptime', async () => {
    const site = await addMonitor(60)
    const prober = startProber()
    await prober.probe(site, 0, { up: true })
    await prober.probe(site, 60, { up: false })
    for (const second of [65, 70, 75, 80]) await prober.probe(site, second, { up: false, reason: 'now' })
    await prober.probe(site, 120, { up: true })
    await prober.probe(site, 180, { up: true })
    await prober.time.pass(5_000)
    expect(await uptimeOf(site.id)).toMatchObject({ ok: 3, failed: 1, uptime: 0.75 })
    expect(prober.checkCount()).toBe(8)
  })

  test('opens and closes one incident, which the next slot only confirms', async () => {
    const site = await addMonitor(60)
    const prober = startProber()
    await prober.probe(site, 0, { up: true })
    await prober.probe(site, 30, { up: false, reason: 'now' })
    await prober.probe(site, 60, { up: false })
    await prober.probe(site, 90, { up: true, reason: 'now' })
    await prober.probe(site, 120, { up: true })
    await prober.time.pass(5_000)
    expect(prober.published.map(({ id }) => id)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up'])
    expect(await incidentsOf(db, site.id)).toMatchObject([{ openedAt: at(30), closedAt: at(90) }])
    expect(await uptimeOf(site.id)).toMatchObject({ ok: 2, failed: 1 })
  })

  test('is answered while the monitor is flapping, although its change is not announced', async () => {
    const site = await addMonitor(10)
    const prober = startProber()
    for (const [n, up] of [true, false, true, false, true].entries()) await prober.probe(site, n * 10, { up })
    const before = prober.published.length
    await prober.probe(site, 45, { up: false, reason: 'now' })
    expect(prober.published.slice(before)).toMatchObject([
      { type: 'dev.vigia.probe.finished', data: { ok: false, status: 503 } },
    ])
  })

  test('of a new monitor does not count for its uptime', async () => {
    const site = await addMonitor(60)
    const prober = startProber()
    await prober.probe(site, 7, { up: true, reason: 'first' })
    await prober.time.pass(5_000)
    expect(await uptimeOf(site.id)).toBeUndefined()
  })
})

describe('the uptime', () => {
  test('weighs slots by time: a slot of ten minutes counts as much as sixty slots of ten seconds', async () => {
    const site = await addMonitor(10)
    const prober = startProber()
    for (let second = 0; second < 600; second += 10) await prober.probe(site, second, { up: false })
    const slow = (await monitorsIn(db).add({ ...site, intervalS: 600 })).monitor
    for (const second of [600, 1_200, 1_800]) await prober.probe(slow, second, { up: true })
    await prober.time.pass(5_000)
    expect(await uptimeOf(site.id)).toMatchObject({ ok: 3, failed: 60, uptime: 0.75 })
  })

  test('excludes slots that were not checked', async () => {
    const site = await addMonitor(10)
    const prober = startProber()
    await prober.probe(site, 0, { up: true })
    // After an outage of our own, the prober gets the requests for these slots when newer slots are already due.
    for (const second of [10, 20, 30]) await prober.probe(site, second, { up: false, lateS: 60 })
    await prober.probe(site, 100, { up: true })
    await prober.time.pass(5_000)
    expect(await uptimeOf(site.id)).toMatchObject({ ok: 2, failed: 0, missed: 3, uptime: 1 })
    expect(prober.published).toEqual([])
  })

  test('begins again for a monitor that was deleted and added again', async () => {
    const site = await addMonitor(10)
    const prober = startProber()
    await prober.probe(site, 0, { up: false })
    await monitorsIn(db).remove(chatId, site.id)
    const again = await addMonitor(10)
    await prober.probe(again, 10, { up: true })
    await prober.time.pass(5_000)
    expect(await uptimeOf(again.id)).toMatchObject({ ok: 1, failed: 0, uptime: 1 })
    expect(await uptimeOf(site.id)).toBeUndefined()
  })
})
