import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip, createGzip } from 'node:zlib'
import type { Postgres } from '../connect.ts'
import { checksums, migrate } from '../migrate.ts'
import { type ResultTable, resultPartitionsIn } from '../uptime/result-partitions.ts'

const format = 'vigia backup 1'
const rowsAtOnce = 500

/** A folder of migrations and the table that lists the applied ones. */
export interface MigrationSet {
  dir: string
  table: string
}

/** The first line of a backup. */
interface Head {
  format: string
  madeAt: string
  /** The names of the applied migrations, by the table that lists them. They define the version of the tables. */
  migrations: Record<string, string[]>
  /** The days that have a partition of probe results. */
  days: string[]
  sequences: Record<string, string>
}

/** The other lines: the name of each table and then its rows; the last line is a checksum of all lines before it. */
type Line = { table: string } | { rows: unknown[] } | { end: { rows: number; sha256: string } }

/**
 * Tables without a backup: the lists of migrations, the table of the broker's write check, and the log of delivery
 * attempts.
 */
const excluded = new Set(['public.migration', 'public.broker_migration', 'broker.readiness', 'broker.attempt'])

const pending = `exists (select from broker.delivery as unfinished where unfinished.state = 'pending' and unfinished.event_seq =`
const rowFilters: Record<string, string> = {
  'broker.event': `where ${pending} event.seq)`,
  'broker.delivery': `where ${pending} delivery.event_seq)`,
}

/** The tables, each after the tables that it references. */
const tablesIn = async (db: Postgres): Promise<string[]> => {
  const { rows } = await db.query<{ name: string; parents: string[] }>(
    `select nspname || '.' || relname as name, array(
       select parent_space.nspname || '.' || parent.relname from pg_constraint
       join pg_class as parent on parent.oid = confrelid join pg_namespace as parent_space on parent_space.oid = parent.relnamespace
       where conrelid = pg_class.oid and contype = 'f' and confrelid <> conrelid
     ) as parents
     from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where nspname in ('public', 'broker') and relkind in ('r', 'p') and not relispartition order by 1`,
  )
  const remaining = rows.filter(({ name }) => !excluded.has(name))
  const ordered: string[] = []
  while (remaining.length > 0) {
    const next = remaining.findIndex(({ parents }) => parents.every(parent => ordered.includes(parent)))
    if (next < 0) throw new Error('the tables cannot be ordered, because their foreign keys form a circle')
    ordered.push(...remaining.splice(next, 1).map(({ name }) => name))
  }
  return ordered
}

/** The table with the results of checks, in this version of the tables. */
const resultTableOf = async (db: Postgres): Promise<ResultTable> => {
  const { rows } = await db.query<{ exists: boolean }>(`select to_regclass('public.probe_slot') is not null as exists`)
  return rows[0]!.exists ? 'probe_slot' : 'probe_result'
}

/** Without the table in which older releases kept results, once it is replaced, because nothing reads it then. */
const dumpedTables = async (db: Postgres): Promise<string[]> => {
  const replaced = (await resultTableOf(db)) === 'probe_slot' ? 'public.probe_result' : undefined
  return (await tablesIn(db)).filter(table => table !== replaced)
}

