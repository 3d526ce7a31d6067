import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LogoImage, pageLogosIn } from '#database/pages/logos.ts'
import { imageIn } from '#functions/pages/image.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { png } from '#test/functions/pages/images.ts'
import { addHours, addMonitor, addPage, goodHours } from '#test/functions/status-page/support.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
let folder: string
let monitor: number
const logo = png(400, 160)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-page-'))
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7), (8)')
  monitor = await addMonitor(database.db, 'Loja')
  await addHours(database.db, monitor, goodHours(2))
  const { id } = await addPage(database.db, [monitor], { title: 'Loja da Ana' })
  await pageLogosIn(database.db).keep(id, imageIn(logo) as LogoImage, 'x')
  for (const chatId of [7, 8]) await addPage(database.db, [], { slug: 'interna', access: 'link', chatId })
})
afterAll(async () => {
  await database?.end()
  await rm(folder, { recursive: true, force: true })
})

const run = async (...args: string[]) => {
  const lines: string[] = []
  const shell = {
    env: { DATABASE_URL: database.url },
    print: (text: string) => lines.push(text),
    printError: (text: string) => lines.push(text),
  }
  return { code: await vigia(['page', ...args], shell), output: lines.join('\n') }
}

test('page export writes every period and language, each monitor, feeds, calendar, badges and the logo; every link leads to a file', async () => {
  const { code, output } = await run('export', 'acme', folder, '--url=https://status.example.org/')
  expect([code, output]).toEqual([0, `${folder}: 30 files; open index.html`])
  const files = await readdir(folder)
  expect(files).toEqual(expect.arrayContaining(['index.html', 'index-24h-en.html', `monitor-${monitor}-365d.html`]))
  const broken: string[] = []
  for (const file of files.filter(name => name.endsWith('.html'))) {
    const text = await readFile(join(folder, file), 'utf8')
    for (const [, link] of text.matchAll(/(?:href|src)="([^"]*)"/g))
      if (!files.includes(link!)) broken.push(`${file}: ${link}`)
  }
  expect(broken).toEqual([])
  const [name] = files.filter(file => file.startsWith('logo-'))
  expect(await readFile(join(folder, name!))).toEqual(logo)
  expect(await readFile(join(folder, 'index-en.html'), 'utf8')).toContain(`<img class="logo" src="${name}"`)
  expect(await readFile(join(folder, 'index.html'), 'utf8')).toContain('<h1>Loja da Ana</h1>')
  expect(await readFile(join(folder, 'index-en.html'), 'utf8')).toContain('<html lang="en">')
  expect(await readFile(join(folder, 'feed.rss'), 'utf8')).toContain('<link>https://status.example.org/</link>')
})

test.each([
  [['export', 'unknown', 'x'], 1, 'there is no status page unknown'],
  [['export', 'interna', 'x'], 1, '2 chats have a page interna; name the chat: --chat=7'],
  [['export', 'acme'], 2, 'page needs "export", the name of a page and a folder'],
  [['export', 'acme', 'x', '--url=ftp://x'], 2, '--url is ftp://x; it must be an address'],
])('page %j says what is wrong and writes nothing', async (args, code, words) => {
  const answer = await run(...args)
  expect(answer.code).toBe(code)
  expect(answer.output).toContain(words)
})
