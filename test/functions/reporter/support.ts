import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { reportsIn } from '#database/reports/reports.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { seenIn } from '#database/series/seen.ts'
import type { Show } from '#database/series/show.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import { type ProbeResult, probeResultsIn } from '#database/uptime/probe-results.ts'
import { type DataOf, type EventOf, rootCause } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { ReportRequested } from '#events/report-requested.ts'
import { openRenderer } from '#functions/reporter/picture/render.ts'
import { reporter } from '#functions/reporter/reporter.ts'
import { show } from '#test/support/catalogue-shows.ts'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'

export let database: TestDatabase
export let catalogue: ReturnType<typeof catalogueIn>
/** The lines that the reporter logged in the current test. */
export let logged: { level: number; msg: string }[]
let closeMongo: () => Promise<void>

/** The period of the reports and of the results. */
export const period = { from: new Date('2026-11-20T11:00:00Z'), to: new Date('2026-11-21T11:00:00Z') }
export const chatId = 7

/** Sets up real databases for the tests of one file. Each test starts with one chat. */
export const useReporter = () => {
  beforeAll(async () => {
    database = await freshDatabase()
    const { mongo, end } = await freshMongo()
    catalogue = catalogueIn(mongo)
    closeMongo = end
    await probeResultsIn(database.db).createPartitions([period.from, period.to])
  })
  afterAll(async () => {
    await closeMongo?.()
    await database?.end()
  })
  beforeEach(async () => {
    logged = []
    await database.db.query('truncate chat, probe_slot cascade')
    await chatsIn(database.db).upsert({ id: chatId, kind: 'private', language: 'pt-BR' })
  })
}

export const dependencies = () => ({
  reports: reportsIn(database.db),
  monitors: monitorsIn(database.db),
  probeHours: probeHoursIn(database.db),
  incidents: incidentsIn(database.db),
  follows: followsIn(database.db),
  seen: seenIn(database.db),
  catalogue: catalogue as Pick<typeof catalogue, 'shows'>,
  clock: () => new Date('2026-11-21T11:00:05Z'),
  log: pino({ level: 'info' }, { write: line => void logged.push(JSON.parse(line)) }),
  renderer: openRenderer,
})

export const request = (
  data: Partial<DataOf<typeof ReportRequested>> = {},
  time = new Date('2026-11-21T11:00:01Z'),
): EventOf<typeof ReportRequested> =>
  ReportRequested.from(rootCause('tick'), {
    id: `chat/${chatId}/report@${period.to.toISOString()}`,
    subject: `chat/${chatId}`,
    time,
    data: {
      chatId,
      language: 'pt-BR',
      zone: 'America/Sao_Paulo',
      frequency: 'daily',
      theme: 'light',
      from: period.from.toISOString(),
      to: period.to.toISOString(),
      onDemand: false,
      ...data,
    },
  })

/** Runs the rule, and returns the data of the requested messages. */
export const report = async (event = request(), changed: Partial<ReturnType<typeof dependencies>> = {}) =>
  (await reporter(event, { ...dependencies(), ...changed })).map(({ id, data }) => ({
    id,
    ...(data as DataOf<typeof MessageRequested>),
  }))

let hosts = 0
export const addMonitor = async (name: string, intervalS = 600) =>
  (
    await monitorsIn(database.db).add({
      chatId,
      name,
      kind: 'http',
      url: `https://host-${hosts++}.example.org/`,
      intervalS,
      timeoutMs: 5_000,
    })
  ).monitor

export const result = (monitorId: number, dueAt: Date, more: Partial<ProbeResult> = {}): ProbeResult => ({
  monitorId,
  dueAt,
  startedAt: dueAt,
  ok: true,
  status: 200,
  error: null,
  attempts: 1,
  dnsMs: null,
  connectMs: null,
  tlsMs: null,
  firstByteMs: null,
  totalMs: 100,
  ...more,
})

/** Stores the results one after the other. */
export const store = async (results: readonly ProbeResult[]) => {
  for (const each of results) await probeResultsIn(database.db).insert(each)
}

export const addIncident = async (monitorId: number, openedAt: string, closedAt: string | null) =>
  database.db.query(
    `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at, closed_cause)
     values ($1, $2, $3, 'timeout', $4, case when $4::timestamptz is null then null else 'x' end)`,
    [monitorId, openedAt, `monitor/${monitorId}@${openedAt}`, closedAt],
  )

export const followShow = async (given: Partial<Show> & Pick<Show, '_id' | 'name' | 'episodes'>) => {
  const url = `https://www.tvmaze.com/shows/${given._id}/x`
  await catalogue.keep({ ...show(given._id, given.name, given.episodes), url, ...given })
  await followsIn(database.db).follow(chatId, `show/${given._id}`, new Date('2026-11-01T00:00:00Z'), given.name)
}
