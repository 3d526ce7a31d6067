import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import type { Incident } from '#database/uptime/incidents.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { latenessS, unpackOutcome } from '#database/uptime/packed-result.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

export const chatId = 7
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
  beforeEach(() =>
    database.db.query('truncate monitor, probe_slot, probe_hour, incident, follow restart identity cascade'),
  )
  return {
    get db() {
      return database.db
    },
  }
}

export const addMonitor = async (db: Postgres, name: string, intervalS = 60) =>
  (await monitorsIn(db).add({ chatId, name, kind: 'http', url: `https://${name}/`, intervalS, timeoutMs: 5_000 }))
    .monitor

export const storedResults = async (db: Postgres) =>
  (
    await db.query<{ id: number; outcome: number; late: number | null }>(
      `select monitor_id as id, outcome, ${latenessS} * 1000 as late from probe_slot order by monitor_id, due_at`,
    )
  ).rows.map(({ id, outcome, late }) => ({ id, ...unpackOutcome(outcome), late }))

/** The incidents of a monitor, newest first. */
export const incidentsOf = async (db: Postgres, monitorId: number) =>
  (
    await db.query<Pick<Incident, 'id' | 'openedAt' | 'closedAt' | 'status' | 'error'>>(
      `select id, opened_at as "openedAt", closed_at as "closedAt", status, error
       from incident where monitor_id = $1 order by opened_at desc, id desc`,
      [monitorId],
    )
  ).rows
