import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { monitorsIn, type NewMonitor } from '#database/uptime/monitors.ts'
import { type ProbeResult, probeResultsIn } from '#database/uptime/probe-results.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import { tellEverything, waitingWorkAt } from '#functions/probe-scheduler/tell-everything.ts'
import { type PendingResult, writeBatch } from '#functions/uptime-prober/write-batch.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

export const chatId = 7
export const noon = Date.parse('2026-11-21T12:00:00Z')
export const minuteMs = 60_000

/** A database for one test file, with one chat and nothing else at the beginning of each test. */
export const outageDatabase = (): { readonly db: Postgres; clean(): Promise<unknown> } => {
  let database: TestDatabase
  const clean = () =>
    database.db.query(
      'truncate monitor, probe_slot, probe_hour, incident, follow, maintenance, monitor_event restart identity cascade',
    )
  beforeAll(async () => {
    database = await freshDatabase()
    await database.db.query('insert into chat (id) values ($1)', [chatId])
    await probeResultsIn(database.db).createPartitions([0, 1].map(days => new Date(noon + days * 86_400_000)))
  })
  afterAll(() => database.end())
  beforeEach(clean)
  return {
    get db() {
      return database.db
    },
    clean,
  }
}

export const addMonitor = async (db: Postgres, name: string, more: Partial<NewMonitor> = {}): Promise<number> => {
  const fields = { chatId, name, kind: 'http', url: `https://${name}/`, intervalS: 60, timeoutMs: 5_000 } as const
  return (await monitorsIn(db).add({ ...fields, ...more })).monitor.id
}

/** What a check of a monitor found; by default the confirmed result of all its attempts. */
export type Check = { id: number; ok: boolean } & Partial<ProbeResult>

/**
 * The prober and the scheduler on a clock that the test sets. A check is stored as the prober stores it, a tick decides
 * what the scheduler decides. Both return the events about monitors, without the requests of checks.
 */
export const outageWorld = (db: Postgres) => {
  let now = noon
  const events: VigiaEvent[] = []
  const requests: VigiaEvent[] = []
  const publish = (published: readonly VigiaEvent[]) => {
    const told = published.filter(({ type }) => type !== 'dev.vigia.probe.requested')
    requests.push(...published.filter(event => !told.includes(event)))
    events.push(...told)
    return told
  }
  return {
    /** Every event so far, and every request of a check. */
    events,
    requests,
    now: () => new Date(now),
    pass: (ms: number) => {
      now += ms
    },
    /** Stores the results of checks that began now. */
    check: async (...checks: Check[]): Promise<VigiaEvent[]> => {
      const at = new Date(now)
      // The database has the partitions of the first two days.
      if (now - noon > 86_400_000) await probeResultsIn(db).createPartitions([at])
      const published: VigiaEvent[] = []
      const batch = checks.map(({ id, ok, ...more }): PendingResult => {
        const times = { dnsMs: 1, connectMs: 2, tlsMs: 3, firstByteMs: 4, totalMs: 5 }
        const result = { monitorId: id, dueAt: at, startedAt: at, ok, status: ok ? 200 : 503, attempts: 1, ...times }
        return {
          result: { ...result, error: ok ? null : 'status', ...more },
          confirmed: true,
          cause: rootCause(`check-${id}-${now}`),
        }
      })
      await writeBatch(db, batch, {
        written: (_, found) => void published.push(...found),
        conflicted: ({ result }) => {
          throw new Error(`the result of monitor ${result.monitorId} was not stored`)
        },
      })
      return publish(published)
    },
    tick: async (): Promise<VigiaEvent[]> => {
      const at = new Date(now)
      return publish(await tellEverything(rootCause(`tick-${now}`), await waitingWorkAt(at, db), { db, now: at }))
    },
  }
}

export type OutageWorld = ReturnType<typeof outageWorld>
