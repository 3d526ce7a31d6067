import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { earlierChecksums } from '#database/earlier-checksums.ts'
import { checksums, DatabaseAhead, migrate, migrationsDir, releasedChecksums } from '#database/migrate.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'

const program = fileURLToPath(new URL('../../infra/database/migrate.ts', import.meta.url))

const run = async (args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number | null; errors: string }> => {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env } })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const errors = await text(child.stderr)
  return { code: await ended, errors }
}

let database: TestDatabase
beforeEach(async () => {
  database = await emptyDatabase()
})
afterEach(() => database.end())

const names = async (table: string): Promise<string[]> =>
  (await database.db.query<{ name: string }>(`select name from "${table}" order by id`)).rows.map(row => row.name)

test('five processes that migrate an empty database at the same time all succeed, and each file runs once', async () => {
  const files = Object.keys(await checksums())
  const runs = await Promise.all(Array.from({ length: 5 }, () => run([], { DATABASE_URL: database.url })))
  expect(runs).toEqual(Array.from({ length: 5 }, () => ({ code: 0, errors: '' })))
  expect(await names('migration')).toEqual(files.map(file => file.replace('.sql', '')))
})

test('migrating twice changes nothing the second time', async () => {
  await migrate(database.url)
  const before = await database.db.query('select * from migration order by id')
  await migrate(database.url)
  expect(await database.db.query('select * from migration order by id')).toEqual(before)
})

test('a DATABASE_URL that is not set, or whose server does not answer, gives an error of one line', async () => {
  const unreachable = await run([], { DATABASE_URL: 'postgresql://vigia@localhost/vigia?host=/nowhere' })
  expect(unreachable).toEqual({ code: 1, errors: expect.stringMatching(/^connect ENOENT [^\n]+\n$/) })
  const unset = await run([], { DATABASE_URL: '' })
  expect(unset).toEqual({ code: 1, errors: 'DATABASE_URL is not set; set it to the database to migrate\n' })
})

describe('a folder of migrations', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'migrations-'))
    await write('0001_a.sql', 'create table a (id integer);\n')
    await write('0002_b.sql', 'create table b (id integer);\n')
  })
  afterEach(() => rm(dir, { recursive: true }))

  const write = (file: string, sql: string) => writeFile(join(dir, file), `-- Up Migration\n${sql}`)
  const up = () => migrate(database.url, { dir, table: 'own_migration' })

  test('with a changed file that was already applied is refused, the error names the file, and new files are not applied', async () => {
    await up()
    await write('0001_a.sql', 'create table a (id bigint);\n')
    await write('0003_c.sql', 'create table c (id integer);\n')
    await expect(up()).rejects.toThrow(/^migration 0001_a\.sql was changed after this database applied it: .+$/)
    expect(await names('own_migration')).toEqual(['0001_a', '0002_b'])
  })

  test('with other line endings counts as unchanged', async () => {
    await up()
    await writeFile(join(dir, '0001_a.sql'), '-- Up Migration\r\ncreate table a (id integer);\r\n')
    await up()
  })

  test('with other comments and other white space at the ends of lines counts as unchanged', async () => {
    await up()
    await write('0001_a.sql', '-- a comment\ncreate /* one more */ table a (id integer);  \n\n-- the last')
    await up()
    expect(await names('own_migration')).toEqual(['0001_a', '0002_b'])
  })

  test('with a changed string that contains "--" is refused', async () => {
    await write('0003_c.sql', "create table c (id text default 'a -- b');\n")
    await up()
    await write('0003_c.sql', "create table c (id text default 'a -- c');\n")
    await expect(up()).rejects.toThrow(/^migration 0003_c\.sql was changed after this database applied it: .+$/)
  })

  test('with an error in a new file applies nothing, and the error names the file and the line', async () => {
    await up()
    await write('0003_c.sql', 'create table c (id integer);\n')
    await write('0004_d.sql', 'create table d (id integer);\ncreate tabel e (id integer);\n')
    await expect(up()).rejects.toThrow(
      `migration ${join(dir, '0004_d.sql')}:3: syntax error at or near "tabel"; nothing was changed`,
    )
    expect(await names('own_migration')).toEqual(['0001_a', '0002_b'])
    await expect(database.db.query('select from c')).rejects.toThrow('relation "c" does not exist')
    await write('0004_d.sql', 'create table d (id integer);\n')
    await up()
    expect(await names('own_migration')).toEqual(['0001_a', '0002_b', '0003_c', '0004_d'])
  })

  test('waits for a lock without blocking those who come later, and says which file could not get it', async () => {
    await up()
    await write('0003_c.sql', 'alter table a add column c integer;\n')
    const release = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const reader = database.db.transaction(async tx => {
      await tx.query('select from a')
      locked.resolve()
      await release.promise
    })
    await locked.promise
    const migrated = (attempts: number) =>
      migrate(database.url, { dir, table: 'own_migration', lock: { timeoutMs: 50, attempts, pauseMs: 20 } })
    await expect(migrated(2)).rejects.toThrow(
      /0003_c\.sql.*: canceling statement due to lock timeout; nothing was changed$/,
    )
    const waiting = migrated(1_000)
    for (let read = 0; read < 5; read++) await database.db.query('select from a')
    release.resolve()
    await Promise.all([reader, waiting])
    expect(await names('own_migration')).toContain('0003_c')
  })

  test('with a new file before an applied one is refused', async () => {
    await up()
    await write('0001_z.sql', 'create table z (id integer);\n')
    await expect(up()).rejects.toThrow(/0001_z/)
  })

  test('without a file that the database has applied is refused: a newer version migrated the database', async () => {
    await up()
    await rm(join(dir, '0002_b.sql'))
    await expect(up()).rejects.toThrow(/0002_b\.sql, which this version does not know: run a newer version$/)
    await expect(up()).rejects.toBeInstanceOf(DatabaseAhead)
  })

  test('without an applied file but with a new one is refused, but the error is not DatabaseAhead', async () => {
    await up()
    await rm(join(dir, '0002_b.sql'))
    await write('0003_c.sql', 'create table c (id integer);\n')
    const refused = up()
    await expect(refused).rejects.toThrow(/0002_b\.sql, which this version does not know/)
    await expect(refused).rejects.not.toBeInstanceOf(DatabaseAhead)
  })

  test('has the checksums of its new files added to checksums.json by --checksums, which fails if a released file was changed', async () => {
    expect(await run(['--checksums', dir], {})).toEqual({ code: 0, errors: '' })
    expect(await releasedChecksums(dir)).toEqual(await checksums(dir))
    await write('0003_c.sql', 'create table c (id integer);\n')
    expect(await run(['--checksums', dir], {})).toEqual({ code: 0, errors: '' })
    expect(Object.keys(await releasedChecksums(dir))).toEqual(['0001_a.sql', '0002_b.sql', '0003_c.sql'])
    await write('0001_a.sql', 'create table a (id bigint);\n')
    const refused = await run(['--checksums', dir], {})
    expect(refused).toEqual({ code: 1, errors: expect.stringMatching(/0001_a\.sql is released and was changed/) })
  })
})

