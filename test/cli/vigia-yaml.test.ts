import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { emptyDatabase, freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  await database.db.query('delete from chat')
  folder = await mkdtemp(join(tmpdir(), 'vigia-yaml-'))
  return () => rm(folder, { recursive: true, force: true })
})

const run = async (args: string[], env: Record<string, string> = {}) => {
  const out: string[] = []
  const errors: string[] = []
  const code = await vigia(args, {
    env: { DATABASE_URL: database.url, TELEGRAM_BOT_TOKEN: '1:x', ...env },
    print: text => out.push(text),
    printError: text => errors.push(text),
  })
  return { code, out: out.join('\n'), errors: errors.join('\n') }
}

const write = async (text: string, name = 'vigia.yaml') => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const shop = 'chats:\n  - id: 7\n    monitors:\n      shop:\n        url: https://shop.example/\n'
const stored = () => configuredMonitorsIn(database.db).of([7])

describe('plan, apply and export', () => {
  test('plan shows the changes and makes none; apply makes them once', async () => {
    const file = await write(shop)
    const plan = ['+ chat 7: new; add the bot to it', '+ shop: http https://shop.example/', 'monitors: 1 to create']
    expect(await run(['plan', file])).toEqual({ code: 0, out: plan.join('\n'), errors: '' })
    expect(await stored()).toEqual([])
    expect(await run(['apply', file])).toEqual({ code: 0, out: [...plan, 'applied'].join('\n'), errors: '' })
    expect(await stored()).toHaveLength(1)
    const nothing = { code: 0, out: 'monitors: 1 unchanged\nnothing to change', errors: '' }
    expect(await run(['apply', file])).toEqual(nothing)
    expect(await run(['plan', file])).toEqual(nothing)
  })

  test('export prints the file of one chat or of all chats', async () => {
    await run(['apply', await write(`${shop}  - id: -8\n    monitors:\n      blog: {url: tcp://blog.example:80}\n`)])
    const { code, out } = await run(['export'])
    expect(code).toBe(0)
    expect(out).toContain('id: 7')
    expect(out).toContain('url: tcp://blog.example:80')
    expect((await run(['apply', await write(`${out}\n`, 'export.yaml')])).out).toContain('nothing to change')
    const one = await run(['export', '--chat=-8'])
    expect(one.out).toContain('blog:')
    expect(one.out).not.toContain('shop:')
  })

  test('a file with faults changes nothing, and every fault is told with its line', async () => {
    const file = await write(
      `${shop}        intervall: 5m\n      blog:\n        url: https://blog.example/\n        interval: 1s\n`,
    )
    for (const verb of ['plan', 'apply']) {
      const { code, errors } = await run([verb, file])
      expect(code).toBe(1)
      expect(errors).toContain(
        'vigia.yaml:6: chats[0].monitors.shop.intervall is not a known key; did you mean "interval"?',
      )
    }
    await write(`${shop}      blog:\n        url: https://blog.example/\n        interval: 1s\n`)
    expect((await run(['apply', file])).errors).toContain('vigia.yaml:8: chats[0].monitors.blog.interval is 1s')
    expect(await stored()).toEqual([])
  })

  test('apply asks before it deletes monitors; --yes confirms', async () => {
    await run(['apply', await write(shop)])
    const empty = await write('chats:\n  - id: 7\n', 'empty.yaml')
    expect(await run(['plan', empty])).toMatchObject({ code: 0, out: expect.stringContaining('- shop: ') })
    expect(await run(['apply', empty])).toMatchObject({
      code: 1,
      errors: 'apply asks for confirmation, but there is no terminal; add --yes to confirm',
    })
    expect(await stored()).toHaveLength(1)
    expect((await run(['apply', empty, '--yes'])).out).toContain('monitors: 1 to delete\napplied')
    expect(await stored()).toEqual([])
  })

  test('a secret comes from a variable, from a file, or from a file of variables, and is never printed', async () => {
    const secretFile = await write('from-file\n', 'token.txt')
    const variables = await write('SHOP_TOKEN="from variables"\n', 'vigia.env')
    const withSecret = (source: string) =>
      write(`${shop}        settings: {auth: {bearer: true}}\n        secrets:\n          token: ${source}\n`)
    const secretOf = async () => (await stored())[0]!.secrets.token

    const file = await withSecret('{env: SHOP_TOKEN}')
    expect((await run(['apply', file])).errors).toContain(
      'vigia.yaml:8: chats[0].monitors.shop.secrets.token needs the environment variable SHOP_TOKEN, which is not set',
    )
    const first = await run(['apply', file], { SHOP_TOKEN: 'from-environment' })
    expect(first.out).not.toContain('from-environment')
    expect(await secretOf()).toBe('from-environment')
    expect((await run(['apply', file, '--secrets', variables])).out).toContain('secrets.token hidden → another value')
    expect(await secretOf()).toBe('from variables')
    await withSecret('{file: token.txt}')
    await run(['apply', file])
    expect(await secretOf()).toBe('from-file')
    await withSecret('{stored: true}')
    expect((await run(['apply', file])).out).toContain('nothing to change')
    expect((await run(['export'])).out).toContain('stored: true')
    await rm(secretFile)
    await withSecret('{file: token.txt}')
    expect((await run(['apply', file])).errors).toContain('token.txt, which cannot be read: ENOENT')
  })

  test('a secret that is to be kept but is not stored is refused with its line', async () => {
    const file = await write(
      `${shop}        settings: {auth: {bearer: true}}\n        secrets:\n          token: {stored: true}\n`,
    )
    const { code, errors } = await run(['apply', file])
    expect(code).toBe(1)
    expect(errors).toMatch(/vigia\.yaml:8: chats\[0\]\.monitors\.shop\.secrets\.token is not stored; write \{env/)
    expect(await stored()).toEqual([])
  })

  test('a stored secret is not moved to another host, neither by plan nor by apply', async () => {
    const entry = (url: string, source: string) =>
      write(
        `${shop.replace('https://shop.example/', url)}        settings: {auth: {bearer: true}}\n        secrets:\n          token: ${source}\n`,
      )
    const token = { SHOP_TOKEN: 'hush' }
    await run(['apply', await entry('https://shop.example/', '{env: SHOP_TOKEN}')], token)
    const file = await entry('https://evil.example/', '{stored: true}')
    for (const verb of ['plan', 'apply']) {
      const { code, errors } = await run([verb, file])
      expect(code).toBe(1)
      expect(errors).toContain(
        'vigia.yaml:8: chats[0].monitors.shop.secrets.token was given for https://shop.example, but the url is now at https://evil.example; give it again: write {env: NAME} or {file: path}',
      )
    }
    expect(await stored()).toMatchObject([{ url: 'https://shop.example/', secrets: { token: 'hush' } }])
    expect((await run(['apply', await entry('wss://shop.example/', '{stored: true}')])).errors).toContain(
      'was given for',
    )
    expect((await run(['apply', await entry('https://shop.example/a', '{stored: true}')])).code).toBe(0)
    await run(['apply', await entry('https://evil.example/', '{env: SHOP_TOKEN}')], token)
    expect(await stored()).toMatchObject([{ url: 'https://evil.example/', secrets: { token: 'hush' } }])
  })

  test('a private address needs PROBE_ALLOW', async () => {
    const file = await write(shop.replace('https://shop.example', 'http://10.1.2.3'))
    expect((await run(['plan', file])).errors).toContain('url is a private address, which PROBE_ALLOW does not allow')
    expect((await run(['plan', file], { PROBE_ALLOW: '10.0.0.0/8' })).code).toBe(0)
  })

  test('the simulated sites of this machine may be checked while Telegram is simulated', async () => {
    const file = await write(shop.replace('https://shop.example', 'http://localhost:8080'))
    expect((await run(['plan', file], { TELEGRAM_BOT_TOKEN: '' })).code).toBe(0)
    expect((await run(['plan', file])).code).toBe(1)
  })

  test('monitors of the chat keep their topic after export and apply', async () => {
    await run(['apply', await write(shop)])
    const add = {
      chatId: 7,
      name: 'x',
      kind: 'http',
      url: 'https://x.example/',
      intervalS: 60,
      timeoutMs: 1000,
    } as const
    await monitorsIn(database.db).add({ ...add, threadId: 5 })
    const before = await stored()
    const { out } = await run(['export'])
    await run(['apply', await write(out)])
    expect(await stored()).toEqual([before[0], { ...before[1], key: 'x' }])
  })
})

describe('what a person may do wrong', () => {
  test.each([
    [['plan', 'a.yaml', 'b.yaml'], 'plan takes one file'],
    [['apply', 'a.yaml', 'b.yaml'], 'apply takes one file'],
    [['export', '--chat', 'me'], '--chat is me; it must be the id of a chat'],
    [['apply', '--force'], '--force'],
  ])('%j prints the usage', async (args, words) => {
    const { code, errors } = await run(args)
    expect(code).toBe(2)
    expect(errors).toContain(words)
    expect(errors).toContain('usage:')
  })

  test('a file that does not exist is named', async () => {
    expect(await run(['plan', join(folder, 'none.yaml')])).toMatchObject({
      code: 1,
      errors: `there is no file ${join(folder, 'none.yaml')}`,
    })
  })

  test('a database without tables is told in words', async () => {
    const empty = await emptyDatabase()
    try {
      const { code, errors } = await run(['plan', await write(shop)], { DATABASE_URL: empty.url })
      expect({ code, errors }).toEqual({
        code: 1,
        errors: 'the database does not have the tables of this version; start Vigia once, which makes them',
      })
    } finally {
      await empty.end()
    }
  })
})