const columnsOf = async (db: Postgres, table: string): Promise<string> => {
  const { rows } = await db.query<{ name: string }>(
    `select quote_ident(attname) as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  )
  return rows.map(({ name }) => name).join(', ')
}

/**
 * Writes a backup of one snapshot into one file, also while Vigia runs: all tables of the functions, and the events
 * that are not delivered yet. The file is complete or does not exist. Returns the number of rows.
 */
export const backUp = async (
  db: Postgres,
  file: string,
  migrationSets: readonly MigrationSet[],
  now: Date,
): Promise<number> => {
  const draft = `${file}.new-${process.pid}`
  await mkdir(dirname(file), { recursive: true })
  const gzip = createGzip()
  const written = gzip.pipe(createWriteStream(draft, { mode: 0o600, flush: true }))
  const failed = once(written, 'error').then(([error]) => Promise.reject(error))
  failed.catch(() => {})
  const hash = createHash('sha256')
  const writeLine = async (line: Head | Line) => {
    const text = `${JSON.stringify(line)}\n`
    hash.update(text)
    if (!gzip.write(text)) await Promise.race([once(gzip, 'drain'), failed])
  }
  try {
    const rows = await db.transaction(async tx => {
      await tx.query('set transaction isolation level repeatable read read only')
      return dump(tx, migrationSets, now, writeLine)
    })
    gzip.end(`${JSON.stringify({ end: { rows, sha256: hash.digest('hex') } } satisfies Line)}\n`)
    await Promise.race([once(written, 'close'), failed])
    await rename(draft, file)
    return rows
  } catch (error) {
    gzip.destroy()
    // A stream that is still opening its file would create it after the removal.
    if (!written.closed) await new Promise(resolve => written.once('close', resolve).destroy())
    await rm(draft, { force: true })
    throw error
  }
}

const dump = async (
  tx: Postgres,
  migrationSets: readonly MigrationSet[],
  now: Date,
  writeLine: (line: Head | Line) => Promise<void>,
): Promise<number> => {
  const migrations: Head['migrations'] = {}
  for (const { table } of migrationSets) {
    const found = await tx.query(`select to_regclass('public.' || $1) is not null as "isPresent"`, [table])
    if (!found.rows[0]!.isPresent) continue
    const { rows } = await tx.query<{ name: string }>(`select name from public.${table} order by id`)
    migrations[table] = rows.map(({ name }) => name)
  }
  const days = await tx.query<{ day: string }>(
    `select to_char(day, 'YYYY-MM-DD') as day from (
       select to_date(right(relname, 8), 'YYYYMMDD') as day from pg_inherits join pg_class on pg_class.oid = inhrelid
       where inhparent = 'public.${await resultTableOf(tx)}'::regclass) as partition order by 1`,
  )
  const sequences = await tx.query<{ name: string; value: string }>(
    `select schemaname || '.' || sequencename as name, last_value::text as value from pg_sequences
     where schemaname in ('public', 'broker') and last_value is not null and sequencename !~ 'migration'`,
  )
  await writeLine({
    format,
    madeAt: now.toISOString(),
    migrations,
    days: days.rows.map(({ day }) => day),
    sequences: Object.fromEntries(sequences.rows.map(({ name, value }) => [name, value])),
  })
  let count = 0
  for (const table of await dumpedTables(tx)) {
    await writeLine({ table })
    const columns = await columnsOf(tx, table)
    await tx.query(
      `declare dumped no scroll cursor for select to_json(whole_row)::text as row from (select ${columns} from ${table} ${rowFilters[table] ?? ''}) as whole_row`,
    )
    for (;;) {
      const { rows } = await tx.query<{ row: string }>(`fetch ${rowsAtOnce} from dumped`)
      // The rows stay JSON text of PostgreSQL, because JavaScript would round large numbers.
      if (rows.length > 0) await writeLine({ rows: rows.map(({ row }) => row) })
      count += rows.length
      if (rows.length < rowsAtOnce) break
    }
    await tx.query('close dumped')
  }
  return count
}

/** The lines of a backup. Throws if the file is damaged, at the latest at its end. */
async function* linesOf(file: string): AsyncGenerator<Head | Line> {
  const source = createReadStream(file)
  const plain = source.pipe(createGunzip())
  source.on('error', error => plain.destroy(error))
  const lines = createInterface({ input: plain, crlfDelay: Number.POSITIVE_INFINITY })
  // After the first error was thrown, nothing reads the lines any more, and a second error may come.
  lines.on('error', () => {})
  const hash: Hash = createHash('sha256')
  let ended = false
  let isFirst = true
  try {
    for await (const text of lines) {
      const line = JSON.parse(text) as Head | Line
      if (isFirst && (line as Head).format !== format)
        throw new Error(`its first line does not name the format "${format}"`)
      isFirst = false
      if ('end' in line) {
        if (line.end.sha256 !== hash.digest('hex')) throw new Error('its checksum is wrong')
        ended = true
      } else if (ended) throw new Error('there is data after its end')
      else hash.update(`${text}\n`)
      yield line
    }
    if (!ended) throw new Error('its end is missing')
  } catch (error) {
    throw new Error(`${file} is damaged or not a backup of Vigia: ${(error as Error).message}`, { cause: error })
  } finally {
    source.destroy()
    plain.destroy()
  }
}

export interface RestoreOptions {
  /** Leaves out the tables of the one-machine broker, because the broker of a cluster keeps its events itself. */
  withoutBroker?: boolean
}

export interface BackupFacts {
  madeAt: string
  rows: number
  /** The number of events that were not delivered yet. */
  pendingEvents: number
}

/** Reads a whole backup and changes nothing. Throws if it is damaged, or made by a newer version. */
export const checkBackup = async (
  file: string,
  migrationSets: readonly MigrationSet[],
  { withoutBroker = false }: RestoreOptions = {},
): Promise<BackupFacts> => {
  await (await open(file)).close()
  const facts: BackupFacts = { madeAt: '', rows: 0, pendingEvents: 0 }
  let table = ''
  for await (const line of linesOf(file)) {
    if ('format' in line) {
      facts.madeAt = line.madeAt
      const { broker_migration, ...others } = line.migrations
      await refuseNewer(file, withoutBroker ? others : line.migrations, migrationSets)
    } else if ('table' in line) table = line.table
    else if ('end' in line) facts.rows = line.end.rows
    else if (table === 'broker.event') facts.pendingEvents += line.rows.length
  }
  return facts
}

/** When a backup was made, from its first line. The rest is not read. Throws if the file does not begin as a backup. */
export const backupMadeAt = async (file: string): Promise<Date> => {
  await (await open(file)).close()
  const lines = linesOf(file)
  try {
    return new Date(((await lines.next()).value as Head).madeAt)
  } finally {
    await lines.return(undefined)
  }
}

const refuseNewer = async (
  file: string,
  migrations: Head['migrations'],
  migrationSets: readonly MigrationSet[],
): Promise<void> => {
  for (const [table, names] of Object.entries(migrations)) {
    const migrationSet = migrationSets.find(each => each.table === table)
    const known = migrationSet ? Object.keys(await checksums(migrationSet.dir)) : []
    const newer = names.find(name => !known.includes(`${name}.sql`))
    if (newer !== undefined)
      throw new Error(`${file} was made by a newer version (it has migration ${newer}): upgrade Vigia first`)
  }
}

/**
 * Replaces everything in the database with the backup and returns the number of rows. It creates the tables of the
 * version that made the backup, fills them in one transaction, and then applies the newer migrations.
 */
export const restore = async (
  db: Postgres,
  url: string,
  file: string,
  migrationSets: readonly MigrationSet[],
  { withoutBroker = false }: RestoreOptions = {},
): Promise<number> => {
  await checkBackup(file, migrationSets, { withoutBroker })
  const lines = linesOf(file)
  const head = (await lines.next()).value as Head
  await dropTables(db)
  for (const { dir, table } of migrationSets) await migrateTo(url, dir, table, head.migrations[table] ?? [])
  await resultPartitionsIn(db).createPartitions(
    head.days.map(day => new Date(`${day}T00:00:00Z`)),
    await resultTableOf(db),
  )
  const rows = await db.transaction(async tx => {
    // A monitor may come before its parent.
    await tx.query('set constraints all deferred')
    for (const table of (await tablesIn(tx)).reverse()) await tx.query(`delete from ${table}`)
    let insert = ''
    let count = 0
    let isSkipped = false
    for await (const line of lines) {
      if ('table' in line) {
        isSkipped = withoutBroker && line.table.startsWith('broker.')
        if (isSkipped) continue
        const columns = await columnsOf(tx, line.table)
        insert = `insert into ${line.table} (${columns}) overriding system value
          select ${columns} from json_populate_recordset(null::${line.table}, $1::json)`
      } else if ('rows' in line && !isSkipped) {
        await tx.query(insert, [`[${(line.rows as string[]).join(',')}]`])
        count += line.rows.length
      }
    }
    for (const [name, value] of Object.entries(head.sequences))
      await tx.query(`select setval(to_regclass($1::text), $2::bigint) where to_regclass($1::text) is not null`, [
        name,
        value,
      ])
    return count
  })
  for (const { dir, table } of migrationSets) await migrate(url, { dir, table })
  return rows
}

const dropTables = async (db: Postgres): Promise<void> => {
  await db.query('drop schema if exists broker cascade')
  const { rows } = await db.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  )
  if (rows.length > 0) await db.query(`drop table ${rows.map(({ name }) => `public.${name}`).join(', ')} cascade`)
  // Functions of triggers, which the migrations create again. A function of an extension belongs to the extension.
  const functions = await db.query<{ name: string }>(
    `select oid::regprocedure::text as name from pg_proc
     where pronamespace = 'public'::regnamespace
       and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')`,
  )
  for (const { name } of functions.rows) await db.query(`drop function if exists ${name} cascade`)
}

/** Creates the tables of an older version. */
const migrateTo = async (url: string, dir: string, table: string, names: readonly string[]): Promise<void> => {
  if (names.length === 0) return
  const older = await mkdtemp(join(tmpdir(), 'vigia-restore-'))
  try {
    for (const name of names) await copyFile(join(dir, `${name}.sql`), join(older, `${name}.sql`))
    await migrate(url, { dir: older, table })
  } finally {
    await rm(older, { recursive: true, force: true })
  }
}
