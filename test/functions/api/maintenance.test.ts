import { expect, test } from 'vitest'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { chatId, otherChat, useApi } from './support.ts'

const world = useApi()
const minute = 60_000
const windows = (chat = chatId) => maintenanceIn(world.db).of(chat, world.time.now)
const later = (minutes: number) => new Date(world.time.now.getTime() + minutes * minute)
const add = async (name: string, group?: string) =>
  (await world.send('POST', '/monitors', { body: { url: `https://${name}.example/`, name, ...(group && { group }) } }))
    .body

test('maintenance begins now with a key that may do nothing else', async () => {
  const key = await world.key('maintenance')
  const { status, body } = await world.send('POST', '/maintenance?for=20m&title=Deploy', { key })
  expect(status).toBe(200)
  expect(body).toMatchObject({ title: 'Deploy', monitorId: null, group: null, to: later(20).toISOString(), cron: null })
  expect(await windows()).toMatchObject([{ startsAt: world.time.now, endsAt: later(20), chatId }])
  expect((await world.send('GET', '/maintenance', { key })).body.maintenance).toEqual([body])
})

test('a repeat does not begin it again, but it lasts at least as long as the last request says', async () => {
  await world.send('POST', '/maintenance?for=20m')
  await world.send('POST', '/maintenance?for=10m')
  expect(await windows()).toMatchObject([{ endsAt: later(20) }])
  world.time.now = later(15)
  await Promise.all([1, 2, 3].map(() => world.send('POST', '/maintenance?for=20m')))
  expect(await windows()).toMatchObject([{ endsAt: later(20) }])
})

test('it can be for a monitor, by id, key or name, or for a group; DELETE ends it now', async () => {
  const [shop] = [await add('Shop', 'Web'), await add('Blog', 'Web')]
  for (const monitor of [shop.id, 'shop', 'Shop'])
    expect((await world.send('POST', `/maintenance?for=20m&monitor=${monitor}`)).body.monitorId).toBe(shop.id)
  await world.send('POST', '/maintenance?for=20m&group=web')
  expect((await windows()).map(({ monitorId, groupName }) => [monitorId, groupName])).toEqual([
    [shop.id, null],
    [null, 'Web'],
  ])
  for (let time = 0; time < 2; time++)
    expect((await world.send('DELETE', '/maintenance?monitor=Shop')).status).toBe(204)
  expect(await windows()).toMatchObject([{ groupName: 'Web' }])
  expect((await world.send('DELETE', '/maintenance')).status).toBe(204)
  expect(await windows()).toEqual([])
})

test('it can be planned like in vigia.yaml; the same plan again is not added', async () => {
  const once = { title: 'Move', from: '2026-12-01 02:00', to: '2026-12-01 04:00', zone: 'America/Sao_Paulo' }
  const first = await world.send('POST', '/maintenance', { body: once })
  expect([first.status, first.body.from]).toEqual([201, '2026-12-01T05:00:00.000Z'])
  const again = await world.send('POST', '/maintenance', { body: once })
  expect([again.status, again.body]).toEqual([200, first.body])
  await add('Shop', 'Web')
  const weekly = { group: 'Web', cron: '0 2 * * 1', duration: '90m' }
  const repeats = [
    await world.send('POST', '/maintenance', { body: weekly }),
    await world.send('POST', '/maintenance', { body: weekly }),
  ]
  expect(repeats.map(({ status }) => status)).toEqual([201, 200])
  expect(await windows()).toHaveLength(1)
  for (const { body } of [first, repeats[0]!])
    expect((await world.send('DELETE', `/maintenance/${body.id}`)).status).toBe(204)
  expect((await world.send('DELETE', `/maintenance/${first.body.id}`)).status).toBe(404)
})

test('maintenance of another chat is not seen and not ended', async () => {
  const foreign = await world.send('POST', '/maintenance?for=20m', { key: await world.key('write', otherChat) })
  expect((await world.send('GET', '/maintenance')).body).toEqual({ maintenance: [] })
  expect((await world.send('DELETE', `/maintenance/${foreign.body.id}`)).status).toBe(404)
  await world.send('DELETE', '/maintenance')
  expect(await windows(otherChat)).toHaveLength(1)
})

test.each<[string, unknown, string, string]>([
  ['', undefined, 'for', 'write how long it lasts, such as ?for=20m'],
  ['?for=', undefined, 'for', 'write it like 30s, 5m or 1h30m'],
  ['?for=soon', undefined, 'for', 'write it like 30s, 5m or 1h30m'],
  ['?for=30s', undefined, 'for', 'it must be whole seconds from 1m to 7d'],
  ['?for=8d', undefined, 'for', 'it must be whole seconds from 1m to 7d'],
  ['?for=20m&monitor=999', undefined, 'monitor', 'is not the id, key or name of a monitor'],
  ['?for=20m&group=x', undefined, 'group', 'is not the group of a monitor'],
  ['?fro=20m', undefined, 'fro', 'did you mean "for"?'],
  ['', { cron: '99 * * * *', duration: '1h' }, 'cron', 'write it like 30 2 * * *'],
  ['', { cron: '0 2 * * 1' }, 'the body', 'needs either cron and duration, or from and to'],
  ['', { from: '2026-11-01 02:00', to: '2026-11-01 04:00' }, 'to', 'which is over'],
  ['', { from: '2026-12-01 02:00', to: '2026-12-01 04:00', monitor: 'x' }, 'monitor', 'is not the id, key or name'],
  ['', { from: '2026-12-01 02:00', to: '2026-12-01 04:00', zone: 'Mars/X' }, 'zone', 'write it like America/Sao_Paulo'],
])('POST /maintenance%s with %j is explained, and nothing is saved', async (query, body, field, reason) => {
  const answer = await world.send('POST', `/maintenance${query}`, { body })
  expect([400, 422], answer.text).toContain(answer.status)
  expect(answer.body.errors).toContainEqual({
    line: expect.any(Number),
    field,
    reason: expect.stringContaining(reason),
  })
  expect(await windows()).toEqual([])
})
