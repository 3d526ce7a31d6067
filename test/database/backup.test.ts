import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checksums, migrate, migrationsDir } from '#database/migrate.ts'
import { backUp, checkBackup, type MigrationSet, restore } from '#database/operations/backup.ts'
import { resultPartitionsIn } from '#database/uptime/result-partitions.ts'
import { startBrokerServer, startRecorder, triggerFor } from '../support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const migrationSets: MigrationSet[] = [
  { dir: migrationsDir, table: 'migration' },
  { dir: fileURLToPath(new URL('../../infra/local/broker/migrations', import.meta.url)), table: 'broker_migration' },
]
const now = new Date('2026-11-21T12:00:00Z')
let folder: string
let from: TestDatabase
let to: TestDatabase

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-backup-'))
  ;[from, to] = await Promise.all([emptyDatabase(), emptyDatabase()])
  for (const migrationSet of migrationSets) await migrate(from.url, migrationSet)
  await from.db.query(`insert into chat (id, language) values (9007199254740991, 'en'), (-5, 'pt-BR')`)
  await from.db.query(
    `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms) values (-5, 'são "x" \\ ☃', 'http', 'https://example.org/a', 60, 1000)`,
  )
  await resultPartitionsIn(from.db).createPartitions([now])
  await from.db.query(
    `insert into probe_slot (monitor_id, due_at, weight_s, outcome, late, status, dns, connect, tls, first_byte, total)
     values (1, '2026-11-21T12:00:00.123456Z', 60, 1, 17, 200, -1, 3, -1, -4000, 32767)`,
  )
  await from.db.query(
    `insert into probe_day values (1, '2026-11-20', 1439, 1, 0, 0, 86340, 60, 0, 0, 2, 350.7, 123456.7)`,
  )
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await Promise.all([from.end(), to.end()])
})

const file = () => join(folder, 'vigia.backup')
const allRows = async ({ db }: TestDatabase) => {
  const rows: Record<string, unknown> = {}
  for (const table of ['chat', 'monitor', 'probe_day', 'probe_slot', 'operator_digest', 'migration'])
    rows[table] = (
      await db.query<{ row: string }>(
        `select (to_jsonb(t) - 'run_on')::text as row from ${table} as t order by to_jsonb(t)::text`,
      )
    ).rows.map(({ row }) => row)
  return rows
}

describe('a backup', () => {
  test('restored into an empty database has the same rows and continues the ids; only the owner may read the file', async () => {
    const rows = await backUp(from.db, file(), migrationSets, now)
    expect(readdirSync(folder)).toEqual(['vigia.backup'])
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(await checkBackup(file(), migrationSets)).toEqual({ madeAt: now.toISOString(), rows, pendingEvents: 0 })
    expect(await restore(to.db, to.url, file(), migrationSets)).toBe(rows)
    expect(await allRows(to)).toEqual(await allRows(from))
    const next = await to.db.query<{ id: number }>(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms) values (-5, 'n', 'http', 'https://n.org/', 60, 1000) returning id`,
    )
    expect(next.rows[0]!.id).toBe(2)
  })

  test('has the secrets of monitors, and restores a monitor before its parent', async () => {
    await from.db.query(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, settings)
       select -5, 'm', 'tcp', 'tcp://m' || n || ':1', 60, 1000, '{"a": [1]}' from generate_series(2, 1200) as n`,
    )
    await from.db.query('update monitor set parent_id = 1200 where id = 1')
    await from.db.query(`insert into monitor_secret values (1, 'token', 'hush')`)
    await backUp(from.db, file(), migrationSets, now)
    await restore(to.db, to.url, file(), migrationSets)
    expect(await allRows(to)).toEqual(await allRows(from))
    expect((await to.db.query('select value from monitor_secret')).rows).toEqual([{ value: 'hush' }])
  })

  test('restored into a database with other rows replaces all of them', async () => {
    for (const migrationSet of migrationSets) await migrate(to.url, migrationSet)
    await to.db.query('insert into chat (id) values (1), (2)')
    await backUp(from.db, file(), migrationSets, now)
    await restore(to.db, to.url, file(), migrationSets)
    expect(await allRows(to)).toEqual(await allRows(from))
  })

  test('made by an older version is restored and migrated to the current version', async () => {
    const dir = mkdtempSync(join(folder, 'older-'))
    for (const name of readdirSync(migrationsDir).filter(name => /^000[1-5]_/.test(name)))
      copyFileSync(join(migrationsDir, name), join(dir, name))
    const older = await emptyDatabase()
    await migrate(older.url, { dir })
    await older.db.query(`insert into chat (id) values (7)`)
    await backUp(older.db, file(), [{ dir, table: 'migration' }], now)
    await older.end()
    await restore(to.db, to.url, file(), migrationSets)
    const { rows } = await to.db.query('select id from chat')
    expect(rows).toEqual([{ id: 7 }])
    const migrations = await to.db.query('select name from migration')
    expect(migrations.rowCount).toBe(Object.keys(await checksums()).length)
  })

  test('contains the events that are not delivered yet, and the broker of the restored database delivers them', async () => {
    const recorder = await startRecorder()
    recorder.respond('/a', () => ({ status: 503 }))
    const triggers = [
      triggerFor('a', 'test', `${recorder.url}/a`, { retry: 50, backoffPolicy: 'linear', backoffDelayMs: 1 }),
    ]
    const firstServer = await startBrokerServer(from.url, triggers)
    expect(await firstServer.post('1', 'test')).toBe(202)
    expect(await firstServer.post('2', 'without.trigger')).toBe(202)
    await until(() => recorder.received('/a').length > 0)
    await backUp(from.db, file(), migrationSets, now)
    await firstServer.stop()
    recorder.reset()
    await restore(to.db, to.url, file(), migrationSets)
    const secondServer = await startBrokerServer(to.url, triggers)
    await until(() => recorder.received('/a').some(({ headers }) => headers['ce-id'] === '1'))
    expect((await secondServer.broker.reads.events({})).map(({ id }) => id)).toEqual(['1'])
    await secondServer.stop()
    await recorder.stop()
  })
})

