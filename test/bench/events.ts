import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { type EventQuery, plannerSettings } from '#local/broker/reads/event-query.ts'
import { eventReads } from '#local/broker/reads/event-reads.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import type { Bench } from './bench.ts'

const events = 700_000
const rounds = 20

const cases: [string, EventQuery][] = [
  ['no filter', {}],
  ['type of nearly all events', { type: 'dev.vigia.probe.requested' }],
  ['subject of half of the events', { subject: 'shard/0' }],
  ['subject of one event', { subject: 'monitor/3000' }],
  ['subject of no event', { subject: 'monitor/x' }],
  [
    'frequent type, frequent source, no event with both',
    { type: 'dev.vigia.probe.requested', source: '/functions/prober' },
  ],
  ['frequent type, frequent subject, no event with both', { type: 'dev.vigia.monitor.down', subject: 'shard/0' }],
  [
    'subject of half of the events, since a minute ago',
    { subject: 'shard/0', since: new Date(Date.now() - 60_000).toISOString() },
  ],
  ['since a future date', { since: '2100-01-01T00:00:00Z' }],
  ['subject of half of the events, limit 1000', { subject: 'shard/0', limit: 1000 }],
]

/** Measures how long the control API takes to list events if the log holds a week of probes. */
export const bench: Bench = {
  title: `reading the event log with ${events.toLocaleString('en')} events`,
  run: async log => {
    const dataDir = await mkdtemp(join(tmpdir(), 'vigia-bench-'))
    await chmod(dataDir, 0o755)
    const server = await startPostgres({ dataDir })
    try {
      const dir = fileURLToPath(new URL('../../infra/local/broker/migrations', import.meta.url))
      await migrate(server.url, { dir, table: 'broker_migration' })
      const db = postgres(server.url, { max: 1, statementTimeoutMs: 300_000 })
      log('filling the log')
      await db.query(
        `insert into broker.event (seq, key, id, source, type, subject, attributes, data, ttl, accepted_at)
         select n, gen_random_uuid(), n::text, kind.source, kind.type, kind.subject, '{}', repeat('x', 1000)::bytea, 255, now() - ($1 - n) * interval '1 second'
         from generate_series(1, $1) as n cross join lateral (
           select
             case when n % 100 = 0 then '/functions/prober' else '/functions/scheduler' end as source,
             case when n % 100 = 0 then 'dev.vigia.monitor.down' else 'dev.vigia.probe.requested' end as type,
             case when n % 100 = 0 then 'monitor/' || n % 10000000 / 100 when n % 2 = 0 then 'shard/0' else 'shard/' || n % 64 end as subject
         ) as kind`,
        [events],
      )
      await db.query(`insert into broker.delivery (event_seq, trigger, state, due)
        select seq, 'uptime-prober', 'done', null from broker.event`)
      await db.query('analyze')
      await db.end()
      const reader = postgres(server.url, { max: 1, settings: plannerSettings })
      const reads = eventReads(reader, () => null)
      const rows: (string | number)[][] = []
      for (const [name, query] of cases) {
        const times: number[] = []
        let found = 0
        for (let round = 0; round <= rounds; round++) {
          const began = performance.now()
          found = (await reads.events(query)).length
          times.push(performance.now() - began)
        }
        const [first, ...rest] = times
        rest.sort((a, b) => a - b)
        const ms = (value: number) => Number(value.toFixed(1))
        rows.push([name, found, ms(first!), ms(rest[rounds >> 1]!), ms(rest.at(-1)!)])
      }
      await reader.end()
      return { columns: ['filters', 'rows', 'first ms', 'p50 ms', 'worst ms'], rows }
    } finally {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}
