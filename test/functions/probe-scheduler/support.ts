import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { ProbeRequested } from '#events/probe-requested.ts'
import { ShardDue } from '#events/shard-due.ts'
import { probeScheduler, requestProbes } from '#functions/probe-scheduler/probe-scheduler.ts'
import { missedSlot } from '#functions/uptime-prober/check-runner.ts'
import { slotDisposition } from '#functions/uptime-prober/slot-disposition.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { uptimeSince } from '#test/support/probe-slots.ts'

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour
export const start = Date.parse('2026-11-21T12:00:00Z')
export const chatId = 7

/** A database for one test file, empty at the beginning of each test. */
export const schedulerDatabase = () => {
  let database: TestDatabase
  const clean = async () => {
    await database.db.query('truncate monitor, probe_slot, probe_hour, incident, cursor restart identity cascade')
  }
  beforeAll(async () => {
    database = await freshDatabase()
    await database.db.query('insert into chat (id) values ($1)', [chatId])
    await probeResultsIn(database.db).createPartitions([-1, 0, 1, 2].map(days => new Date(start + days * day)))
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

/**
 * Adds monitors with these intervals, active since `since`. Returns the monitors with the hashes that decide their
 * slots.
 */
export const addMonitors = async (db: Postgres, intervals: number[], since = start - hour) => {
  const monitors: { id: number; intervalS: number; hash: number }[] = []
  for (const intervalS of intervals) {
    const url = `http://site-${monitors.length}.test/`
    const fields = { chatId, name: url, kind: 'http', url, intervalS, timeoutMs: 5_000 } as const
    const { monitor } = await monitorsIn(db).add(fields)
    const { rows } = await db.query<{ hash: number }>(
      'update monitor set active_since = $2 where id = $1 returning slot_hash as hash',
      [monitor.id, new Date(since)],
    )
    monitors.push({ id: monitor.id, intervalS, hash: rows[0]!.hash })
  }
  return monitors
}

/** The slots of a monitor in [from, to), computed from the definition of a slot. */
export const slotsOf = ({ intervalS, hash }: { intervalS: number; hash: number }, from: number, to: number) => {
  const slots: number[] = []
  for (let at = Math.ceil(from / second); at < to / second; at++)
    if ((at - (hash % intervalS)) % intervalS === 0) slots.push(at * second)
  return slots
}

class Crash extends Error {}

/** The scheduler with a broker and a prober in memory. Only `pass` advances the clock. */
export const simulation = (db: Postgres, monitorsPerShard = 2) => {
  let now = start
  const accepted = new Set<string>()
  const shardsDue: EventOf<typeof ShardDue>[] = []
  const requests: EventOf<typeof ProbeRequested>[] = []
  const lateness: number[] = []
  let ticks = 0

  /** Publishes events and crashes after `crashAfter` of them. Like a broker, it ignores an id that is already known. */
  const publish =
    (crashAfter = Number.POSITIVE_INFINITY) =>
    async (events: readonly VigiaEvent[]) => {
      let acceptedCount = 0
      for (const event of events) {
        if (acceptedCount++ >= crashAfter) throw new Crash()
        if (accepted.has(event.id)) continue
        accepted.add(event.id)
        if (event.type === ShardDue.type) shardsDue.push(event as EventOf<typeof ShardDue>)
        else requests.push(event as EventOf<typeof ProbeRequested>)
      }
    }

  const clock = () => new Date(now)
  const survive = (work: Promise<unknown>) =>
    work.catch(error => {
      if (!(error instanceof Crash)) throw error
    })

  /** A database that crashes right before the cursor is written. */
  const crashingAtCursor: Postgres = {
    ...db,
    query: (sql, values) => (/into cursor/.test(sql) ? Promise.reject(new Crash()) : db.query(sql, values)),
  }

  return {
    now: () => now,
    pass: (ms: number) => {
      now += ms
    },
    tick: ({ crashAfter, atCursor = false }: { crashAfter?: number; atCursor?: boolean } = {}) =>
      survive(
        probeScheduler(rootCause(`tick-${ticks++}`), {
          db: atCursor ? crashingAtCursor : db,
          clock,
          publish: publish(crashAfter),
          monitorsPerShard,
        }),
      ),
    shardsDue,
    requests,
    lateness,
    handleShard: async (pick: number, crashAfter?: number, again = false) => {
      if (shardsDue.length === 0) return
      const [event] = shardsDue.splice(pick % shardsDue.length, 1)
      await survive(requestProbes(event!, { db }).then(publish(crashAfter)))
      if (crashAfter !== undefined || again) shardsDue.push(event!)
    },
    handleRequest: async (pick: number, again = false) => {
      if (requests.length === 0) return
      const [event] = requests.splice(pick % requests.length, 1)
      for (const check of event!.data.checks) {
        const startedAt = new Date(Math.max(now, Date.parse(check.dueAt)))
        const disposition = slotDisposition(check, false, startedAt)
        const { result } = missedSlot(check)
        const stored = await probeResultsIn(db).insert(
          disposition === 'probe' ? { ...result, ok: true, startedAt, totalMs: 1 } : result,
        )
        if (stored.has(check.monitorId) && disposition === 'probe')
          lateness.push(startedAt.getTime() - Date.parse(check.dueAt))
      }
      if (again) requests.push(event!)
    },
  }
}

export type Simulation = ReturnType<typeof simulation>

/** Runs one more tick and then handles all events that are left. */
export const settle = async (simulated: Simulation) => {
  await simulated.tick()
  while (simulated.shardsDue.length > 0) await simulated.handleShard(0)
  while (simulated.requests.length > 0) await simulated.handleRequest(0)
}

export const uptimeOf = async (db: Postgres, monitors: { id: number }[]) =>
  uptimeSince(
    db,
    monitors.map(({ id }) => id),
    new Date(0),
  )

/** The position of the cursor, in milliseconds since 1970. */
export const cursorAt = async (db: Postgres) => (await cursorsIn(db).reached('probe-scheduler'))!.reached.getTime()
