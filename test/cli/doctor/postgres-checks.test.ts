import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { migrationsDir } from '#database/migrate.ts'
import { connect, connectionsCheck, migrationsCheck, serverCheck } from '#infra/cli/doctor/postgres-checks.ts'
import { type ReadOnlyDatabase, readOnlyDatabase } from '#infra/cli/doctor/read-only-database.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

const machine = (databaseUrl: string) => ({
  place: 'machine' as const,
  dataDir: '/nowhere',
  env: { DATABASE_URL: databaseUrl },
})

const noServer = async () => null

describe('a PostgreSQL that cannot be reached is a failure', () => {
  test('if it accepts the connection and stays silent', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    const { port } = await new Promise<AddressInfo>(resolve =>
      silent.once('listening', () => resolve(silent.address() as AddressInfo)),
    )
    expect(await connect(machine(`postgresql://vigia:sEcReT99@127.0.0.1:${port}/vigia`), noServer, 100)).toMatchObject({
      state: 'failed',
      found: 'PostgreSQL does not answer: timeout expired',
    })
  })

  test('if nothing listens there, if the database does not exist, and if the URL cannot be read', async () => {
    expect(await connect(machine('postgresql://vigia@127.0.0.1:1/vigia'), noServer, 5_000)).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('ECONNREFUSED'),
      next: 'compare DATABASE_URL with the address and the password of the server',
    })
    const database = await freshDatabase()
    onTestFinished(() => database.end())
    const url = new URL(database.url)
    url.pathname = '/no_such_database'
    expect(await connect(machine(url.href), noServer, 5_000)).toMatchObject({
      state: 'failed',
      found: 'PostgreSQL does not answer: the database does not exist',
    })
    expect(await connect(machine('postgresql://[nonsense'), noServer, 5_000)).toMatchObject({ state: 'failed' })
  })

  test('if a pod has no DATABASE_URL', async () => {
    expect(await connect({ place: 'cluster', dataDir: null, env: {} }, noServer, 5_000)).toMatchObject({
      state: 'failed',
      found: 'DATABASE_URL is not set',
    })
  })
})

describe('a database', () => {
  let database: TestDatabase
  let db: ReadOnlyDatabase
  beforeEach(async () => {
    database = await freshDatabase()
    db = await readOnlyDatabase(database.url, 5_000)
  })
  afterEach(async () => {
    await db.end()
    await database.end()
  })
  const migrationSets = [{ dir: migrationsDir, table: 'migration' }]

  test('that is healthy is ok with its figures', async () => {
    expect(await serverCheck(db)).toMatchObject({ state: 'ok', found: expect.stringMatching(/^version \d+/) })
    expect(await connectionsCheck(db)).toMatchObject({ state: 'ok' })
    expect(await migrationsCheck(db, migrationSets, 'machine')).toMatchObject({ state: 'ok' })
  })

  test('refuses every write of the doctor', async () => {
    await expect(db.query('insert into chat (id) values (7)')).rejects.toThrow('read-only transaction')
  })

  test('that does not answer in time fails the query, and every later query at once', async () => {
    const impatient = await readOnlyDatabase(database.url, 500)
    const [slow, later] = await Promise.allSettled([
      impatient.query('select pg_sleep(100)'),
      impatient.query('select pg_sleep(100)'),
    ])
    expect(slow).toMatchObject({ status: 'rejected', reason: new Error('Query read timeout') })
    expect(later).toEqual(slow)
    await impatient.end()
  })

  test('whose query fails answers the next query', async () => {
    const [wrong, right] = await Promise.allSettled([db.query('select nonsense'), db.query('select 1 as one')])
    expect(wrong.status).toBe('rejected')
    expect(right).toEqual({ status: 'fulfilled', value: [{ one: 1 }] })
  })

  test('with fewer free connections than the limit is a warning', async () => {
    expect(await connectionsCheck(db, 100_000)).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(/^\d+ of \d+ connections are free$/),
    })
  })

  test('that lacks a migration is a failure that names the file', async () => {
    await database.db.query(`delete from migration where name = '0012_tvmaze_budget'`)
    const missing = { state: 'failed', found: '1 not applied: 0012_tvmaze_budget.sql' }
    expect(await migrationsCheck(db, migrationSets, 'machine')).toMatchObject(missing)
    expect(await migrationsCheck(db, migrationSets, 'cluster')).toMatchObject(missing)
  })

  test('without any table is a failure that names every file', async () => {
    await database.db.query('drop table migration')
    expect(await migrationsCheck(db, migrationSets, 'machine')).toMatchObject({
      state: 'failed',
      found: expect.stringMatching(/^\d+ not applied: 0001_chats\.sql, /),
    })
  })

  test('that a newer release has migrated is a warning that names the migration', async () => {
    await database.db.query(`insert into migration (name, run_on) values ('9999_future', now())`)
    expect(await migrationsCheck(db, migrationSets, 'machine')).toMatchObject({
      state: 'warning',
      found: 'the database has 9999_future.sql, which this release does not know',
    })
  })

  test('whose migration was changed afterwards is a failure that names the file', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'vigia-changed-'))
    onTestFinished(() => rm(dir, { recursive: true }))
    await cp(migrationsDir, dir, { recursive: true })
    await writeFile(join(dir, '0001_chats.sql'), '-- Up Migration\ncreate table chat (id text);\n')
    expect(await migrationsCheck(db, [{ dir, table: 'migration' }], 'machine')).toMatchObject({
      state: 'failed',
      found: 'changed after the database applied them: 0001_chats.sql',
    })
  })
})
