import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { factsSql } from '#database/pages/page-facts.ts'
import type { PageQuery } from '#database/pages/page-reading.ts'
import { pageSnapshotsIn } from '#database/pages/page-snapshots.ts'
import { pagePostsIn } from '#database/pages/posts.ts'
import { readPage } from '#database/pages/read-page.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { rootCause } from '#events/event.ts'
import { writeBatch } from '#functions/uptime-prober/write-batch.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addHours, addMonitor, addPage, chatId, dayMs, goodHours, hourMs, noon, startStatusPage } from './support.ts'

let database: TestDatabase
let db: Postgres
beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
  await db.query(`insert into chat (id) values ($1)`, [chatId])
  await probeResultsIn(db).createPartitions([noon])
})
afterAll(() => database.end())
beforeEach(async () => {
  await db.query('truncate status_page, monitor, incident, maintenance restart identity cascade')
  await db.query('truncate page_change, probe_slot')
  await db.query(`update chat set zone = 'America/Sao_Paulo'`)
})

const minuteMs = 60_000
const at = (ms: number) => new Date(+noon + ms)
const marks = async () => (await db.query<{ n: number }>('select count(*) as n from page_change')).rows[0]!.n

const query = (now = noon, fields: Partial<PageQuery> = {}): PageQuery => ({
  address: { slug: 'acme' },
  unit: 'day',
  since: new Date(+now - 91 * dayMs),
  now,
  history: { first: 0, count: 40 },
  outagesSince: new Date(+now - 90 * dayMs),
  ...fields,
})

/** The state of the monitors on the page at that time, as visitors read it. */
const statesAt = async (now = noon) =>
  (await pageSnapshotsIn(db).read(query(now)))!.page!.components.map(({ name, state }) => [name, state])

/** Stores the result of a check as uptime-prober does it. */
const check = async (monitorId: number, ok: boolean, now = noon) => {
  const unreached = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null }
  const result = {
    ...{ monitorId, dueAt: now, startedAt: now, ok, status: ok ? 200 : 500, error: ok ? null : ('status' as const) },
    ...{ attempts: 3, ...unreached, totalMs: 12 },
  }
  await writeBatch(db, [{ result, confirmed: true, cause: rootCause('probe') }], {
    written: () => {},
    conflicted: () => {},
  })
}

describe('a page that was visited shows at once', () => {
  test('that a check took a monitor down, and that it is up again', async () => {
    const monitor = await addMonitor(db, 'Loja')
    await addPage(db, [monitor])
    expect(await statesAt()).toEqual([['Loja', 'up']])
    await check(monitor, false, at(1_000))
    const { page } = (await pageSnapshotsIn(db).read(query(at(2_000))))!
    expect(page!.components[0]!.state).toBe('down')
    expect(page!.outages).toMatchObject([{ monitorId: monitor, closedAt: null }])
    await check(monitor, true, at(3_000))
    expect(await statesAt(at(4_000))).toEqual([['Loja', 'up']])
  })

  test.each<[string, (ids: { monitor: number; page: number }) => Promise<unknown>, (page: string) => void]>([
    ['a new title', () => db.query(`update status_page set title = 'Novo'`), text => expect(text).toContain('Novo')],
    [
      'a monitor that was added',
      async ({ page }) => {
        const components = [await addMonitor(db, 'API')].map(monitorId => ({ monitorId, name: null, group: null }))
        const fields = { slug: 'acme', title: 'Acme', language: 'pt-BR', access: 'public' } as const
        await statusPagesIn(db).change(page, { chatId, ...fields, components })
      },
      text => {
        expect(text).toContain('>API</a>')
        expect(text).not.toContain('>Loja</a>')
      },
    ],
    [
      'that a monitor was deleted',
      ({ monitor }) => monitorsIn(db).remove(chatId, monitor),
      text => expect(text).not.toContain('>Loja</a>'),
    ],
    [
      'that a monitor was paused',
      ({ monitor }) => monitorsIn(db).pause(chatId, monitor),
      text => expect(text).toContain('class="state paused"'),
    ],
    [
      'another name of a monitor',
      ({ monitor }) => db.query(`update monitor set name = 'Vitrine' where id = $1`, [monitor]),
      text => expect(text).toContain('>Vitrine</a>'),
    ],
    [
      'a post',
      ({ page }) =>
        pagePostsIn(db).add(
          {
            ...{ pageId: page, threadId: null, incidentId: null, impacts: {} },
            status: 'identified',
            text: 'Achamos',
            at: noon,
          },
          'cause',
        ),
      text => expect(text).toContain('Achamos'),
    ],
    [
      'maintenance',
      () =>
        maintenanceIn(db).add(
          { chatId, monitorId: null, groupName: null, title: 'Troca', startsAt: at(-minuteMs), endsAt: at(hourMs) },
          noon,
        ),
      text => {
        expect(text).toContain('Troca')
        expect(text).toContain('Manutenção em andamento')
      },
    ],
    [
      'another zone of the chat',
      () => db.query(`update chat set zone = 'Asia/Tokyo'`),
      text => expect(text).toContain('Asia/Tokyo'),
    ],
  ])('%s', async (_, change, expected) => {
    const monitor = await addMonitor(db, 'Loja')
    const { id: page } = await addPage(db, [monitor])
    await startStatusPage(db).get('/status/acme')
    expect(await marks()).toBe(0)
    await change({ monitor, page })
    expect(await marks()).toBeGreaterThan(0)
    expected((await startStatusPage(db).get('/status/acme')).text)
    expect(await marks()).toBe(0)
  })
})

