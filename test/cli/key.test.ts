import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiKeysIn } from '#database/chats/api-keys.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7), (8)')
})
afterAll(() => database.end())

const run = async (...args: string[]) => {
  const out: string[] = []
  const errors: string[] = []
  const code = await vigia(['key', ...args], {
    env: { DATABASE_URL: database.url },
    print: text => out.push(text),
    printError: text => errors.push(text),
  })
  return { code, out: out.join('\n'), errors: errors.join('\n') }
}

test('a key is made, listed and revoked', async () => {
  const made = await run('create', '--chat=7', '--scope=maintenance')
  expect([made.code, made.errors]).toEqual([0, ''])
  const row = await apiKeysIn(database.db).find(made.out)
  expect(row).toMatchObject({ chatId: 7, scope: 'maintenance', personId: null })
  const listed = await run('list', '--chat=7')
  expect(listed.out).toMatch(
    new RegExp(`^${row!.id}  maintenance  made \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC  never used$`),
  )
  expect((await run('revoke', String(row!.id), '--chat=8')).errors).toBe(`the chat 8 has no key ${row!.id}`)
  expect((await run('revoke', String(row!.id), '--chat=7')).out).toBe(`${row!.id} is revoked`)
  expect((await run('list', '--chat=7')).out).toBe('no keys')
})

test.each([
  [['create'], 2, '--chat is missing'],
  [['create', '--chat=x'], 2, '--chat is x; it must be the id of a chat'],
  [['create', '--chat=7', '--scope=admin'], 2, '--scope is admin; it must be one of read, write, maintenance'],
  [['create', '--chat=9'], 1, 'Vigia does not know the chat 9'],
  [['list', '--chat=7', '--scope=read'], 2, '--scope works only with create'],
  [['revoke', '--chat=7'], 2, 'revoke needs the id of a key'],
  [['make', '--chat=7'], 2, 'make is not a command of key'],
])('key %s is refused', async (args, code, words) => {
  const answer = await run(...args)
  expect(answer.code).toBe(code)
  expect(answer.errors).toContain(words)
})
