import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import type { Incident } from '#database/uptime/incidents.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { type Check, ProbeRequested } from '#events/probe-requested.ts'
import { addressGuard, type DialOptions, type DialResult } from '#functions/dial/dial.ts'
import { checkRunner } from '#functions/uptime-prober/check-runner.ts'
import { connectivityTracker, type ReferenceState } from '#functions/uptime-prober/connectivity.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { uptimeProber } from '#functions/uptime-prober/uptime-prober.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { virtualTime } from '#test/support/virtual-time.ts'

export const chatId = 7
export const second = 1_000
export const noon = Date.parse('2026-11-21T12:00:00Z')

/** A database for one test file, with one chat and no monitor at the beginning of each test. */
export const proberDatabase = (): { readonly db: Postgres } => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await freshDatabase()
    await database.db.query('insert into chat (id) values ($1)', [chatId])
    await probeResultsIn(database.db).createPartitions([new Date(noon)])
  })
  afterAll(() => database.end())
  beforeEach(() => database.db.query('truncate monitor, probe_result, probe_hour, incident, follow restart identity'))
  return {
    get db() {
      return database.db
    },
  }
}

export const addMonitor = async (db: Postgres, name: string, intervalS = 60) =>
  (await monitorsIn(db).add({ chatId, name, kind: 'http', url: `https://${name}/`, intervalS, timeoutMs: 5_000 }))
    .monitor

export const connected: DialResult = {
  error: null,
  status: null,
  address: '203.0.114.1',
  contact: true,
  dnsMs: 1,
  connectMs: 1,
  tlsMs: null,
  firstByteMs: 1,
  totalMs: 12,
}
export const responded = (status: number): DialResult => ({ ...connected, status })
export const timedOut: DialResult = {
  ...connected,
  error: 'timeout',
  contact: false,
  firstByteMs: null,
  connectMs: null,
}

/**
 * A prober on virtual time. `dialled` returns the result of an attempt from its URL, its time (in milliseconds after
 * noon) and its number. `reference` returns the state of the references; it is null for a prober without references.
 */
export const startProber = (
  db: Postgres,
  dialled: (url: string, atMs: number, attemptIndex: number) => DialResult | Promise<DialResult>,
  { from = noon, reference = (async () => true) as (() => Promise<ReferenceState>) | null } = {},
) => {
  const time = virtualTime(new Date(from))
  const attempts: { url: string; at: number; attempt: number }[] = []
  const published: VigiaEvent[] = []
  const shutdown = new AbortController()
  let isDatabaseDown = false
  let isBrokerDown = false
  const terminated = () => Promise.reject(new Error('Connection terminated unexpectedly'))
  const flakyDb = time.watched({
    query: (sql, values) => (isDatabaseDown ? terminated() : db.query(sql, values)),
    transaction: work => (isDatabaseDown ? terminated() : db.transaction(work)),
    end: () => db.end(),
  })
  const dial = async (url: string, { attemptIndex = 0 }: DialOptions) => {
    const at = time.clock().getTime() - noon
    attempts.push({ url, at, attempt: attemptIndex })
    return dialled(url, at, attemptIndex)
  }
  const runCheck = checkRunner({
    dialler: { get: dial, tcpConnect: dial },
    connectivity: connectivityTracker(addressGuard(), reference),
    clock: time.clock,
    sleep: time.sleep,
  })
  const results = resultWriter({ db: flakyDb, clock: time.clock, sleep: time.sleep })
  const start = (event: EventOf<typeof ProbeRequested>) =>
    uptimeProber(event, {
      db: flakyDb,
      clock: time.clock,
      sleep: time.sleep,
      runCheck,
      results,
      publish: async events => {
        if (isBrokerDown) throw new Error('the broker answered 503')
        published.push(...events)
      },
      stop: shutdown.signal,
    })
  return {
    time,
    attempts,
    published,
    shutDown: () => shutdown.abort(),
    setDatabaseDown: (value: boolean) => {
      isDatabaseDown = value
    },
    setBrokerDown: (value: boolean) => {
      isBrokerDown = value
    },
    start,
    run: (event: EventOf<typeof ProbeRequested>) => time.until(start(event)),
  }
}

export const checkOf = (
  monitor: { id: number; url: string; intervalS: number },
  dueAt: number,
  more: Partial<Check> = {},
): Check => ({
  monitorId: monitor.id,
  kind: 'http',
  url: monitor.url,
  timeoutMs: 5_000,
  intervalS: monitor.intervalS,
  dueAt: new Date(dueAt).toISOString(),
  ...more,
})

export const request = (checks: Check[], reason: 'slot' | 'now' | 'first' = 'slot') =>
  ProbeRequested.from(rootCause('shard/0@x'), {
    key: String(checks[0]?.monitorId),
    subject: 'shard/0',
    data: { reason, checks, ...(reason !== 'slot' && { chatId }) },
  })

export const ids = (events: readonly VigiaEvent[]) => events.map(({ id }) => id)

export const storedResults = async (db: Postgres) =>
  (
    await db.query<{ id: number; ok: boolean | null; attempts: number; error: string | null; late: number }>(
      `select monitor_id as id, ok, attempts, error, extract(epoch from started_at - due_at)::float8 * 1000 as late
       from probe_result order by monitor_id, due_at`,
    )
  ).rows

/** The incidents of a monitor, newest first. */
export const incidentsOf = async (db: Postgres, monitorId: number) =>
  (
    await db.query<Pick<Incident, 'id' | 'openedAt' | 'closedAt' | 'status' | 'error'>>(
      `select id, opened_at as "openedAt", closed_at as "closedAt", status, error
       from incident where monitor_id = $1 order by opened_at desc, id desc`,
      [monitorId],
    )
  ).rows