test('a check that changes nothing leaves the snapshot as it is, and the answer has the same ETag', async () => {
  const monitor = await addMonitor(db, 'Loja')
  await addPage(db, [monitor])
  const { get, time, queries, upkeep } = startStatusPage(db)
  const { headers } = await get('/status/acme')
  await upkeep()
  await check(monitor, true, at(1_000))
  expect(await marks()).toBe(0)
  queries.length = 0
  time.now = at(16_000)
  expect((await get('/status/acme')).headers).toEqual(headers)
  expect(queries).toHaveLength(1)
  expect(headers['last-modified']).toBe(noon.toUTCString())
})

test('a page that nobody visits has no snapshot, and its changes store nothing', async () => {
  const monitor = await addMonitor(db, 'Loja')
  await addPage(db, [monitor])
  await check(monitor, false)
  expect(await marks()).toBe(0)
  const { rowCount } = await db.query('select from page_snapshot')
  expect(rowCount).toBe(0)
})

test('changes that are stored twice, late and in any order give the page that the tables have', async () => {
  const ids = [await addMonitor(db, 'Loja'), await addMonitor(db, 'API'), await addMonitor(db, 'Painel')]
  await addPage(db, ids)
  await statesAt()
  const steps = [
    () => check(ids[0]!, false, at(2_000)),
    () => check(ids[0]!, false, at(2_000)),
    () => check(ids[0]!, true, at(1_000)),
    () => check(ids[1]!, false, at(5_000)),
    () => check(ids[1]!, true, at(6_000)),
    () => check(ids[1]!, false, at(5_000)),
    () => check(ids[2]!, false, at(7_000)),
  ]
  for (const step of steps) {
    await step()
    const now = at(8_000)
    const { page } = (await pageSnapshotsIn(db).read(query(now)))!
    expect(page).toEqual(await readPage(db, query(now)))
  }
  expect(await statesAt(at(9_000))).toEqual([
    ['Loja', 'down'],
    ['API', 'up'],
    ['Painel', 'down'],
  ])
})

test('a change that commits while the snapshot is made is on the next one', async () => {
  const monitor = await addMonitor(db, 'Loja')
  await addPage(db, [monitor])
  await statesAt()
  await db.transaction(async tx => {
    await tx.query(`update monitor set state = 'down' where id = $1`, [monitor])
    // Another change makes a new snapshot, which cannot have the change that is not committed yet.
    await db.query(`update status_page set title = 'Novo'`)
    expect(await statesAt(at(1_000))).toEqual([['Loja', 'up']])
    expect(await marks()).toBe(0)
  })
  expect(await statesAt(at(2_000))).toEqual([['Loja', 'down']])
})

test('many readers at once make one snapshot', async () => {
  await addPage(db, [await addMonitor(db, 'Loja')])
  const read = await Promise.all(Array.from({ length: 8 }, () => pageSnapshotsIn(db).read(query())))
  expect(new Set(read.map(found => found!.version)).size).toBe(1)
})

test('a crash while the snapshot is made leaves the marks, and the next visitor sees the change', async () => {
  const monitor = await addMonitor(db, 'Loja')
  await addPage(db, [monitor])
  await statesAt()
  await check(monitor, false, at(1_000))
  const crashing: Postgres = {
    ...db,
    transaction: work =>
      db.transaction(async tx => {
        await work(tx)
        throw new Error('the process ended')
      }),
  }
  await expect(pageSnapshotsIn(crashing).read(query(at(2_000)))).rejects.toThrow('the process ended')
  expect(await marks()).toBeGreaterThan(0)
  expect(await statesAt(at(3_000))).toEqual([['Loja', 'down']])
})

