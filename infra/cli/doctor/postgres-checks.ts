import { checksums, migrationState } from '#database/migrate.ts'
import type { MigrationSet } from '#database/operations/backup.ts'
import { bytesText } from './figures.ts'
import { failed, ok, type Result, warning } from './finding.ts'
import type { Installation } from './installation.ts'
import { type ReadOnlyDatabase, readOnlyDatabase } from './read-only-database.ts'

/** The oldest PostgreSQL that Vigia supports (infra/local/settings.md). */
const oldestVersion = 14

/** Below the first number of free connections the check warns, and below the second it fails. */
const fewFreeConnections = 20
const noFreeConnections = 3

const nothingWorks = 'Chats, monitors, messages and events are in PostgreSQL, so nothing works without it.'

/**
 * A connection to DATABASE_URL, or to the server whose URL `ownServer` gives (null: it does not run). If there is no
 * connection, the finding that says why.
 */
export const connect = async (
  installation: Installation,
  ownServer: () => Promise<string | null>,
  timeoutMs: number,
): Promise<ReadOnlyDatabase | Result> => {
  const { place, dataDir, env } = installation
  try {
    const url = env.DATABASE_URL ?? (await ownServer())
    if (url !== null) return await readOnlyDatabase(url, timeoutMs)
    return place === 'cluster'
      ? failed('DATABASE_URL is not set', nothingWorks, 'kubectl -n vigia get secret vigia-postgres')
      : failed(`the PostgreSQL of ${dataDir} does not run`, nothingWorks, 'npm start')
  } catch (error) {
    return failed(`PostgreSQL does not answer: ${reasonOf(error as Error)}`, nothingWorks, nextStep(installation))
  }
}

const nextStep = ({ place, dataDir, env }: Installation) => {
  if (place === 'cluster') return 'kubectl -n vigia get pods -l app.kubernetes.io/name=postgres'
  return env.DATABASE_URL === undefined
    ? `tail -n 20 ${dataDir}/postgres/postgres.log`
    : 'compare DATABASE_URL with the address and the password of the server'
}

const reasonOf = ({ code, message, errors }: Error & { code?: string; errors?: Error[] }): string => {
  switch (code) {
    case '28P01':
    case '28000':
      return 'it refuses the user or the password'
    case '3D000':
      return 'the database does not exist'
    case '53300':
      return 'it has no connection left (max_connections)'
    case '57P03':
      return 'it is starting, stopping or in recovery'
    default:
      return (message || errors?.[0]?.message || code || 'no reason given').split('\n')[0]!
  }
}

export const serverCheck = async ({ query }: ReadOnlyDatabase): Promise<Result> => {
  const [server] = await query<{ version: string; number: number; bytes: number; recovering: boolean }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       pg_database_size(current_database())::float8 as bytes, pg_is_in_recovery() as recovering`,
  )
  const { version, number, bytes, recovering } = server!
  const found = `version ${version}, ${bytesText(bytes)} of data`
  if (Math.floor(number / 10_000) < oldestVersion)
    return failed(found, `Vigia needs version ${oldestVersion} or newer.`, 'upgrade PostgreSQL')
  return recovering
    ? failed(
        `${found}, read-only: it is in recovery`,
        nothingWorks,
        'connect to the primary server, or promote this one',
      )
    : ok(found)
}

/** `fewFree` is the number of free connections below which the check warns. */
export const connectionsCheck = async (
  { query }: ReadOnlyDatabase,
  fewFree: number = fewFreeConnections,
): Promise<Result> => {
  const [row] = await query<{ used: number; available: number }>(
    `select (select sum(numbackends) from pg_stat_database)::int as used,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as available`,
  )
  const { used, available } = row!
  const free = available - used
  const found = `${free} of ${available} connections are free`
  if (free >= fewFree) return ok(found)
  const why = 'A function that starts while no connection is free cannot work.'
  const next =
    'psql "$DATABASE_URL" -c "select application_name, count(*) from pg_stat_activity group by 1 order by 2 desc"'
  return free < noFreeConnections ? failed(found, why, next) : warning(found, why, next)
}

/** Compares the tables with the migrations of this release. */
export const migrationsCheck = async (
  { query }: ReadOnlyDatabase,
  migrationSets: readonly MigrationSet[],
  place: Installation['place'],
): Promise<Result> => {
  const states = await Promise.all(
    migrationSets.map(async ({ dir, table }) => migrationState(query, { table, files: await checksums(dir) })),
  )
  const changed = states.flatMap(state => state.changed)
  const unknown = states.flatMap(state => state.unknown)
  const pending = states.flatMap(state => state.pending)
  if (changed.length > 0)
    return failed(
      `changed after the database applied them: ${changed.join(', ')}`,
      'The tables differ from what the files say, and Vigia does not start on this database.',
      'git checkout -- infra/database/migrations infra/local/broker/migrations',
    )
  if (pending.length > 0)
    return failed(
      `${pending.length} not applied: ${pending.join(', ')}`,
      'Functions of this release use tables or columns that do not exist yet.',
      place === 'cluster' ? 'kubectl -n vigia get jobs' : 'restart Vigia, which applies them when it starts',
    )
  if (unknown.length > 0)
    return warning(
      `the database has ${unknown.join(', ')}, which this release does not know`,
      'A newer release has used this database. On one machine this release does not start on it.',
      'run the newer release again, or restore a backup of this release',
    )
  return ok(`all ${states.reduce((sum, { applied }) => sum + applied, 0)} are applied`)
}
