import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { followsIn } from '#database/series/follows.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { type ProbeResult, probeResultsIn } from '#database/uptime/probe-results.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import type { CheckOutcome } from '#functions/uptime-prober/check-runner.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { stateConfirmedBy, verdict } from '#functions/uptime-prober/verdict.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { withoutOptions } from '#test/support/monitors.ts'
import { uptimeSince } from '#test/support/probe-slots.ts'
import { type VirtualTime, virtualTime } from '#test/support/virtual-time.ts'
import { incidentsOf } from './database.ts'

const chatId = 7
const start = Date.parse('2026-11-21T12:59:00Z')
const slot = (n: number) => new Date(start + n * 10_000)
const cause = rootCause('probe-1')

let database: TestDatabase
let db: Postgres

beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
  await db.query('insert into chat (id) values ($1)', [chatId])
})
afterAll(() => database.end())
beforeEach(() => clean())

const clean = () => db.query('truncate monitor, probe_slot, probe_hour, incident, follow restart identity cascade')

const addMonitor = async (name: string) =>
  (
    await monitorsIn(db).add({
      chatId,
      name,
      kind: 'http',
      url: `https://${name}/`,
      intervalS: 10,
      timeoutMs: 5_000,
    })
  ).monitor

type Outcome = 'good' | 'bad' | 'unconfirmed' | 'unchecked'

const measured = (monitorId: number, n: number, outcome: Outcome): CheckOutcome => {
  const ok = outcome === 'good' ? true : outcome === 'unchecked' ? null : false
  const result: ProbeResult = {
    monitorId,
    dueAt: slot(n),
    startedAt: slot(n),
    ok,
    status: ok ? 200 : 500,
    error: ok ? null : ok === false ? 'status' : 'not-checked',
    attempts: 1,
    dnsMs: null,
    connectMs: 1,
    tlsMs: null,
    firstByteMs: 2,
    totalMs: 4,
  }
  return { result, confirmed: outcome === 'bad' || outcome === 'good' }
}

/** A result writer on virtual time, with a database that may be unavailable. */
const startWriter = (time: VirtualTime = virtualTime(slot(0))) => {
  let isDatabaseDown = false
  const refused = () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
  const flakyDb: Postgres = {
    query: (sql, values) => (isDatabaseDown ? refused() : db.query(sql, values)),
    transaction: work => (isDatabaseDown ? refused() : db.transaction(work)),
    end: () => db.end(),
  }
  const writer = resultWriter({ db: time.watched(flakyDb), clock: time.clock, sleep: time.sleep })
  return {
    time,
    write: (monitorId: number, n: number, outcome: Outcome, flush = false) =>
      writer.write(measured(monitorId, n, outcome), cause, flush),
    setDatabaseDown: (value: boolean) => {
      isDatabaseDown = value
    },
  }
}

const writeAll = async (monitorId: number, ...outcomes: Outcome[]): Promise<VigiaEvent[]> => {
  const { write, time } = startWriter()
  const events: VigiaEvent[] = []
  for (const [n, outcome] of outcomes.entries()) events.push(...(await time.until(write(monitorId, n, outcome))))
  return events
}

const names = (events: VigiaEvent[]) => events.map(({ id }) => id)

describe('a monitor of a chat', () => {
  const site = {
    chatId,
    name: 'a.test',
    kind: 'http',
    url: 'https://a.test/',
    intervalS: 60,
    timeoutMs: 5_000,
  } as const

  test('is stored once for each URL, with a follow of its chat; adding it again sets its interval and resumes it', async () => {
    const monitors = monitorsIn(db)
    const { monitor, isNew } = await monitors.add(site)
    expect(isNew).toBe(true)
    expect(monitor).toMatchObject({ ...site, state: 'new', pausedAt: null, judgedAt: null, version: 0 })
    expect(await followsIn(db).followersOf(`monitor/${monitor.id}`)).toMatchObject([{ id: chatId }])
    await monitors.pause(chatId, monitor.id)
    const again = await monitors.add({ ...site, intervalS: 10 })
    expect(again).toMatchObject({ isNew: false, monitor: { id: monitor.id, intervalS: 10, pausedAt: null } })
    expect(await monitors.of(chatId)).toHaveLength(1)
    expect(await monitors.of(chatId)).toEqual([again.monitor])
  })

  test('belongs to its chat: no other chat can pause, resume or delete it', async () => {
    const monitors = monitorsIn(db)
    const { monitor } = await monitors.add(site)
    expect(await monitors.pause(8, monitor.id)).toBeNull()
    expect(await monitors.resume(8, monitor.id)).toBeNull()
    expect(await monitors.remove(8, monitor.id)).toBeNull()
    expect(await monitors.get(monitor.id)).toEqual(monitor)
  })

  test('is deleted with its follow, its hourly sums and its incidents', async () => {
    const { id } = await addMonitor('gone.test')
    await writeAll(id, 'good', 'bad')
    expect(await monitorsIn(db).remove(chatId, id)).toMatchObject({ id, name: 'gone.test' })
    expect(await monitorsIn(db).get(id)).toBeNull()
    expect(await followsIn(db).followersOf(`monitor/${id}`)).toEqual([])
    expect(await uptimeSince(db, [id], slot(0))).toEqual(new Map())
    expect(await incidentsOf(db, id)).toEqual([])
  })
})