describe('without any change', () => {
  test('a snapshot older than a minute answers and is made anew for the next visitor', async () => {
    await addPage(db, [await addMonitor(db, 'Loja')])
    const { version } = (await pageSnapshotsIn(db).read(query()))!
    const late = (await pageSnapshotsIn(db).read(query(at(2 * minuteMs)), version))!
    expect([late.version, late.madeAt, late.page]).toEqual([version, noon, null])
    await late.upkeep()
    const next = (await pageSnapshotsIn(db).read(query(at(2 * minuteMs)), version))!
    expect([next.version === version, next.madeAt]).toEqual([false, at(2 * minuteMs)])
  })

  test('a snapshot older than ten minutes is made anew first, so that checks that stopped are seen', async () => {
    await addPage(db, [await addMonitor(db, 'Loja')])
    await startStatusPage(db).get('/status/acme')
    const { get, time } = startStatusPage(db)
    time.now = at(11 * minuteMs)
    expect((await get('/status/acme')).text).toContain('class="state unknown"')
  })

  test('maintenance begins and ends on the page at its minute', async () => {
    await addPage(db, [await addMonitor(db, 'Loja')])
    const window = { startsAt: at(minuteMs), endsAt: at(3 * minuteMs) }
    await maintenanceIn(db).add({ chatId, monitorId: null, groupName: null, ...window }, noon)
    const inMaintenance = async (ms: number) =>
      (await pageSnapshotsIn(db).read(query(at(ms))))!.page!.components[0]!.inMaintenance
    const seen = []
    for (const ms of [0, minuteMs - 1, minuteMs, 3 * minuteMs - 1, 3 * minuteMs]) seen.push(await inMaintenance(ms))
    expect(seen).toEqual([false, false, true, true, false])
  })

  test('the bars begin a new day at midnight in the zone of the chat', async () => {
    const monitor = await addMonitor(db, 'Loja')
    await db.query(`update chat set zone = 'Asia/Kathmandu'`)
    await addPage(db, [monitor])
    // Midnight in Kathmandu is at 18:15 UTC.
    const midnight = Date.parse('2026-11-21T18:15:00Z')
    const { get, time, upkeep } = startStatusPage(db)
    const lastDay = async (instant: number) => {
      time.now = new Date(instant)
      await db.query('update monitor set judged_at = $1', [time.now])
      const { text } = await get(`/status/acme?range=30d&lang=en`)
      await upkeep()
      return /Updated: [^<]*/.exec(text)![0]
    }
    await lastDay(midnight - 30_000)
    const { page: before } = (await pageSnapshotsIn(db).read(query(new Date(midnight - 1))))!
    const next = (await pageSnapshotsIn(db).read(query(new Date(midnight))))!
    expect(before).not.toBeNull()
    expect(next.madeAt).toEqual(new Date(midnight))
  })
})

describe('the history', () => {
  test('is kept for the next visitors and has the hours that came later', async () => {
    const monitor = await addMonitor(db, 'Loja')
    await addHours(db, monitor, [{}, {}, ...goodHours(90)])
    await addPage(db, [monitor])
    const read = async (now: Date) => (await pageSnapshotsIn(db).read(query(now)))!
    await (await read(noon)).upkeep()
    const { rows } = await db.query<{ until: Date }>('select until from page_history')
    expect(rows).toEqual([{ until: at(-hourMs) }])
    await db.query('update probe_hour set ok = 30, ok_s = 1800, failed = 30, failed_s = 1800 where hour >= $1', [
      at(-hourMs),
    ])
    const kept = await read(at(minuteMs))
    const [live] = (await readPage(db, query(at(minuteMs))))!.components
    const total = (sums: { upS: number; downS: number }[]) =>
      sums.reduce((sum, { upS, downS }) => ({ upS: sum.upS + upS, downS: sum.downS + downS }), { upS: 0, downS: 0 })
    expect(total(kept.page!.components[0]!.sums)).toEqual(total(live!.sums))
  })

  test('of a monitor that is new on the page is read from the tables', async () => {
    const [one, other] = [await addMonitor(db, 'Loja'), await addMonitor(db, 'API')]
    for (const id of [one, other]) await addHours(db, id, goodHours(30))
    const { id: pageId } = await addPage(db, [one])
    await (await pageSnapshotsIn(db).read(query()))!.upkeep()
    const components = [other, one].map(monitorId => ({ monitorId, name: null, group: null }))
    const fields = { slug: 'acme', title: 'Acme', language: 'pt-BR', access: 'public' } as const
    await statusPagesIn(db).change(pageId, { chatId, ...fields, components })
    expect((await pageSnapshotsIn(db).read(query()))!.page).toEqual(await readPage(db, query()))
  })
})

test('changes of every table that a page shows mark its snapshot', async () => {
  const read = [...factsSql.matchAll(/(?:from|join) ([a-z_]+)/g)].map(found => found[1]!)
  const { rows: tables } = await db.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
  )
  const { rows: marked } = await db.query<{ name: string }>(
    `select distinct tgrelid::regclass::text as name from pg_trigger where tgname like 'page\\_changed%'`,
  )
  // Checks add to the first ones all the time. A logo is stored together with a change of its row of status_page.
  const others = ['probe_hour', 'probe_slot', 'cursor', 'page_logo']
  const shown = tables.map(({ name }) => name).filter(name => read.includes(name) && !others.includes(name))
  expect(shown.length).toBeGreaterThan(5)
  expect(shown.toSorted()).toEqual(marked.map(({ name }) => name).toSorted())
})