describe('a database that an earlier release migrated', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'migrations-'))
    const isOfEarlierRelease = (source: string) => !source.endsWith('.sql') || basename(source) in earlierChecksums
    await cp(migrationsDir, dir, { recursive: true, filter: isOfEarlierRelease })
    await migrate(database.url, { dir })
    await database.db.query('alter table migration drop column statements_checksum')
    const earlier = Object.entries(earlierChecksums).map(([file, { text }]) => [file.replace('.sql', ''), text])
    await database.db.query(
      `update migration set checksum = file.text from unnest($1::text[], $2::text[]) as file (name, text)
       where migration.name = file.name`,
      [earlier.map(([name]) => name), earlier.map(([, text]) => text)],
    )
  })
  afterEach(() => rm(dir, { recursive: true }))

  const rows = async () => (await database.db.query('select * from migration order by id')).rows
  const change = async (file: string, from: string, to: string) => {
    const sql = await readFile(join(dir, file), 'utf8')
    expect(sql).toContain(from)
    await writeFile(join(dir, file), sql.replace(from, to))
  }

  test('is accepted and gets the checksums of the statements; the earlier release still accepts its rows', async () => {
    const before = await rows()
    expect(before.map(row => row.checksum)).not.toContain(null)
    await migrate(database.url, { dir })
    const current = await checksums(dir)
    expect(await rows()).toEqual(
      // The earlier release refuses another checksum than its own, but accepts a row without one.
      before.map(row => ({ ...row, checksum: null, statements_checksum: current[`${row.name}.sql`] })),
    )
  })

  test('is accepted after a rollback, in which the earlier release added its checksums again', async () => {
    const before = await rows()
    await migrate(database.url, { dir })
    const after = await rows()
    for (const { name, checksum } of before)
      await database.db.query('update migration set checksum = $1 where name = $2', [checksum, name])
    await migrate(database.url, { dir })
    expect(await rows()).toEqual(after)
  })

  test('is accepted if a comment was changed since then', async () => {
    await change('0001_chats.sql', '-- Up Migration\n', '-- Up Migration\n-- The chats.\n')
    await migrate(database.url, { dir })
  })

  test('is refused and stays as it is if a statement was changed since then', async () => {
    const before = await rows()
    await change('0002_monitors.sql', 'interval_s integer', 'interval_s bigint')
    await expect(migrate(database.url, { dir })).rejects.toThrow(
      'migration 0002_monitors.sql was changed after this database applied it: restore the file and write a new migration',
    )
    expect(await rows()).toEqual(before)
  })

  test('is refused if the checksum of a migration is that of another file', async () => {
    await database.db.query(`update migration set checksum = $1 where name = '0001_chats'`, [
      earlierChecksums['0002_monitors.sql']?.text,
    ])
    await expect(migrate(database.url, { dir })).rejects.toThrow(/^migration 0001_chats\.sql was changed after/)
  })

  test('stays as it is if the new checksums cannot be saved', async () => {
    const before = await rows()
    await database.db.query('alter table migration add constraint has_checksum check (checksum is not null)')
    await expect(migrate(database.url, { dir })).rejects.toThrow('violates check constraint "has_checksum"')
    expect(await rows()).toEqual(before)
  })
})

test.each(['infra/database', 'infra/local/broker'])(
  'every migration of %s is unchanged since its release',
  async owner => {
    const dir = fileURLToPath(new URL(`../../${owner}/migrations`, import.meta.url))
    expect((await readdir(dir)).filter(name => !/^(\d{4}_[a-z_]+\.sql|checksums\.json)$/.test(name))).toEqual([])
    expect(await checksums(dir)).toEqual(await releasedChecksums(dir))
  },
)

test('every migration with an earlier checksum still has the statements of that time', async () => {
  const broker = fileURLToPath(new URL('../../infra/local/broker/migrations', import.meta.url))
  const current = { ...(await checksums()), ...(await checksums(broker)) }
  for (const [file, { statements }] of Object.entries(earlierChecksums)) expect(current[file], file).toBe(statements)
})
