import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import { earlierChecksums } from './earlier-checksums.ts'
import { statementsOf } from './migration-statements.ts'

/** The folder with the migrations of the functions' tables. */
export const migrationsDir = fileURLToPath(new URL('./migrations', import.meta.url))

/**
 * SHA-256 of the statements of every migration in `dir`, by file name. A changed comment does not change the
 * checksum. Line ends are normalised, because git may change them.
 */
export const checksums = async (dir = migrationsDir): Promise<Record<string, string>> => {
  const files = (await readdir(dir)).filter(name => name.endsWith('.sql')).sort()
  const entries = files.map(async file => {
    const text = (await readFile(join(dir, file), 'utf8')).replaceAll('\r\n', '\n')
    return [file, createHash('sha256').update(statementsOf(text)).digest('hex')] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** The content of `checksums.json` in `dir`: the checksums of released migrations. They must never change again. */
export const releasedChecksums = async (dir = migrationsDir): Promise<Record<string, string>> => {
  try {
    return JSON.parse(await readFile(join(dir, 'checksums.json'), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/** How long a statement waits for a lock, and how often all of it is tried. */
export interface LockOptions {
  timeoutMs: number
  attempts: number
  pauseMs: number
}

/**
 * A statement that waits for the lock of a table blocks everybody who comes after it. So it waits for a short time
 * only, and the migrations are tried again when the others had their turn.
 */
const defaultLock: LockOptions = { timeoutMs: 3_000, attempts: 20, pauseMs: 2_000 }

/** SQLSTATE: the lock was not free within lock_timeout. */
const lockNotAvailable = '55P03'

/** A newer release has migrated the database: the database has all migrations of this release, and more. */
export class DatabaseAhead extends Error {}

/**
 * Applies the pending SQL files in `dir` in one transaction; migrations cannot be undone. It is safe to run it twice,
 * and in several processes at once, because they wait for each other. Other programs can use the database meanwhile: a
 * lock that they hold is waited for as `lock` says. Throws an Error of one line that names the failing file. Throws
 * `DatabaseAhead` if a newer release has migrated the database.
 */
export const migrate = async (
  url: string,
  {
    dir = migrationsDir,
    table = 'migration',
    lock = defaultLock,
  }: { dir?: string; table?: string; lock?: LockOptions } = {},
): Promise<void> => {
  const [{ default: pg }, { runner, PG_MIGRATE_LOCK_ID }] = await Promise.all([import('pg'), import('node-pg-migrate')])
  const client = new pg.Client({ connectionString: url, application_name: 'vigia migrations' })
  client.on('error', () => {})
  await client.connect()
  try {
    // The lock also protects the checks before the runner and the checksums after it. The runner takes the same lock
    // again, which PostgreSQL allows within a session.
    await client.query(`select pg_advisory_lock(${PG_MIGRATE_LOCK_ID})`)
    const files = await checksums(dir)
    await refuseChangedFiles(client, table, files)
    await client.query(`set lock_timeout = ${lock.timeoutMs}`)
    const run = async (): Promise<void> => {
      let current: string | undefined
      await runner({
        dbClient: client,
        dir,
        ignorePattern: String.raw`(?!.*\.sql$).*`,
        direction: 'up',
        checkOrder: true,
        singleTransaction: true,
        advisoryLockMode: 'wait',
        migrationsTable: table,
        log: line => {
          const [, begun] = /^### MIGRATION (\S+)/.exec(line) ?? []
          current = begun ?? current
        },
      }).catch(async (error: Error) => {
        throw current === undefined ? error : await withLocation(join(dir, `${current}.sql`), error)
      })
    }
    await untilLocksAreFree(run, lock)
    await saveChecksums(client, table, files)
  } finally {
    await client.end()
  }
}

/** Runs `work` again while a lock is not free. */
const untilLocksAreFree = async (work: () => Promise<void>, { attempts, pauseMs }: LockOptions): Promise<void> => {
  for (let attempt = 1; ; attempt++)
    try {
      return await work()
    } catch (error) {
      const { code } = ((error as Error).cause ?? error) as { code?: string }
      if (code !== lockNotAvailable || attempt >= attempts) throw error
      await setTimeout(pauseMs)
    }
}

/** The name of a migration is its file name without `.sql`. */
const nameOf = (file: string) => file.replace(/\.sql$/, '')

/**
 * The two checksums of an applied migration. Earlier releases wrote and compared only the column `checksum`, which is
 * the SHA-256 of the whole text. They accept null there, so they also work on this database after a rollback.
 */
interface Applied {
  name: string
  checksum: string | null
  statements_checksum: string | null
}

const isUnchanged = (file: string, current: string, { checksum, statements_checksum }: Applied): boolean => {
  const earlier = earlierChecksums[file]
  return (
    (statements_checksum === null || statements_checksum === current) &&
    (checksum === null || (checksum === earlier?.text && current === earlier.statements))
  )
}

/** The migrations of a database, compared with the files of this release. The names are file names, in order. */
export interface MigrationState {
  /** Files that the database has not applied. */
  pending: string[]
  /** Files that were changed after the database applied them. */
  changed: string[]
  /** Migrations of the database that have no file: a newer release applied them. */
  unknown: string[]
  /** The number of applied migrations. */
  applied: number
}

type Query = <Row extends object>(sql: string, values: unknown[]) => Promise<Row[]>

/** Compares a database with the files in `dir`, which `checksums` has read. Changes nothing. */
export const migrationState = async (
  query: Query,
  { table = 'migration', files }: { table?: string; files: Record<string, string> },
): Promise<MigrationState> => {
  const [found] = await query<{ exists: boolean }>('select to_regclass(quote_ident($1)) is not null as exists', [table])
  // Earlier releases have no column `statements_checksum`, and the first of them have no column `checksum`.
  const rows = found?.exists
    ? await query<Applied>(
        `select name, to_jsonb("${table}") ->> 'checksum' as checksum,
           to_jsonb("${table}") ->> 'statements_checksum' as statements_checksum from "${table}" order by id`,
        [],
      )
    : []
  const names = new Set(rows.map(({ name }) => name))
  return {
    pending: Object.keys(files).filter(file => !names.has(nameOf(file))),
    changed: rows
      .filter(row => {
        const current = files[`${row.name}.sql`]
        return current !== undefined && !isUnchanged(`${row.name}.sql`, current, row)
      })
      .map(({ name }) => `${name}.sql`),
    unknown: rows.map(({ name }) => `${name}.sql`).filter(file => files[file] === undefined),
    applied: rows.length,
  }
}

const refuseChangedFiles = async (client: Client, table: string, files: Record<string, string>): Promise<void> => {
  const query = async <Row extends object>(sql: string, values: unknown[]) =>
    (await client.query<Row>(sql, values)).rows
  const { pending, changed, unknown } = await migrationState(query, { table, files })
  if (changed.length > 0)
    throw new Error(
      `migration ${changed[0]} was changed after this database applied it: restore the file and write a new migration`,
    )
  if (unknown.length === 0) return
  const message = `the database has migration ${unknown[0]}, which this version does not know: run a newer version`
  throw pending.length === 0 ? new DatabaseAhead(message) : new Error(message)
}

/** Adds the checksums of new rows, and replaces the checksums that an earlier release wrote. */
const saveChecksums = async (client: Client, table: string, files: Record<string, string>): Promise<void> => {
  await client.query('begin')
  await client.query(
    `alter table "${table}" add column if not exists checksum text, add column if not exists statements_checksum text`,
  )
  await client.query(
    `update "${table}" set checksum = null, statements_checksum = file.checksum
     from unnest($1::text[], $2::text[]) as file (name, checksum)
     where "${table}".name = file.name and ("${table}".checksum is not null or statements_checksum is null)`,
    [Object.keys(files).map(nameOf), Object.values(files)],
  )
  await client.query('commit')
}

/** Adds the file and, if PostgreSQL reports it, the line to the error message. */
const withLocation = async (path: string, error: Error & { position?: string }): Promise<Error> => {
  const text = await readFile(path, 'utf8')
  // The runner sends the file from the comment `-- Up Migration` on, so PostgreSQL counts the position from there.
  const begin = Math.max(text.search(/^\s*--[\s-]*up\s+migration/im), 0)
  const line = error.position && text.slice(0, begin + Number(error.position)).split('\n').length
  return new Error(`migration ${path}${line ? `:${line}` : ''}: ${error.message}; nothing was changed`, {
    cause: error,
  })
}

/** Adds new files to `checksums.json`. Throws if a file that is listed there was changed or removed. */
const addChecksums = async (dir: string): Promise<void> => {
  const [files, released] = await Promise.all([checksums(dir), releasedChecksums(dir)])
  for (const [file, checksum] of Object.entries(released))
    if (files[file] !== checksum)
      throw new Error(
        `${join(dir, file)} is released and was changed or removed: restore the file and write a new migration`,
      )
  await writeFile(join(dir, 'checksums.json'), `${JSON.stringify(files, null, 2)}\n`)
}

// `node infra/database/migrate.ts` migrates DATABASE_URL. `--checksums [folder]` adds new files to checksums.json at a
// release.
if (import.meta.main) {
  const { DATABASE_URL: url } = process.env
  const [option, folder] = process.argv.slice(2)
  const run = async () => {
    if (option === '--checksums') await addChecksums(resolve(folder ?? migrationsDir))
    else if (option !== undefined)
      throw new Error(`unknown option ${option}; use --checksums [folder], or no option to migrate DATABASE_URL`)
    else if (url === undefined || url === '')
      throw new Error('DATABASE_URL is not set; set it to the database to migrate')
    else await migrate(url)
  }
  await run().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
