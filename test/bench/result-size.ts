import { rm } from 'node:fs/promises'
import { type Postgres, postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { type ProbeResult, probeResultsIn } from '#database/uptime/probe-results.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import type { Bench } from './bench.ts'
import { cpuUs, processTree } from './support/processes.ts'

const monitors = Number(process.env.MONITORS ?? 1_000)
/** For how many minutes each monitor is checked once a minute: MINUTES=1000 */
const minutes = Number(process.env.MINUTES ?? 1_000)
/** The prober writes the results of three seconds together. */
const batchS = 3
const intervalS = 60
const start = Date.parse('2026-11-21T00:00:00Z')

/**
 * Stores the results of monitors that are checked once a minute in the order and with the statement of uptime-prober,
 * and measures how large they are and how much CPU time that takes.
 */
export const bench: Bench = {
  title: `the results of ${monitors} monitors over ${minutes} minutes`,
  run: async log => {
    const dataDir = await temporaryFolder()
    const server = await startPostgres({ dataDir })
    const db = postgres(server.url, { prepare: true })
    try {
      await migrate(server.url)
      const phases = await addMonitors(db)
      await probeResultsIn(db).createPartitions([0, minutes].map(minute => new Date(start + minute * 60_000)))
      const before = { own: process.cpuUsage(), postgres: postgresUs(server.pid!) }
      for (let s = 0; s < minutes * intervalS; s += batchS) {
        const due = phases.slice(...range(phases, s % intervalS))
        const results = due.map(({ id, phase }) =>
          resultOf(id, new Date(start + (s - (s % intervalS) + phase) * 1_000)),
        )
        await store(db, results)
        if (s % 6_000 === 0) log(`${s / 60} of ${minutes} minutes`)
      }
      const own = process.cpuUsage(before.own)
      const postgresCpu = postgresUs(server.pid!) - before.postgres
      const { rows } = await db.query<{ results: number; table: number; index: number }>(
        `select (select count(*) from probe_slot) as results, sum(pg_relation_size(inhrelid)) as "table",
           sum(pg_indexes_size(inhrelid)) as index
         from pg_inherits where inhparent = 'probe_slot'::regclass`,
      )
      const { results, table, index } = rows[0]!
      return {
        columns: ['results', 'bytes of each', 'table', 'index', 'PostgreSQL CPU µs of each', 'prober CPU µs of each'],
        rows: [
          [
            results,
            tenths((table + index) / results),
            tenths(table / results),
            tenths(index / results),
            tenths(postgresCpu / results),
            tenths((own.user + own.system) / results),
          ],
        ],
        notes: ['goal: at most 100 bytes for each result with its index'],
      }
    } finally {
      await db.end()
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}

const tenths = (value: number) => Math.round(value * 10) / 10

/** The CPU time of the server and all its processes, of those that have ended as far as they have been waited for. */
const postgresUs = (pid: number) => processTree([pid]).reduce((sum, each) => sum + cpuUs(each), 0)

interface Phase {
  id: number
  phase: number
}

/** Adds monitors that are up. Returns the second of the minute in which each is due, in this order. */
const addMonitors = async (db: Postgres): Promise<Phase[]> => {
  await db.query('insert into chat (id) values (1)')
  const { rows } = await db.query<Phase>(
    `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, state, state_since)
     select 1, 'm' || n, 'http', 'https://example.org/' || n, ${intervalS}, 5000, 'up', $2::timestamptz from generate_series(1, $1::integer) as n
     returning id, slot_hash % interval_s as phase`,
    [monitors, new Date(start)],
  )
  await db.query('analyze monitor')
  return rows.sort((one, other) => one.phase - other.phase || one.id - other.id)
}

const range = (phases: readonly Phase[], second: number): [number, number] => {
  const from = phases.findIndex(({ phase }) => phase >= second)
  const to = phases.findIndex(({ phase }) => phase >= second + batchS)
  return [from < 0 ? phases.length : from, to < 0 ? phases.length : to]
}

/** Of 100 results 96 are good ones of HTTPS, two are good ones without a handshake, and two are timeouts. */
const resultOf = (monitorId: number, dueAt: Date): ProbeResult => {
  const chance = Math.random() * 100
  const isGood = chance < 98
  const ms = (most: number) => Math.round(Math.random() * most * 10) / 10
  return {
    monitorId,
    dueAt,
    startedAt: new Date(dueAt.getTime() + Math.floor(Math.random() * 300)),
    ok: isGood,
    status: isGood ? 200 : null,
    error: isGood ? null : 'timeout',
    attempts: isGood ? 1 : 3,
    dnsMs: isGood ? ms(10) : null,
    connectMs: isGood ? ms(50) : null,
    tlsMs: chance < 96 ? ms(100) : null,
    firstByteMs: isGood ? ms(400) : null,
    totalMs: isGood ? ms(600) : 5_000,
  }
}

const store = async (db: Postgres, results: readonly ProbeResult[]): Promise<void> => {
  await probeResultsIn(db).insertUnchanged(
    results.map(result => ({
      result,
      state: 'up',
      quality: result.ok ? { isSlow: false, certificateDays: undefined } : null,
    })),
  )
}
