import { afterAll, beforeAll, expect, test } from 'vitest'
import { pagePostsIn } from '#database/pages/posts.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, dayMs, hourMs, noon, startStatusPage } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7)')
})
afterAll(() => database.end())

test('posts are on the page by matter, the open ones first, and their texts stay text', async () => {
  const { db } = database
  const { id: pageId } = await addPage(db, [await addMonitor(db, 'Loja')])
  const posts = pagePostsIn(db)
  const at = (ms: number) => new Date(+noon + ms)
  const post = { pageId, incidentId: null, impacts: {} }
  const old = await posts.add({ ...post, threadId: null, status: 'investigating', text: 'Antigo', at: at(-dayMs) }, 'a')
  await posts.add(
    { ...post, threadId: old.id, status: 'resolved', text: 'Resolvido antigo', at: at(-dayMs + hourMs) },
    'b',
  )
  const text = '<script>alert(1)</script>\nSegunda linha'
  const open = await posts.add({ ...post, threadId: null, status: 'investigating', text, at: at(-hourMs) }, 'c')
  expect(await posts.add({ ...post, threadId: null, status: 'resolved', text: 'x', at: noon }, 'c')).toEqual(open)
  await posts.add({ ...post, threadId: open.id, status: 'identified', text: 'Achamos', at: noon }, 'd')
  const { text: page } = await startStatusPage(db).get('/status/acme')
  expect(page).not.toContain('<script>alert')
  const order = [
    '<h2>Avisos</h2>',
    'Achamos',
    '&lt;script&gt;',
    '<h2>Avisos anteriores</h2>',
    'Resolvido antigo',
    'Antigo',
  ]
  const places = order.map(words => page.indexOf(words))
  expect(places).toEqual(places.toSorted((one, other) => one - other))
  expect(places[0]).toBeGreaterThan(0)
  expect(page).toContain('<strong>Causa identificada</strong>')
})
