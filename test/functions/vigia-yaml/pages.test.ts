import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { pageLogosIn } from '#database/pages/logos.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { applyConfiguration } from '#functions/vigia-yaml/apply.ts'
import { exportedFile, fileText } from '#functions/vigia-yaml/export.ts'
import { printPlan } from '#functions/vigia-yaml/print-plan.ts'
import { fileForms, type Outside } from '#functions/vigia-yaml/read-entries.ts'
import { type FileFaults, readFile } from '#functions/vigia-yaml/read-file.ts'
import { png } from '#test/functions/pages/images.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  await database.db.query('delete from chat')
  await chatsIn(database.db).upsert({ id: 7, kind: 'private', language: 'pt-BR' })
  await chatsIn(database.db).upsert({ id: 8, kind: 'private', language: 'en' })
})

/** The files with logos, by path. */
const pictures: Record<string, Buffer> = {
  'logo.png': png(400, 160),
  'other.png': png(10, 10),
  'large.png': png(2_001, 1),
  'program.svg': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
  'text.png': Buffer.from('no picture'),
}
const outside: Outside = {
  ...{ mayDial: () => true, ...fileForms, readSecret: () => ({ reason: 'cannot be read' }) },
  readPicture: path => (pictures[path] ? { bytes: pictures[path] } : { reason: `needs ${path}, which cannot be read` }),
}

const read = (text: string) => readFile('vigia.yaml', text, outside)
const apply = async (text: string) =>
  printPlan(await applyConfiguration(database.db, (await read(text)).chats, { prune: true }))

const exported = async () =>
  fileText(
    exportedFile(
      await chatsIn(database.db).findAll([7]),
      await configuredMonitorsIn(database.db).of([7]),
      [],
      await statusPagesIn(database.db).of([7]),
      [],
    ),
  )

const file = (pages: string, chat = 7) => `chats:
  - id: ${chat}
    monitors: {shop: {url: "https://shop.example/"}, api: {url: "https://api.example/"}}
    pages: {${pages}}
`
const pagesOf = (chat = 7) => statusPagesIn(database.db).of([chat])

test('pages are created, changed, exported and deleted, and keep what is the same', async () => {
  const acme = 'acme: {title: Acme, monitors: [api, {monitor: shop, name: Store, group: Web}]}'
  expect(await apply(file(acme))).toContain('+ page acme: Acme, with a secret address')
  const [page] = await pagesOf()
  expect(page).toMatchObject({ slug: 'acme', title: 'Acme', language: 'pt-BR', access: 'link', configKey: 'acme' })
  expect(page!.components.map(({ name, group }) => [name, group])).toEqual([
    [null, null],
    ['Store', 'Web'],
  ])
  expect(await apply(file(acme))).toBe('monitors: 2 unchanged')
  const text = await exported()
  expect(text).toContain(
    '    pages:\n      acme:\n        title: Acme\n        language: pt-BR\n        monitors:\n          - api\n',
  )
  expect(await apply(text)).toBe('monitors: 2 unchanged')
  expect(await apply(file('acme: {title: Acme 2, access: public, monitors: [api]}'))).toContain(
    '~ page acme: changes title, access, monitors',
  )
  const [changed] = await pagesOf()
  expect(changed).toMatchObject({ id: page!.id, secret: page!.secret, title: 'Acme 2', access: 'public' })
  expect(await apply(file(''))).toContain('- page acme: Acme 2 is deleted')
  expect(await pagesOf()).toEqual([])
})

test('a page may be for members of the chat only, and have a domain, which no other page has', async () => {
  const acme = 'acme: {title: Acme, access: members, domain: Status.Acme.example, monitors: [api]}'
  expect(await apply(file(acme))).toContain('+ page acme: Acme, for the members of the chat')
  expect(await pagesOf()).toMatchObject([{ access: 'members', domain: 'status.acme.example' }])
  expect(await exported()).toContain('        access: members\n        domain: status.acme.example\n')
  expect(await apply(await exported())).toBe('monitors: 2 unchanged')
  await expect(
    apply(file('other: {title: X, access: public, domain: status.acme.example, monitors: []}', 8)),
  ).rejects.toThrow('page other: the domain status.acme.example belongs to another page')
  expect(await apply(file('acme: {title: Acme, access: members, monitors: [api]}'))).toContain('changes domain')
  for (const [domain, access, fault] of [
    ['10.0.0.1', 'public', 'is not a domain'],
    ['status.acme.example', 'link', 'is not possible with access link'],
  ])
    await expect(apply(file(`acme: {title: Acme, domain: ${domain}, access: ${access}}`))).rejects.toThrow(fault!)
})