describe('a confirmed failure', () => {
  test('opens one incident, and the recovery closes it', async () => {
    const { id } = await addMonitor('shop.test')
    const events = await writeAll(id, 'good', 'bad', 'bad', 'good', 'good')
    expect(names(events)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up'])
    const incident = {
      monitorId: id,
      incidentId: 1,
      name: 'shop.test',
      url: 'https://shop.test/',
      since: slot(1).toISOString(),
    }
    expect(events[0]).toMatchObject({
      type: 'dev.vigia.monitor.down',
      subject: `monitor/${id}`,
      causationid: 'probe-1',
      data: { ...incident, status: 500, error: 'status', lastOkAt: slot(0).toISOString() },
    })
    expect(events[1]).toMatchObject({
      type: 'dev.vigia.monitor.up',
      data: { ...incident, until: slot(3).toISOString() },
    })
    expect(await incidentsOf(db, id)).toMatchObject([{ openedAt: slot(1), closedAt: slot(3) }])
  })

  test('of a monitor that was never up opens an incident too', async () => {
    const { id } = await addMonitor('typo.test')
    const [down] = await writeAll(id, 'bad')
    expect(down!.data).toMatchObject({ lastOkAt: null })
  })

  test('ends with a pause of the monitor: its incident is closed, and the monitor begins as new', async () => {
    const { id } = await addMonitor('shop.test')
    await writeAll(id, 'good', 'bad')
    const monitors = monitorsIn(db)
    expect(await monitors.pause(chatId, id)).toMatchObject({ state: 'new', pausedAt: expect.any(Date) })
    expect((await incidentsOf(db, id)).filter(({ closedAt }) => closedAt === null)).toEqual([])
    expect(await monitors.resume(chatId, id)).toMatchObject({ state: 'new', pausedAt: null })
    const { write, time } = startWriter()
    expect(await time.until(write(id, 10, 'good'))).toEqual([])
    expect(await monitors.get(id)).toMatchObject({ state: 'up' })
  })
})

test('results of a monitor that is paused or deleted are not stored', async () => {
  const paused = await addMonitor('paused.test')
  const gone = await addMonitor('gone.test')
  const monitors = monitorsIn(db)
  await monitors.pause(chatId, paused.id)
  await monitors.remove(chatId, gone.id)
  expect(await writeAll(paused.id, 'bad', 'good')).toEqual([])
  expect(await writeAll(gone.id, 'bad', 'good')).toEqual([])
  expect((await db.query('select 1 from probe_slot')).rowCount).toBe(0)
  expect((await db.query('select 1 from probe_hour')).rowCount).toBe(0)
})

test('a verdict is needed only for a result that confirms a state that the monitor does not have', () => {
  const at = fc.nat(20).map(slot)
  const monitor = {
    ...withoutOptions,
    id: 1,
    chatId,
    name: '',
    kind: 'http' as const,
    url: '',
    intervalS: 10,
    timeoutMs: 5_000,
  }
  fc.assert(
    fc.property(
      fc.record({ dueAt: at, ok: fc.constantFrom(true, false, null), confirmed: fc.boolean() }),
      fc.constantFrom('new' as const, 'up' as const, 'down' as const),
      fc.option(at),
      (finding, state, judgedAt) => {
        const unknown = { pausedAt: null, stateSince: null, lastOkAt: null, changes: null, settlesAt: null, version: 0 }
        const quality = {
          paceCount: 0,
          slowSince: null,
          slowMs: null,
          certificateDays: null,
          certificateExpiresAt: null,
        }
        const before = { ...monitor, ...unknown, ...quality, state, judgedAt }
        const quiet = stateConfirmedBy(finding)
        if (quiet === null || quiet === state) expect(verdict(before, finding).state).toBe(state)
        // A success that is not confirmed does not bring a monitor up again.
        else if (state === 'down' && !finding.confirmed) expect(verdict(before, finding).state).toBe('down')
        else if (judgedAt === null || judgedAt < finding.dueAt) expect(verdict(before, finding).state).toBe(quiet)
      },
    ),
  )
})

test('results that arrive together are written in one statement, and each hour gets its own sums', async () => {
  const monitors = await Promise.all(Array.from({ length: 30 }, (_, n) => addMonitor(`m${n}.test`)))
  let statements = 0
  const time = virtualTime(slot(0))
  const counting: Postgres = {
    ...db,
    query: (sql, values) => {
      statements++
      return db.query(sql, values)
    },
  }
  const writer = resultWriter({ db: time.watched(counting), clock: time.clock, sleep: time.sleep })
  const round = (n: number) =>
    time.until(Promise.all(monitors.map(({ id }) => writer.write(measured(id, n, 'good'), cause, false))))
  await round(5)
  statements = 0
  await round(6)
  expect(statements).toBe(1)
  const { rows } = await db.query<{ hour: Date; ok: number }>(
    'select hour, sum(ok) as ok from probe_hour group by hour order by hour',
  )
  expect(rows).toEqual([
    { hour: new Date('2026-11-21T12:00:00Z'), ok: 30 },
    { hour: new Date('2026-11-21T13:00:00Z'), ok: 30 },
  ])
  const tallies = await uptimeSince(db, [monitors[0]!.id], slot(0))
  expect(tallies.get(monitors[0]!.id)).toEqual({
    ...{ ok: 2, failed: 0, missed: 0, maintenance: 0, slow: 0, averageMs: 4, totalMs: 8, uptime: 1 },
    ...{ okS: 20, failedS: 0, missedS: 0, maintenanceS: 0 },
  })
})

test('two replicas that write the same slot store one row and one incident, and get the same events', async () => {
  const { id } = await addMonitor('shop.test')
  await writeAll(id, 'good')
  const one = startWriter()
  const other = startWriter()
  const found = await Promise.all([
    one.time.until(one.write(id, 1, 'bad', true)),
    other.time.until(other.write(id, 1, 'bad', true)),
  ])
  expect(found.map(names)).toEqual([['incident/1/monitor.down'], ['incident/1/monitor.down']])
  expect(await incidentsOf(db, id)).toHaveLength(1)
  expect((await db.query('select 1 from probe_slot')).rowCount).toBe(2)
})

describe('while PostgreSQL is unavailable', () => {
  test('results wait, and are written when PostgreSQL is available again', async () => {
    const { id } = await addMonitor('shop.test')
    const { write, time, setDatabaseDown } = startWriter()
    setDatabaseDown(true)
    const first = write(id, 0, 'good')
    const second = write(id, 1, 'bad')
    await time.pass(30_000)
    setDatabaseDown(false)
    expect(await time.until(first)).toEqual([])
    expect(names(await time.until(second))).toEqual(['incident/1/monitor.down'])
    expect((await uptimeSince(db, [id], slot(0))).get(id)).toMatchObject({ ok: 1, failed: 1, missed: 0 })
  })

  test('results are returned to the broker if PostgreSQL stays unavailable', async () => {
    const { id } = await addMonitor('shop.test')
    const { write, time, setDatabaseDown } = startWriter()
    setDatabaseDown(true)
    await expect(time.until(write(id, 0, 'good'))).rejects.toMatchObject({ name: 'RetryLater' })
  })
})

test('a result of a day without a partition is stored, because the writer creates the partition', async () => {
  const { id } = await addMonitor('shop.test')
  await db.query('drop table if exists probe_slot_20261121')
  expect(names(await writeAll(id, 'good', 'bad'))).toEqual(['incident/1/monitor.down'])
  await db.query('drop table if exists probe_slot_20261121')
  expect(names(await writeAll(id, 'unchecked', 'unchecked', 'unchecked', 'good'))).toEqual(['incident/1/monitor.up'])
})

describe('results that are written twice, late or in another order', () => {
  const outcome = fc.constantFrom<Outcome>('good', 'good', 'bad', 'bad', 'unconfirmed', 'unchecked')
  /**
   * The outcomes of ten slots of each of three sites, and the writes of their results in order. A result may be written
   * more than once. If `together` is true, the next write does not wait for this one. If `isDatabaseDown` is true, the
   * database is down when the write begins.
   */
  const scenario = fc.record({
    sites: fc.array(fc.array(outcome, { minLength: 10, maxLength: 10 }), { minLength: 3, maxLength: 3 }),
    writes: fc.array(
      fc.record({ site: fc.nat(2), n: fc.nat(9), together: fc.boolean(), isDatabaseDown: fc.nat(9).map(n => n === 0) }),
      {
        minLength: 1,
        maxLength: 60,
      },
    ),
  })

  /**
   * The expected behaviour in a simple form. A result changes the state only if its slot was checked and is newer than
   * every checked slot whose result was written earlier. For the uptime, each slot counts once, even if it is late.
   */
  const reference = (outcomes: Outcome[], order: number[]) => {
    const slots = new Set<number>()
    const incidents: { opened: number; closed: number | null }[] = []
    let newest = -1
    let state = 'new'
    for (const n of order) {
      slots.add(n)
      if (outcomes[n] === 'unchecked' || n <= newest) continue
      newest = n
      if (outcomes[n] === 'good') {
        if (state === 'down') incidents.at(-1)!.closed = n
        state = 'up'
      } else if (outcomes[n] === 'bad') {
        if (state !== 'down') incidents.push({ opened: n, closed: null })
        state = 'down'
      }
    }
    const count = (kind: Outcome[]) => [...slots].filter(n => kind.includes(outcomes[n]!)).length
    return {
      state,
      incidents,
      ok: count(['good']),
      failed: count(['bad', 'unconfirmed']),
      missed: count(['unchecked']),
    }
  }

  test('incidents and events follow only the results that are newer than the last verdict, and the uptime counts every slot once', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ sites, writes }) => {
        await clean()
        const monitors = await Promise.all(sites.map((_, site) => addMonitor(`site-${site}.test`)))
        const { write, time, setDatabaseDown } = startWriter()
        const published = new Set<string>()
        const running: Promise<unknown>[] = []
        for (const { site, n, together, isDatabaseDown } of writes) {
          setDatabaseDown(isDatabaseDown)
          const written = write(monitors[site]!.id, n, sites[site]![n]!).then(events => {
            for (const { id } of events) published.add(id)
          })
          running.push(written)
          if (!together && !isDatabaseDown) await time.until(written)
        }
        setDatabaseDown(false)
        await time.until(Promise.all(running))

        const expected = new Set<string>()
        for (const [site, monitor] of monitors.entries()) {
          const order = writes.filter(write => write.site === site).map(({ n }) => n)
          const { state, incidents, ...counts } = reference(sites[site]!, order)
          expect(await monitorsIn(db).get(monitor.id)).toMatchObject({ state })
          const found = await incidentsOf(db, monitor.id)
          expect(found.toReversed().map(({ openedAt, closedAt }) => ({ openedAt, closedAt }))).toEqual(
            incidents.map(({ opened, closed }) => ({
              openedAt: slot(opened),
              closedAt: closed === null ? null : slot(closed),
            })),
          )
          for (const { id, closedAt } of found) {
            expected.add(`incident/${id}/monitor.down`)
            if (closedAt) expected.add(`incident/${id}/monitor.up`)
          }
          const tallies = await uptimeSince(db, [monitor.id], slot(0))
          if (order.length > 0) expect(tallies.get(monitor.id)).toMatchObject(counts)
        }
        expect(published).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })
})

test('a stored result is read again with the time of each phase', async () => {
  const { id } = await addMonitor('shop.test')
  await writeAll(id, 'good', 'bad')
  const results = probeResultsIn(db)
  const slots = [0, 1, 2].map(n => ({ monitorId: id, dueAt: slot(n) }))
  const found = await results.of(slots)
  expect(found.toSorted((a, b) => a.dueAt.getTime() - b.dueAt.getTime())).toEqual([
    measured(id, 0, 'good').result,
    measured(id, 1, 'bad').result,
  ])
})
