import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'

/** Where the tables of functions come from. */
export const migrationsDir = fileURLToPath(new URL('./migrations', import.meta.url))

/** SHA-256 of every migration in `dir` by file name; line ends do not count, for git may change them. */
export const checksums = async (dir = migrationsDir): Promise<Record<string, string>> => {
  const names = (await readdir(dir)).filter(name => name.endsWith('.sql')).sort()
  const entries = names.map(async name => {
    const text = (await readFile(`${dir}/${name}`, 'utf8')).replaceAll('\r\n', '\n')
    return [name, createHash('sha256').update(text).digest('hex')] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/**
 * Brings the database up to date with the SQL files in `dir`: forward only, all pending ones in one transaction. Safe to run twice
 * and from several processes at once: they wait for each other. Throws an Error of one line that names the file at fault.
 */
export const migrate = async (
  url: string,
  { dir = migrationsDir, table = 'migration' }: { dir?: string; table?: string } = {},
): Promise<void> => {
  const [{ default: pg }, { runner, PG_MIGRATE_LOCK_ID }] = await Promise.all([import('pg'), import('node-pg-migrate')])
  const client = new pg.Client({ connectionString: url, application_name: 'vigia migrations' })
  client.on('error', () => {})
  await client.connect()
  try {
    // The runner takes the same lock once more: a session may. Like this the checks before and the notes after are under it too.
    await client.query(`select pg_advisory_lock(${PG_MIGRATE_LOCK_ID})`)
    const files = await checksums(dir)
    await refuseChangedFiles(client, table, files)
    let current = ''
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
        current = /^### MIGRATION (\S+)/.exec(line)?.[1] ?? current
      },
    }).catch((error: Error) => {
      throw new Error(current === '' ? error.message : `migration ${current}.sql: ${error.message}`, { cause: error })
    })
    await noteChecksums(client, table, files)
  } finally {
    await client.end()
  }
}

const name = (file: string) => file.replace(/\.sql$/, '')

const refuseChangedFiles = async (client: Client, table: string, files: Record<string, string>) => {
  const known = await client.query<{ checksum: boolean }>(
    `select exists (select from information_schema.columns
       where table_schema = current_schema and table_name = $1 and column_name = 'checksum') as checksum`,
    [table],
  )
  if (!known.rows[0]?.checksum) return
  const applied = await client.query<{ name: string; checksum: string | null }>(`select name, checksum from "${table}"`)
  const byName = new Map(Object.entries(files).map(([file, checksum]) => [name(file), checksum]))
  for (const row of applied.rows) {
    const checksum = byName.get(row.name)
    if (checksum === undefined)
      throw new Error(
        `the database has migration ${row.name}.sql and this version of Vigia does not: run a newer version`,
      )
    if (row.checksum !== null && row.checksum !== checksum)
      throw new Error(
        `migration ${row.name}.sql was changed after this database took it: restore it and add a new file`,
      )
  }
}

const noteChecksums = async (client: Client, table: string, files: Record<string, string>) => {
  await client.query(`alter table "${table}" add column if not exists checksum text`)
  await client.query(
    `update "${table}" set checksum = file.checksum from unnest($1::text[], $2::text[]) as file (name, checksum)
     where "${table}".name = file.name and "${table}".checksum is null`,
    [Object.keys(files).map(name), Object.values(files)],
  )
}

// `node infra/database/migrate.ts` migrates DATABASE_URL; `--checksums` freezes the files as they are.
if (import.meta.main) {
  if (process.argv.includes('--checksums')) {
    await writeFile(`${migrationsDir}/checksums.json`, `${JSON.stringify(await checksums(), null, 2)}\n`)
  } else {
    const url = process.env.DATABASE_URL
    await (url ? migrate(url) : Promise.reject(new Error('DATABASE_URL is not set'))).catch((error: Error) => {
      process.stderr.write(`${error.message}\n`)
      process.exitCode = 1
    })
  }
}