describe('a backup or a restore that fails', () => {
  test.each([
    ['that was cut off', (file: Buffer) => file.subarray(0, file.length - 20)],
    [
      'with a changed value',
      (file: Buffer) =>
        gzipSync(
          gunzipSync(file)
            .toString()
            .replace('"en"', '"pt"')
            .replace(/\\"en\\"/, '\\"xx\\"'),
        ),
    ],
    [
      'without its last line',
      (file: Buffer) => gzipSync(gunzipSync(file).toString().split('\n').slice(0, -2).join('\n')),
    ],
    [
      'with an incomplete row and, after it, a wrong checksum of gzip',
      (file: Buffer) => {
        const [head] = gunzipSync(file).toString().split('\n')
        // The file is read in parts of 64 KiB. The first part has the incomplete row, so the second part, which has the
        // checksum, is not unpacked.
        const row = () => JSON.stringify({ rows: [randomBytes(1_000).toString('base64')] })
        const damaged = gzipSync(
          [head, ...Array.from({ length: 61 }, row), '{"rows":[', ...Array.from({ length: 8 }, row)].join('\n'),
        )
        damaged.writeUInt32LE(0, damaged.length - 8)
        return damaged
      },
    ],
    ['that is not a backup', () => Buffer.from('hello')],
    ['that is empty', () => Buffer.alloc(0)],
    ['of another format', (file: Buffer) => gzipSync(gunzipSync(file).toString().replace('backup 1', 'backup 2'))],
  ])('a file %s is refused, and the database is not changed', async (_, damage) => {
    await backUp(from.db, file(), migrationSets, now)
    writeFileSync(file(), damage(readFileSync(file())))
    const before = await allRows(from)
    await expect(restore(from.db, from.url, file(), migrationSets)).rejects.toThrow(
      'is damaged or not a backup of Vigia',
    )
    expect(await allRows(from)).toEqual(before)
  })

  test('a file of a newer version and a file that does not exist are refused', async () => {
    await backUp(from.db, file(), migrationSets, now)
    const older = [{ ...migrationSets[0]!, dir: mkdtempSync(join(folder, 'older-')) }, migrationSets[1]!]
    await expect(restore(from.db, from.url, file(), older)).rejects.toThrow(
      'was made by a newer version (it has migration 0001_chats)',
    )
    await expect(checkBackup(join(folder, 'gone'), migrationSets)).rejects.toThrow('ENOENT')
  })

  test('a backup whose transaction fails leaves no file', async () => {
    const broken = { ...from.db, transaction: () => Promise.reject(new Error('the connection broke')) }
    await expect(backUp(broken, file(), migrationSets, now)).rejects.toThrow('the connection broke')
    expect(readdirSync(folder)).toEqual([])
  })
})
