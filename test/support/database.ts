import { createHash, randomBytes } from 'node:crypto'
import { type Postgres, postgres } from '#database/connect.ts'
import { checksums, migrate } from '#database/migrate.ts'
import { type Mongo, mongo } from '#database/mongo.ts'
import { sharedServer } from './shared-servers.ts'

export interface TestDatabase {
  url: string
  db: Postgres
  /** Closes the connections and drops the database. */
  end(): Promise<void>
}

const databaseUrl = async (name: string): Promise<string> => {
  const url = new URL(await sharedServer('postgres'))
  url.pathname = `/${name}`
  return url.href
}

const unique = (kind: string) => `vigia_${kind}_${process.pid}_${randomBytes(4).toString('hex')}`

const onServer = async <T>(work: (server: Postgres) => Promise<T>): Promise<T> => {
  const server = postgres(await sharedServer('postgres'), { max: 1, applicationName: 'vigia tests' })
  try {
    return await work(server)
  } finally {
    await server.end()
  }
}

/**
 * The name of a database that has every migration. The first caller creates it; every fresh database is a copy of it.
 */
const migratedTemplate = async (server: Postgres): Promise<string> => {
  const version = createHash('sha256')
    .update(JSON.stringify(await checksums()))
    .digest('hex')
  const name = `vigia_template_${version.slice(0, 16)}`
  const exists = async () => (await server.query('select from pg_database where datname = $1', [name])).rowCount === 1
  if (await exists()) return name
  await server.query(`select pg_advisory_lock(hashtext('vigia template'))`)
  if (!(await exists())) {
    const building = unique('building')
    await server.query(`create database ${building} template template0 strategy file_copy`)
    await migrate(await databaseUrl(building))
    await server.query(`alter database ${building} rename to ${name}`)
  }
  await server.query(`select pg_advisory_unlock(hashtext('vigia template'))`)
  return name
}

const create = async (from: (server: Postgres) => Promise<string>): Promise<TestDatabase> => {
  const name = unique('test')
  await onServer(async server =>
    server.query(`create database ${name} template ${await from(server)} strategy file_copy`),
  )
  const url = await databaseUrl(name)
  const db = postgres(url, { applicationName: name })
  const end = async () => {
    await db.end()
    await onServer(server => server.query(`drop database ${name} with (force)`))
  }
  return { url, db, end }
}

/** A new migrated database without rows, on the server that all test files share. */
export const freshDatabase = (): Promise<TestDatabase> => create(migratedTemplate)

/** A new database without tables, on the server that all test files share. */
export const emptyDatabase = (): Promise<TestDatabase> => create(async () => 'template0')

/**
 * A new database on the Mongo server that all test files share. The database is never dropped, because some
 * Mongo-compatible servers cannot drop a database.
 */
export const freshMongo = async (): Promise<{ uri: string; mongo: Mongo; end(): Promise<void> }> => {
  const url = new URL(await sharedServer('mongodb'))
  url.pathname = `/${unique('test')}`
  const client = mongo(url.href)
  return { uri: url.href, mongo: client, end: () => client.end() }
}
