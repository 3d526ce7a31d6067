import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { writeKumaDatabase } from './import/kuma-database.ts'

let database: TestDatabase
let folder: string
let kuma: string
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  await database.db.query('delete from chat')
  folder = await mkdtemp(join(tmpdir(), 'vigia-import-'))
  kuma = join(folder, 'kuma.db')
  const site = { type: 'http', interval: 60, timeout: 10, expiry_notification: 0 }
  writeKumaDatabase(kuma, {
    monitor: [
      { name: 'Loja', url: 'https://shop.example/', ...site, auth_method: 'bearer', bearer_token: "it's secret" },
      { name: 'Router', url: 'http://10.0.0.1/', ...site },
      { name: 'Container', type: 'docker' },
    ],
  })
  return () => rm(folder, { recursive: true, force: true })
})

const run = async (args: string[], env: Record<string, string> = { DATABASE_URL: database.url }) => {
  const out: string[] = []
  const errors: string[] = []
  const print = (text: string) => out.push(text)
  const code = await vigia(args, {
    env: { TELEGRAM_BOT_TOKEN: '1:x', ...env },
    print,
    printError: text => errors.push(text),
  })
  return { code, out: out.join('\n'), errors: errors.join('\n') }
}
const stored = () => configuredMonitorsIn(database.db).of([7])

test('import shows what would be imported, what would not and why, and changes nothing', async () => {
  const { code, out, errors } = await run(['import', 'kuma', kuma, '--chat=7'])
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(out).toBe(`Uptime Kuma: one monitor can be imported

left out:
  Container: Vigia has no check of the type docker
  Router: url is a private address, which PROBE_ALLOW does not allow

+ chat 7: new; add the bot to it
+ loja: http https://shop.example/
monitors: 1 to create
add --apply to import them, or --write vigia.yaml to write them to a file`)
  expect(await stored()).toEqual([])
})

test('--apply imports, once, and deletes nothing', async () => {
  await run(['apply', await file('chats: [{id: 7, monitors: {blog: {url: "https://blog.example"}}}]')])
  expect((await run(['import', 'kuma', kuma, '--chat=7', '--apply'])).out).toMatch(/monitors: 1 to create\napplied$/)
  expect(await stored()).toMatchObject([
    { key: 'blog' },
    { key: 'loja', name: 'Loja', secrets: { token: "it's secret" } },
  ])
  expect((await run(['import', 'kuma', kuma, '--chat=7', '--apply'])).out).toMatch(
    /monitors: 1 unchanged\nnothing to change$/,
  )
})

test('an import that moves a monitor to another host leaves no secret of the former host', async () => {
  await run(['import', 'kuma', kuma, '--chat=7', '--apply'])
  const [before] = await stored()
  const moved = await file(
    'endpoints: [{name: Loja, url: "https://evil.example", conditions: ["[CONNECTED] == true"]}]',
  )
  expect((await run(['import', 'gatus', moved, '--chat=7', '--apply'])).out).toMatch(/applied$/)
  expect(await stored()).toMatchObject([{ id: before!.id, url: 'https://evil.example/', secrets: {} }])
})

const file = async (text: string) => {
  await writeFile(join(folder, 'first.yaml'), text)
  return join(folder, 'first.yaml')
}

test('--write writes vigia.yaml and its secrets without a database, and apply accepts both', async () => {
  const path = join(folder, 'vigia.yaml')
  const { code, out } = await run(['import', 'kuma', kuma, '--chat=7', '--write', path], {})
  expect(code).toBe(0)
  expect(out).toContain(`its secrets are in ${join(folder, 'vigia.env')}`)
  expect(await readFile(path, 'utf8')).not.toContain('secret"')
  expect((await stat(join(folder, 'vigia.env'))).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600)
  expect((await run(['apply', path, '--secrets', join(folder, 'vigia.env')])).out).toContain('applied')
  expect((await stored())[0]!.secrets).toEqual({ token: "it's secret" })
  const again = await run(['import', 'kuma', kuma, '--chat=7', '--write', path], {})
  expect(again).toMatchObject({ code: 1, errors: expect.stringContaining('exists already') })
})

test('the other programs are read too', async () => {
  const gatus = await file('endpoints: [{name: Shop, url: "https://shop.example", conditions: ["[STATUS] == 200"]}]')
  expect((await run(['import', 'gatus', gatus, '--chat=7', '--apply'])).out).toContain('1 to create')
  expect((await stored())[0]).toMatchObject({ settings: { status: '200' } })
  const checks = await file('{"checks": [{"name": "Backup", "schedule": "no cron", "tz": "UTC"}]}')
  expect((await run(['import', 'healthchecks', checks, '--chat=7'])).out).toContain('OnCalendar is not supported')
  const crontab = await file('@reboot root /x')
  expect((await run(['import', 'crontab', crontab, '--user', '--chat=7'])).out).toContain('line 1: @reboot root /x')
})

test.each([
  [['import'], 'import needs one of kuma, gatus, healthchecks, crontab'],
  [['import', 'nagios', 'x'], 'import needs one of kuma'],
  [['import', 'kuma'], 'import kuma needs one file'],
  [['import', 'kuma', 'x'], 'import needs --chat=<id>'],
  [['import', 'kuma', 'x', '--chat=7', '--apply', '--write', 'y'], 'use --apply or --write, not both'],
  [['import', 'gatus', 'x', '--chat=7', '--user'], '--user works only with crontab'],
])('%j prints the usage', async (args, words) => {
  const { code, errors } = await run(args)
  expect(code).toBe(2)
  expect(errors).toContain(words)
})

test('a file that does not exist, or is of another program, is told', async () => {
  expect(await run(['import', 'kuma', join(folder, 'none'), '--chat=7'])).toMatchObject({
    code: 1,
    errors: expect.stringContaining('there is no file'),
  })
  expect(await run(['import', 'gatus', kuma, '--chat=7'])).toMatchObject({ code: 1 })
})
