import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { pageLogosIn } from '#database/pages/logos.ts'
import type { WantedPage } from '#database/pages/status-pages.ts'
import { imageIn } from '#functions/pages/image.ts'
import { png } from '#test/functions/pages/images.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, startStatusPage } from './support.ts'

let database: TestDatabase
let monitor: number
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7), (8)')
  monitor = await addMonitor(database.db, 'Loja')
})
afterAll(() => database.end())
beforeEach(() => database.db.query('truncate status_page restart identity cascade'))

const bytes = png(400, 160)
const addWithLogo = async (fields: Partial<WantedPage> = {}) => {
  const added = await addPage(database.db, [monitor], { title: 'Loja "da" Ana', ...fields })
  const image = imageIn(bytes)
  if (typeof image === 'string') throw new Error(image)
  await pageLogosIn(database.db).keep(added.id, image, 'x')
  return added
}
const sourceIn = (text: string) => /<img class="logo" src="([^"]+)"/.exec(text)?.[1]

test('the logo is in the head of the page, with its size and a text, and a browser keeps it for a year', async () => {
  await addWithLogo()
  const { get } = startStatusPage(database.db)
  const { text, headers } = await get('/status/acme')
  const source = sourceIn(text)!
  expect(source).toMatch(/^acme\/logo-[0-9a-f]{16}\.png$/)
  expect(text).toContain(`src="${source}" width="160" height="64" alt="Logotipo: Loja &quot;da&quot; Ana">`)
  expect(headers['content-security-policy']).toContain("img-src 'self';")
  const logo = await get(`/status/${source}`, { 'accept-encoding': 'gzip' })
  expect([logo.status, logo.bytes]).toEqual([200, bytes.length])
  expect(logo.headers).toMatchObject({
    'content-type': 'image/png',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  })
  const again = await get(`/status/${source}`, { 'if-none-match': logo.headers.etag! })
  expect([again.status, again.bytes]).toEqual([304, 0])
  expect(sourceIn((await get('/status/acme?embed')).text)).toBeUndefined()
})

test('another hash, another type and the logo of another page are not found', async () => {
  await addWithLogo()
  await addPage(database.db, [monitor], { slug: 'outra' })
  const { get } = startStatusPage(database.db)
  const source = sourceIn((await get('/status/acme')).text)!
  for (const path of [
    ...[source.replace(/-..../, '-0000'), source.replace('png', 'jpg'), source.replace('png', 'svg')],
    ...[source.replace('acme', 'outra'), source.replace('/', `/${monitor}/`), source.replace('acme', 'none')],
  ])
    expect([path, (await get(`/status/${path}`)).status]).toEqual([path, 404])
})

test('the logo of a page that is not public is only at its secret address, and no proxy keeps it', async () => {
  const { secret } = await addWithLogo({ access: 'link' })
  const { get } = startStatusPage(database.db)
  const source = sourceIn((await get(`/status/p/${secret}`)).text)!
  const { status, headers } = await get(`/status/p/${source}`)
  expect([status, headers['x-robots-tag']]).toEqual([200, 'noindex'])
  expect(headers['cache-control']).toMatch(/^private,/)
  expect((await get(`/status/${source.replace(secret, 'acme')}`)).status).toBe(404)
})

test('at a domain of its own, the logo is in the same folder as the page', async () => {
  await addWithLogo({ domain: 'status.acme.test' })
  const { get } = startStatusPage(database.db)
  const host = 'status.acme.test'
  const source = sourceIn((await get('/', { host })).text)!
  expect(source).toMatch(/^logo-/)
  expect((await get(`/${source}`, { host })).status).toBe(200)
})