test('a page has the logo of a file, keeps it without a word, and has none with null', async () => {
  const logoOf = async () => (await pageLogosIn(database.db).hashesOf([(await pagesOf())[0]!.id])).size
  expect(await apply(file('acme: {title: Acme, logo: logo.png}'))).toContain('+ page acme')
  expect(await logoOf()).toBe(1)
  for (const same of ['logo: logo.png', 'monitors: [shop, api]'])
    expect(await apply(file(`acme: {title: Acme, ${same}}`))).toBe('monitors: 2 unchanged')
  expect(await apply(file('acme: {title: Acme, logo: other.png}'))).toContain('~ page acme: changes logo')
  expect(await apply(file('acme: {title: Acme, logo: null}'))).toContain('~ page acme: changes logo')
  expect(await logoOf()).toBe(0)
  expect(await apply(file('acme: {title: Acme, logo: null}'))).toBe('monitors: 2 unchanged')
})

test('a page without a list has all monitors of the chat, and one that was made in the chat is taken over', async () => {
  const { monitor } = await monitorsIn(database.db).add({
    ...{ chatId: 7, name: 'shop.example', kind: 'http', url: 'https://shop.example/' },
    ...{ intervalS: 60, timeoutMs: 10_000 },
  })
  await statusPagesIn(database.db).add({
    ...{ chatId: 7, slug: 'acme', title: 'Acme', language: 'en', access: 'link' },
    components: [{ monitorId: monitor.id, name: null, group: null }],
  })
  expect(await apply(file('acme: {title: Acme}'))).toContain('> page acme: was made in the chat and now belongs to')
  const [page] = await pagesOf()
  expect(page).toMatchObject({ language: 'en', configKey: 'acme' })
  expect(page!.components[0]!.monitorId).toBe(monitor.id)
  expect(page!.components).toHaveLength(2)
})

test('a page made in the chat stays, if the file does not have it', async () => {
  await statusPagesIn(database.db).add({
    ...{ chatId: 7, slug: 'acme', title: 'Acme', language: 'en', access: 'link', components: [] },
  })
  await apply(file(''))
  expect(await pagesOf()).toHaveLength(1)
})

test('the name of a public page of another chat is refused, and nothing is saved', async () => {
  await apply(file('acme: {title: Acme, access: public}', 8))
  await expect(apply(file('acme: {title: Acme, access: public}'))).rejects.toThrow(
    'the name acme belongs to a public page of another chat; use another one, or access: link',
  )
  expect(await pagesOf()).toEqual([])
  expect(await configuredMonitorsIn(database.db).of([7])).toEqual([])
})

test.each([
  [
    'acme: {title: Acme, monitors: [shpo]}',
    /4: .*pages.acme.monitors\[0\] "shpo" is not the key .*did you mean "?shop/,
  ],
  ['acme: {title: Acme, monitors: [shop, shop]}', /4: .*monitors\[1\] is "shop" a second time/],
  ['status: {title: Acme}', /4: .*pages.status has a reserved name; use another one, such as my-status/],
  ['-acme: {title: Acme}', /4: .*must have a name of 3 to 40 lower-case letters, digits and hyphens/],
  ['Acme: {title: Acme}', /4: .*pages/],
  ['acme: {title: ""}', /4: .*title/],
  ['acme: {titel: Acme}', /4: .*did you mean/],
  ['acme: {title: Acme, access: secret}', /4: .*access/],
  ['acme: {title: Acme, logo: large.png}', /4: .*logo has a side of more than 2000 pixels/],
  ['acme: {title: Acme, logo: program.svg}', /4: .*logo is an SVG, which may contain programs/],
  ['acme: {title: Acme, logo: text.png}', /4: .*logo is no PNG, JPEG or WebP/],
  ['acme: {title: Acme, logo: missing.png}', /4: .*logo needs missing.png, which cannot be read/],
])('%s is refused with its line', async (pages, words) => {
  const faults = await read(file(pages)).then(
    () => '',
    (error: FileFaults) => error.message,
  )
  expect(faults).toMatch(words)
})
