import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '#database/migrate.ts'
import { checkBackup } from '#database/operations/backup.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { migrationSets } from '#infra/cli/database.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { canMount, disk, fill, remount } from '#test/support/disks.ts'

let folder: string
let database: TestDatabase
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-backup-command-'))
  database = await emptyDatabase()
  for (const migrationSet of migrationSets) await migrate(database.url, migrationSet)
  await database.db.query('insert into chat (id) values (7)')
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await database.end()
})

const file = () => join(folder, 'vigia.backup')
const run = async (...args: string[]) => {
  const out: string[] = []
  const errors: string[] = []
  const env = { DATABASE_URL: database.url }
  const code = await vigia(args, { env, print: text => out.push(text), printError: text => errors.push(text) })
  return { code, out: out.join('\n'), errors: errors.join('\n') }
}
const chats = async () =>
  (await database.db.query<{ id: number }>('select id from chat order by id')).rows.map(({ id }) => id)

test('backup writes a file and restore --yes restores it; both exit with 0 and print the number of rows', async () => {
  const saved = await run('backup', file())
  expect(saved).toMatchObject({ code: 0, errors: '' })
  expect(saved.out).toMatch(/^saved \d+ rows of DATABASE_URL in .*vigia\.backup$/)
  await database.db.query('insert into chat (id) values (8)')
  const restored = await run('restore', file(), '--yes')
  expect(restored).toMatchObject({ code: 0, errors: '' })
  expect(restored.out).toMatch(/^restored \d+ rows of the backup made at \d{4}-\S+Z into DATABASE_URL$/)
  expect(await chats()).toEqual([7])
})

test('backup records when it was made, for the metrics and the doctor; the file does not contain this time', async () => {
  const before = Date.now()
  expect((await run('backup', file())).code).toBe(0)
  const { reached } = (await cursorsIn(database.db).reached('backup'))!
  expect(reached.getTime()).toBeGreaterThanOrEqual(before)
  expect((await checkBackup(file(), migrationSets)).madeAt).toBe(reached.toISOString())
  await run('restore', file(), '--yes')
  expect(await cursorsIn(database.db).reached('backup')).toBeNull()
})

describe('restore changes nothing and exits with 1', () => {
  beforeEach(async () => {
    expect((await run('backup', file())).code).toBe(0)
    await database.db.query('insert into chat (id) values (8)')
  })
  afterEach(async () => expect(await chats()).toEqual([7, 8]))

  test('without --yes if there is no terminal for the question', async () => {
    const isTTY = process.stdin.isTTY
    process.stdin.isTTY = false
    try {
      expect(await run('restore', file())).toMatchObject({ code: 1, errors: expect.stringContaining('add --yes') })
    } finally {
      process.stdin.isTTY = isTTY
    }
  })

  test('for a file that is damaged, for a file of a newer version, and for a file that does not exist', async () => {
    const whole = readFileSync(file())
    writeFileSync(file(), whole.subarray(0, -20))
    expect(await run('restore', file(), '--yes')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('is damaged or not a backup of Vigia'),
    })
    const text = gunzipSync(whole).toString()
    writeFileSync(file(), gzipSync(text.replace('"0001_chats"', '"9999_future"')))
    expect(await run('restore', file(), '--yes')).toMatchObject({
      code: 1,
      errors: expect.stringContaining(
        'was made by a newer version (it has migration 9999_future): upgrade Vigia first',
      ),
    })
    expect(await run('restore', join(folder, 'gone'), '--yes')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('ENOENT'),
    })
  })

  test('while Vigia runs on the database', async () => {
    // This is the lock that the broker holds while it runs (infra/local/broker/store/store.ts).
    await database.db.transaction(async tx => {
      await tx.query('select pg_advisory_lock(7610, 1)')
      expect(await run('restore', file(), '--yes')).toMatchObject({
        code: 1,
        errors: 'Vigia is running on this database; stop it first',
      })
      await tx.query('select pg_advisory_unlock(7610, 1)')
    })
  })
})

test('a backup that cannot be written exits with 1', async () => {
  writeFileSync(join(folder, 'a-file'), '')
  expect((await run('backup', join(folder, 'a-file', 'vigia.backup'))).code).toBe(1)
})

test.each([
  [['backup'], 'backup needs one argument'],
  [['backup', 'a', 'b'], 'backup needs one argument'],
  [['backup', 'a', '--yes'], '--yes'],
  [['restore'], 'restore needs one argument'],
  [['restore', '--yes'], 'restore needs one argument'],
  [['restore', 'a', 'b', '--yes'], 'restore needs one argument'],
  [['restore', 'a', '--force'], '--force'],
])('%j prints the usage, exits with 2 and writes no file', async (args, words) => {
  const { code, errors } = await run(...args)
  expect(code).toBe(2)
  expect(errors).toContain(words)
  expect(errors).toContain('usage:')
  expect(existsSync('a')).toBe(false)
})

test('--help of each command prints its usage and exits with 0', async () => {
  expect(await run('backup', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('backup <file>') })
  expect(await run('restore', '-h')).toMatchObject({ code: 0, out: expect.stringContaining('restore <file> [--yes]') })
})

describe.skipIf(!canMount)('a backup on a disk', () => {
  test.each([
    ['full', /ENOSPC/, fill],
    ['read-only', /EROFS/, (at: string) => remount(at, 'ro')],
  ])('that is %s fails with one line, leaves the earlier backup, and is not recorded', async (_, reason, change) => {
    const at = disk('size=64k')
    const backup = join(at, 'vigia.backup')
    expect((await run('backup', backup)).code).toBe(0)
    const { reached } = (await cursorsIn(database.db).reached('backup'))!
    change(at)
    const { code, out, errors } = await run('backup', backup)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(errors).toMatch(reason)
    expect(errors.split('\n')).toHaveLength(1)
    expect((await checkBackup(backup, migrationSets)).madeAt).toBe(reached.toISOString())
    expect(readdirSync(at).filter(name => name.includes('.new-'))).toEqual([])
    expect((await cursorsIn(database.db).reached('backup'))!.reached).toEqual(reached)
  })
})
