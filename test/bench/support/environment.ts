import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Postgres, postgres } from '#database/connect.ts'
import type { CheckKind } from '#events/probe-requested.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import certificate from './site-certificate.json' with { type: 'json' }
import { type SitePorts, startSites } from './sites.ts'

/**
 * Starts the sites and a PostgreSQL server that no other measurement uses, and creates the data folder for the runtime,
 * with the certificate of the authority of the sites. `keptDatabase` is the folder of a database that stays for the
 * next measurement.
 */
export const startEnvironment = async ({ keptDatabase }: { keptDatabase?: string | undefined } = {}) => {
  const [dataDir, temporary] = await Promise.all([temporaryFolder(), temporaryFolder()])
  const databaseDir = keptDatabase ?? temporary
  const authority = join(dataDir, 'authority.pem')
  await writeFile(authority, certificate.ca)
  const sites = await startSites()
  const server = await startPostgres({ dataDir: databaseDir })
  const db = postgres(server.url)
  return {
    dataDir,
    sites,
    server,
    db,
    /** The variables of the runtime. */
    env: { DATABASE_URL: server.url, LOG_LEVEL: 'warn', NODE_EXTRA_CA_CERTS: authority },
    stop: async () => {
      await db.end()
      await server.stop()
      sites.stop()
      for (const folder of [dataDir, temporary]) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What a monitor checks. */
export interface MonitorTarget {
  kind: CheckKind
  url: string
  settings?: Record<string, string | number>
}

export const httpTarget = (ports: SitePorts, path: string): MonitorTarget => ({
  kind: 'http',
  url: `http://127.0.0.1:${ports.http}/${path}`,
})

/** Each monitor has a host name of its own, so that no monitor profits from the TLS session of another one. */
export const httpsTarget = (ports: SitePorts, path: string): MonitorTarget => ({
  kind: 'http',
  url: `https://${path.replace('/', '-')}.bench.localhost:${ports.https}/${path}`,
})

/** Each check reports when the certificate expires. */
export const watchedHttpsTarget = (ports: SitePorts, path: string): MonitorTarget => ({
  ...httpsTarget(ports, path),
  settings: { certificateDays: 7 },
})

/** Monitors to insert, numbered from 1. */
export interface NewMonitors {
  count: number
  /** The percentage of the monitors whose site never answers. */
  hangingPercent?: number
  intervalS: number
  timeoutMs: number
  /** What the sites do that answer: `m` works, and `s` works until it fails. */
  behaviour?: 'm' | 's'
  /** `path` is the number of the monitor and the behaviour of its site: `m/7`, `hang/8`. */
  /** The monitors are in the chats 1, 2, … in turn; by default all are in chat 1. */
  chats?: number
  targetOf: (ports: SitePorts, path: string, n: number) => MonitorTarget
}

/**
 * Inserts monitors in the state that their first check would give them. Returns the offset of each monitor within its
 * interval, in milliseconds.
 */
export const insertMonitors = async (
  db: Postgres,
  ports: SitePorts,
  { count, hangingPercent = 0, intervalS, timeoutMs, behaviour = 'm', chats = 1, targetOf }: NewMonitors,
) => {
  await db.query('insert into chat (id) select generate_series(1, $1::integer) on conflict do nothing', [chats])
  const monitors = Array.from({ length: count }, (_, index) => {
    const n = index + 1
    const hangs = n % 100 < hangingPercent
    const path = `${hangs ? 'hang' : behaviour}/${n}`
    return {
      ...{ chat: 1 + (index % chats), name: `m${n}`, path, state: hangs ? 'down' : 'up', settings: {} },
      ...targetOf(ports, path, n),
    }
  })
  // The configuration key allows several monitors of a chat to have the same URL.
  const { rows } = await db.query<{ id: number; phase: number }>(
    `insert into monitor (chat_id, name, config_key, kind, url, settings, interval_s, timeout_ms, state, state_since)
     select chat, name, path, kind, url, settings, $2, $3, state, now()
     from json_to_recordset($1) as monitor (chat bigint, name text, path text, kind text, url text, settings jsonb, state text)
     returning substring(name from 2)::integer as id, slot_hash % interval_s as phase`,
    [JSON.stringify(monitors), intervalS, timeoutMs],
  )
  await db.query('analyze monitor')
  return new Map(rows.map(({ id, phase }) => [id, phase * 1_000]))
}
