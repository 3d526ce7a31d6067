import { afterAll, beforeAll, expect, test } from 'vitest'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { webhookListenersIn, webhooksIn } from '#database/webhooks/webhooks.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { webhookEvents } from '#functions/notification-fanout/webhook-events.ts'
import { addMonitor, addPage, noon } from '#test/functions/status-page/support.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { sampleEvent } from '#test/support/sample-events.ts'

let database: TestDatabase
let ids: { shop: number; api: number; page: number; all: number; ofPage: number }
beforeAll(async () => {
  database = await freshDatabase()
  const { db } = database
  await db.query('insert into chat (id) values (7), (8)')
  const [shop, api] = [await addMonitor(db, 'loja-prod-1'), await addMonitor(db, 'api-interna')]
  const components = [{ monitorId: shop, name: 'Loja', group: null }]
  const page = (await addPage(db, [], { components })).id
  const make = async (pageId: number | null, chatId = 7) =>
    (await webhooksIn(db).create(
      { chatId, pageId, url: 'https://hooks.example/', cause: `${chatId} ${pageId}` },
      noon,
    ))!.id
  ids = { shop, api, page, all: await make(null), ofPage: await make(page) }
  await make(null, 8)
})
afterAll(() => database.end())

const events = async (event: Parameters<typeof webhookEvents>[1]) =>
  (await webhookEvents(sampleEvent(MonitorDown, {}), event, webhookListenersIn(database.db), noon)).map(
    ({ id, subject, data }) => ({ id, subject, data: data as { type: string; payload: Record<string, unknown> } }),
  )
const outage = (monitorId: number) => {
  const { data } = sampleEvent(MonitorDown, {})
  return { ...data, monitorId, incidentId: 9, since: '2026-11-21T12:00:00Z' }
}

test('an outage goes to the webhooks of the chat and of the pages that show it, with the names of each and without the URL', async () => {
  const found = await events({ name: 'monitor.down', data: outage(ids.shop) })
  expect(found.map(({ subject, data }) => [subject, data.type, data.payload])).toEqual([
    [
      `webhook/${ids.all}`,
      'incident.opened',
      {
        incident: { id: 9, openedAt: '2026-11-21T12:00:00Z', closedAt: null },
        monitor: { id: ids.shop, name: 'loja-prod-1' },
      },
    ],
    [
      `webhook/${ids.ofPage}`,
      'incident.opened',
      {
        incident: { id: 9, openedAt: '2026-11-21T12:00:00Z', closedAt: null },
        monitor: { id: ids.shop, name: 'Loja' },
        page: { id: ids.page, title: 'Acme' },
      },
    ],
  ])
  expect(new Set(found.map(({ id }) => id)).size).toBe(2)
  expect(JSON.stringify(found)).not.toMatch(/internal\.test|secret|timeout/)
  expect((await events({ name: 'monitor.down', data: outage(ids.api) })).map(({ subject }) => subject)).toEqual([
    `webhook/${ids.all}`,
  ])
  expect(await events({ name: 'monitor.down', data: { ...outage(ids.shop), reminder: 1 } })).toEqual([])
})

test('maintenance goes to the webhooks that it concerns', async () => {
  const { db } = database
  const times = { startsAt: noon, endsAt: new Date(+noon + 3_600_000) }
  for (const [monitorId, webhooks] of [
    [ids.api, [ids.all]],
    [null, [ids.all, ids.ofPage]],
  ] as const) {
    await maintenanceIn(db).add({ chatId: 7, monitorId, groupName: null, title: 'Disco', ...times }, noon)
    const { rows } = await db.query<{ id: number }>('select max(id) as id from maintenance_window')
    const found = await events({
      name: 'maintenance.changed',
      data: {
        ...{ windowId: rows[0]!.id, chatId: 7, phase: 'started', title: 'Disco', scope: 'all' },
        ...{ startsAt: times.startsAt.toISOString(), endsAt: times.endsAt.toISOString() },
        monitors: { count: 1, names: ['api-interna'] },
      },
    })
    expect(found.map(({ subject }) => subject)).toEqual(webhooks.map(id => `webhook/${id}`))
    expect(found.map(({ data }) => data.type)).toEqual(webhooks.map(() => 'maintenance.started'))
    expect(JSON.stringify(found)).not.toContain('api-interna')
  }
})
