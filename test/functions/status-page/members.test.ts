import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { pageDoorsIn } from '#database/pages/page-doors.ts'
import { statusPagesIn, type WantedPage } from '#database/pages/status-pages.ts'
import { signatureFor, signatureMs } from '#functions/pages/signed-link.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, chatId, noon, startStatusPage } from './support.ts'

let database: TestDatabase
let monitor: number
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7), (8)')
  monitor = await addMonitor(database.db, 'Loja')
})
afterAll(() => database.end())
beforeEach(() => database.db.query('truncate status_page restart identity cascade'))

const memberPage = async (fields: Partial<WantedPage> = {}) => {
  const { id } = await addPage(database.db, [monitor], { access: 'members', ...fields })
  const page = (await pageDoorsIn(database.db).forMembers(id))!
  return { page, path: `/status/m/${id}`, link: signatureFor(page, 'link', noon) }
}

/** The cookie that a browser keeps and sends again. */
const cookieOf = ({ headers }: { headers: Record<string, string> }) => headers['set-cookie']!.split(';', 1)[0]!

const parts = ['', '?range=24h', '/feed.rss', '/feed.json', '/maintenance.ics', '/state.svg', '/uptime.json']

test('a signed link leads to the page without the signature, with a cookie that only this page gets', async () => {
  const { path, link } = await memberPage()
  const { get } = startStatusPage(database.db)
  const answer = await get(`${path}?signature=${link}`)
  expect([answer.status, answer.headers.location, answer.text]).toEqual([303, '1', ''])
  expect(answer.headers['set-cookie']).toMatch(
    /^vigia-page=page_\w+_[\w-]{43}; Path=\/status\/m\/1; Max-Age=43200; HttpOnly; SameSite=Lax; Secure$/,
  )
  expect(answer.headers['cache-control']).toBe('private, no-store')
  const cookie = cookieOf(answer)
  for (const part of [...parts, `/${monitor}`, `/${monitor}/response.svg`]) {
    const { status, headers } = await get(path + part, { cookie: `a=b; ${cookie}; vigia-page=x` })
    expect([part, status, headers['cache-control'], headers['x-robots-tag']]).toEqual([
      ...[part, 200, 'private, no-cache', 'noindex'],
    ])
    expect(headers.vary).toContain('cookie')
    expect(headers['access-control-allow-origin']).toBeUndefined()
  }
  const { text, headers } = await get(path, { cookie })
  expect(text).toContain('<h1>Acme</h1>')
  expect(text).toContain('href="1?range=24h"')
  expect(text).not.toMatch(/signature|page_|t\.me|canonical/)
  expect((await get(path, { cookie, 'if-none-match': headers.etag! })).status).toBe(304)
  expect((await get(path, { 'if-none-match': headers.etag! })).status).toBe(404)
})

test('without a valid signature, every part of the page is answered like an address without a page', async () => {
  const { page, path, link } = await memberPage()
  const other = await memberPage({ slug: 'outra' })
  const { get, queries } = startStatusPage(database.db)
  const missing = await get('/status/m/999')
  expect([missing.status, missing.headers['cache-control']]).toEqual([404, 'no-store'])
  for (const part of [...parts, `/${monitor}`]) expect(await get(path + part)).toEqual(missing)
  expect(queries).toEqual([])
  const forged = [
    ...[`${link.slice(0, -1)}_`, `${link}A`, link.toUpperCase(), '', 'page_', other.link],
    ...[signatureFor({ ...page, memberKey: Buffer.alloc(32) }, 'link', noon), signatureFor(page, 'visit', noon)],
    signatureFor(page, 'link', new Date(+noon - signatureMs.link)),
  ]
  for (const signature of forged)
    expect([signature, await get(`${path}?signature=${signature}`)]).toEqual([signature, missing])
  // The signature of a link is none of a visit, and that of another page opens nothing.
  for (const value of [link, signatureFor(other.page, 'visit', noon), 'x'])
    expect(await get(path, { cookie: `vigia-page=${value}` })).toEqual(missing)
  for (const address of ['/status/acme', '/status/acme/feed.rss']) expect((await get(address)).status).toBe(404)
})

test('a link is valid for ten minutes and a visit for twelve hours', async () => {
  const { path, link } = await memberPage()
  const { get, time } = startStatusPage(database.db)
  time.now = new Date(+noon + 10 * 60_000 - 1_000)
  const begun = await get(`${path}?signature=${link}`)
  expect(begun.status).toBe(303)
  time.now = new Date(+noon + 10 * 60_000)
  expect((await get(`${path}?signature=${link}`)).status).toBe(404)
  time.now = new Date(+noon + 12 * 3_600_000)
  expect((await get(path, { cookie: cookieOf(begun) })).status).toBe(200)
  time.now = new Date(+noon + 12.2 * 3_600_000)
  expect((await get(path, { cookie: cookieOf(begun) })).status).toBe(404)
})

test('a page that is closed again voids the links of before, and other chats no longer get its messages', async () => {
  const { page, path, link } = await memberPage()
  const { db } = database
  const [stored] = await statusPagesIn(db).of([chatId])
  await statusPagesIn(db).change(page.id, { ...stored!, access: 'public' })
  await db.query(`insert into follow (chat_id, subject) values (7, 'page/1'), (8, 'page/1')`)
  await statusPagesIn(db).change(page.id, { ...stored!, access: 'members' })
  const { get } = startStatusPage(db)
  expect((await get(`${path}?signature=${link}`)).status).toBe(404)
  expect((await get(path, { cookie: `vigia-page=${signatureFor(page, 'visit', noon)}` })).status).toBe(404)
  expect((await db.query(`select chat_id as id from follow where subject = 'page/1'`)).rows).toEqual([{ id: 7 }])
  // A change of something else leaves the links alone.
  const fresh = (await pageDoorsIn(db).forMembers(page.id))!
  await statusPagesIn(db).change(page.id, { ...stored!, title: 'Novo' })
  expect((await get(`${path}?signature=${signatureFor(fresh, 'link', noon)}`)).status).toBe(303)
})

test('over plain HTTP, as in a LAN, the cookie is not for TLS only; a proxy may serve pages below another path', async () => {
  const { path, link } = await memberPage()
  const { get } = startStatusPage(database.db, 'http://status-page.vigia.lan/x/status')
  const { headers } = await get(`${path}?signature=${link}`)
  expect(headers['set-cookie']).toMatch(/; Path=\/x\/status\/m\/1; .*SameSite=Lax$/)
})
