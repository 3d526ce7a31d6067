import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { pageDoorsIn } from '#database/pages/page-doors.ts'
import type { WantedPage } from '#database/pages/status-pages.ts'
import { signatureFor } from '#functions/pages/signed-link.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, noon, startStatusPage } from './support.ts'

let database: TestDatabase
let monitor: number
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7), (8)')
  monitor = await addMonitor(database.db, 'Loja')
})
afterAll(() => database.end())
beforeEach(() => database.db.query('truncate status_page restart identity cascade'))

const host = 'status.acme.test'
const add = (fields: Partial<WantedPage> = {}) => addPage(database.db, [monitor], { domain: host, ...fields })

test('a page is at the root of its own host, with all of its parts and with links that stay there', async () => {
  await add()
  const { get } = startStatusPage(database.db)
  const { status, text } = await get('/', { host })
  expect(status).toBe(200)
  expect(text).toContain('<link rel="canonical" href="https://status.acme.test">')
  for (const link of ['./?range=24h', './?lang=en', String(monitor), 'feed.rss', 'maintenance.ics'])
    expect(text).toContain(`href="${link}"`)
  const deep = await get(`/${monitor}`, { host })
  expect(deep.text).toContain('<h1>Loja</h1>')
  expect(deep.text).toContain(`<link rel="canonical" href="https://status.acme.test/${monitor}">`)
  for (const link of ['./', `${monitor}?range=24h`]) expect(deep.text).toContain(`href="${link}"`)
  const feed = await get('/feed.rss', { host })
  expect(feed.text).toContain('https://status.acme.test/feed.rss')
  for (const path of ['/feed.atom', '/state.svg', `/${monitor}/uptime.json`, '/maintenance.ics'])
    expect([path, (await get(path, { host })).status]).toEqual([path, 200])
  for (const path of ['/999', '/feed', '/x', `/${monitor}/x`, '/status', '/status/acme', '/p/x'])
    expect([path, (await get(path, { host })).status]).toEqual([path, 404])
})

test('the same page stays at its path, whose canonical address is the domain', async () => {
  await add()
  await addPage(database.db, [monitor], { slug: 'outra' })
  const { get } = startStatusPage(database.db)
  const { text } = await get('/status/acme', { host: 'vigia.test' })
  expect(text).toContain('<link rel="canonical" href="https://status.acme.test">')
  expect(text).toContain('href="acme?range=24h"')
  expect((await get('/status/outra', { host: 'vigia.test' })).text).toContain(
    '<link rel="canonical" href="https://vigia.test/status/outra">',
  )
})

test.each(['STATUS.Acme.Test', 'status.acme.test:8443', 'status.acme.test.'])(
  'the Host header %s names the same page',
  async written => {
    await add()
    expect((await startStatusPage(database.db).get('/', { host: written })).text).toContain('<h1>Acme</h1>')
  },
)

test.each([
  'other.test',
  'acme.test',
  'x.status.acme.test',
  "status.acme.test' or true --",
  'status.acme.test/..',
  '[::1]',
  'vigia.test',
  'status-page.vigia.svc.cluster.local',
  '127.0.0.1:8081',
  '',
])('the Host header %s names no page, and pages stay at their paths', async forged => {
  await add()
  const { get } = startStatusPage(database.db)
  expect((await get('/', { host: forged })).status).toBe(404)
  expect((await get('/status/acme', { host: forged })).status).toBe(200)
})

test('a page for members is at its own host only after a signed link, with a cookie for the whole host', async () => {
  const { id } = await add({ access: 'members' })
  const door = (await pageDoorsIn(database.db).forMembers(id))!
  const { get } = startStatusPage(database.db)
  for (const path of ['/', '/feed.rss', `/${monitor}`]) expect((await get(path, { host })).status).toBe(404)
  const begun = await get(`/?signature=${signatureFor(door, 'link', noon)}`, { host })
  expect([begun.status, begun.headers.location]).toEqual([303, './'])
  expect(begun.headers['set-cookie']).toMatch(/; Path=\/; .*; Secure$/)
  const cookie = begun.headers['set-cookie']!.split(';', 1)[0]!
  for (const path of ['/', '/feed.rss', `/${monitor}`])
    expect([path, (await get(path, { host, cookie })).status]).toEqual([path, 200])
  expect((await get('/', { host, cookie })).text).not.toContain('canonical')
})

test('a secret page has no domain, and two pages have not the same', async () => {
  await expect(add({ access: 'link' })).rejects.toThrow('status_page_domain_access')
  await add()
  await expect(add({ slug: 'outra', chatId: 8 })).rejects.toThrow('the domain is taken')
})
