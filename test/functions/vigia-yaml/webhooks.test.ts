import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredWebhooksIn } from '#database/webhooks/configured-webhooks.ts'
import { webhooksIn } from '#database/webhooks/webhooks.ts'
import { applyConfiguration } from '#functions/vigia-yaml/apply.ts'
import { exportedFile, fileText } from '#functions/vigia-yaml/export.ts'
import { printPlan } from '#functions/vigia-yaml/print-plan.ts'
import { fileForms, type Outside } from '#functions/vigia-yaml/read-entries.ts'
import { type FileFaults, readFile } from '#functions/vigia-yaml/read-file.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
let variables: Record<string, string>
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.end())
beforeEach(async () => {
  variables = {}
  await database.db.query('delete from chat')
  await chatsIn(database.db).upsert({ id: 7, kind: 'private', language: 'en' })
})

const outside: Outside = {
  mayDial: address => !address.startsWith('10.'),
  ...fileForms,
  readSecret: source => ('env' in source ? { value: variables[source.env]! } : { reason: 'cannot be read' }),
  readPicture: () => ({ reason: 'cannot be read' }),
}

const read = (text: string) => readFile('vigia.yaml', text, outside)
const apply = async (text: string) =>
  printPlan(await applyConfiguration(database.db, (await read(text)).chats, { prune: true }))

const file = (webhooks: string) => `chats:
  - id: 7
    pages: {acme: {title: Acme}}
    webhooks: {${webhooks}}
`
const nothing = 'monitors: none'
const stored = () => configuredWebhooksIn(database.db).of([7])
const secret = (letter: string) => `whsec_${letter.repeat(44)}`
const now = new Date('2026-11-21T12:00:00Z')

test('webhooks are made, changed, exported and deleted, and keep what is the same', async () => {
  const shop = 'shop: {url: "https://shop.example/hooks?token=hidden"}'
  const plan = await apply(file(shop))
  expect(plan).toContain('+ webhook shop: requests to shop.example about everything of the chat')
  expect(plan).not.toContain('hidden')
  const [made] = await stored()
  expect(made).toMatchObject({ key: 'shop', page: null, url: 'https://shop.example/hooks?token=hidden' })
  expect(await apply(file(shop))).toBe(nothing)
  const text = fileText(
    exportedFile(
      await chatsIn(database.db).findAll([7]),
      [],
      [],
      await statusPagesIn(database.db).of([7]),
      await stored(),
    ),
  )
  expect(text).toContain('    webhooks:\n      shop:\n        url: https://shop.example/hooks?token=hidden\n')
  expect(text).not.toContain('whsec_')
  expect(await apply(text)).toBe(nothing)
  expect(await apply(file('shop: {url: "https://shop.example/new", page: acme}'))).toContain(
    '~ webhook shop: changes url, page',
  )
  expect(await stored()).toEqual([{ ...made, page: 'acme', url: 'https://shop.example/new' }])
  expect(await apply(file(''))).toContain('- webhook shop: is deleted with what waits for it')
  expect(await stored()).toEqual([])
})

test('a secret of the file signs, and the one before signs too for a day', async () => {
  const shop = 'shop: {url: "https://shop.example/", secret: {env: SHOP}}'
  variables = { SHOP: secret('A') }
  await apply(file(shop))
  variables = { SHOP: secret('B') }
  expect(await apply(file(shop))).toContain('~ webhook shop: changes secret')
  expect((await stored())[0]!.secret).toBe(secret('B'))
  const { rows } = await database.db.query('select old_secret as old from webhook')
  expect(rows).toEqual([{ old: secret('A') }])
  expect(await apply(file(shop))).toBe(nothing)
})

test('a webhook that was made in the chat is taken over if it has the same URL, and stays if the file does not have it', async () => {
  const create = (url: string, cause: string) =>
    webhooksIn(database.db).create({ chatId: 7, pageId: null, url, cause }, now)
  const made = await create('https://shop.example/', 'a')
  await create('https://other.example/', 'b')
  expect(await apply(file('shop: {url: "https://shop.example/"}'))).toContain(
    '> webhook shop: was made in the chat and now belongs to the file',
  )
  expect((await stored()).map(({ key, url }) => [key, url])).toEqual([
    ['shop', 'https://shop.example/'],
    [null, 'https://other.example/'],
  ])
  expect((await stored())[0]).toMatchObject({ id: made!.id, secret: made!.secret })
})

test('more webhooks than a chat may have are refused, and nothing is saved', async () => {
  const many = Array.from({ length: 11 }, (_, at) => `hook-${at}: {url: "https://shop.example/${at}"}`)
  await expect(apply(file(many.join(', ')))).rejects.toThrow('a chat may have 10 webhooks; delete one first')
  expect(await stored()).toEqual([])
})

test.each([
  ['shop: {url: "ftp://shop.example/"}', /4: .*webhooks.shop.url is not a URL that Vigia may call/],
  ['shop: {url: "http://10.0.0.1/"}', /4: .*url is not a URL that Vigia may call/],
  ['shop: {url: "http://localhost/"}', /4: .*url is not a URL that Vigia may call/],
  ['shop: {url: "https://shop.example/", page: acmee}', /4: .*page "acmee" is not the name of a page.*did you mean/],
  ['shop: {url: "https://shop.example/", secret: {env: SHOP}}', /4: .*secret is not a secret of Standard Webhooks/],
  ['shop: {url: "https://shop.example/", secret: {value: x}}', /4: .*secret/],
  ['shop: {uri: "https://shop.example/"}', /4: .*did you mean/],
])('%s is refused with its line', async (webhooks, words) => {
  variables = { SHOP: 'short' }
  const faults = await read(file(webhooks)).then(
    () => '',
    (error: FileFaults) => error.message,
  )
  expect(faults).toMatch(words)
})
