import type { Shutdown } from '../shutdown.ts'
import { type Terminal, warnUnlessStopping } from '../terminal.ts'
import type { MongoServer } from './mongodb.ts'
import type { PostgresServer } from './postgres.ts'
import type { Supervised } from './supervisor.ts'

export interface DatabaseStart {
  dataDir: string
  /** Gets a line for each thing that takes time or that a person wants to know. */
  log(line: string): void
  shutdown: Shutdown
}

/** Starts PostgreSQL, or connects to `databaseUrl`, and brings its tables to the current version. */
export const startPostgresAndMigrate = async (
  databaseUrl: string | undefined,
  { dataDir, log, shutdown }: DatabaseStart,
): Promise<PostgresServer> => {
  const { startPostgres } = await import('./postgres.ts')
  const server = await startPostgres({ dataDir, databaseUrl, log })
  shutdown.atTheEnd(() => server.stop())
  const { migrate } = await import('#database/migrate.ts')
  await migrate(server.url)
  return server
}

/** Starts MongoDB, or connects to MONGODB_URI of `env`. `download` fetches a mongod if this machine has none. */
export const startCatalogue = async (
  env: NodeJS.ProcessEnv,
  download: boolean,
  { dataDir, log, shutdown }: DatabaseStart,
): Promise<MongoServer> => {
  const { startMongo } = await import('./mongodb.ts')
  const server = await startMongo({ dataDir, env, download, log })
  shutdown.atTheEnd(() => server.stop())
  return server
}

/**
 * Adds `name` to `down` while its server does not run, and reports in the terminal when the server stops and when it
 * answers again.
 */
export const reportOutages = (
  name: string,
  server: Pick<Supervised, 'onDown' | 'onUp' | 'onGivenUp'>,
  { down, terminal, signal }: { down: Set<string>; terminal: Terminal; signal: AbortSignal },
): void => {
  server.onDown(message => {
    down.add(name)
    warnUnlessStopping(message, terminal, signal)
  })
  server.onUp(() => {
    down.delete(name)
    if (!signal.aborted) terminal.say(`  ${name} answers again`)
  })
  server.onGivenUp(message =>
    warnUnlessStopping(
      `${message}\n  Nothing works without ${name}. Vigia tries to start it again once a minute.`,
      terminal,
      signal,
    ),
  )
}
