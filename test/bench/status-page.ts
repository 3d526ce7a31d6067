import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { probeDaysIn } from '#database/uptime/probe-days.ts'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'
import type { Bench } from './bench.ts'
import { median } from './cold-start.ts'
import { cpuUsed } from './support/cpu-used.ts'
import { httpTarget, insertMonitors, startEnvironment } from './support/environment.ts'
import { gatusProgram, startGatus } from './support/gatus.ts'
import { startKuma } from './support/kuma.ts'
import { fetchOnce, type Load, type LoadReport } from './support/page-load.ts'
import { punctuality } from './support/punctuality.ts'
import { type SitePorts, type Sites, startSites } from './support/sites.ts'

/** The number of monitors on the page, each checked once a minute: MONITORS=2000 */
const monitors = Number(process.env.MONITORS ?? 2_000)
/** The days of history: DAYS=90 */
const days = Number(process.env.DAYS ?? 90)
/** Requests in a second, and for how many seconds: RATE=500 SECONDS=30 */
const perSecond = Number(process.env.RATE ?? 500)
const measuredS = Number(process.env.SECONDS ?? 30)
/** How often the function is started from zero: ROUNDS=10 */
const rounds = Number(process.env.ROUNDS ?? 10)
/** The endpoints of Gatus. It begins to check one each 222 ms, and its page shows at most 100 at once: ENDPOINTS=100 */
const endpoints = Number(process.env.ENDPOINTS ?? 100)
/** The folder of an installed Uptime Kuma (test/cli/import/peers/README.md): UPTIME_KUMA=/opt/uptime-kuma */
const kuma = process.env.UPTIME_KUMA
/** A folder that keeps the database for the next run, because its history takes minutes: KEPT=/tmp/bench */
const keptDatabase = process.env.KEPT
/** Seconds of checks before the measurement: WARM_UP=40 */
const warmUpS = Number(process.env.WARM_UP ?? 40)
/** Requests in a second for the times of a warm page. */
const visitsPerSecond = 20
const intervalS = 60
const timeoutMs = 5_000

const columns = [
  'case',
  'requests',
  'answers',
  'kB',
  'p50 ms',
  'p95 ms',
  'p99 ms',
  'max ms',
  'checks late p50 ms',
  'p99 ms',
  'missed',
]

/**
 * Measures the page of many monitors while they are checked: from zero, warm, and under a load at a steady rate. The
 * requests go through the public port of the local runtime, which starts the function. The client has a process of its
 * own; it shares the machine with Vigia, PostgreSQL, the monitored sites and Gatus.
 */
export const bench: Bench = {
  title: `status-page: ${monitors} monitors with ${days} days of history, each checked once a minute`,
  run: async log => {
    const environment = await startEnvironment({ keptDatabase })
    const { sites, server, db, env, dataDir } = environment
    const client = fork(fileURLToPath(new URL('status-page.process.ts', import.meta.url)))
    const load = async (given: Load): Promise<LoadReport> => {
      client.send(given)
      const [report] = (await once(client, 'message')) as [LoadReport]
      return report
    }
    let vigia: Vigia | undefined
    try {
      await migrate(server.url)
      const phases = await phasesOfMonitors(db, sites.ports, log)
      vigia = await startVigia({ env, dataDir })
      log(`${warmUpS} s of checks`)
      await setTimeout(warmUpS * 1_000)
      const url = `http://127.0.0.1:${vigia.publicPort}/status/bench`
      const rows: (string | number)[][] = []

      for (const [name, prepare] of [
        ['from zero, visited lately', async () => {}],
        ['from zero, not visited for a day', () => db.query('delete from page_snapshot')],
      ] as const) {
        const times: number[] = []
        const outcomes = new Set<string>()
        // The first round fills the file cache, and makes the snapshot.
        for (let round = -1; round < rounds; round++) {
          await stopFunction(vigia)
          await prepare()
          const began = performance.now()
          const { outcome } = await fetchOnce(url)
          if (round >= 0) times.push(performance.now() - began)
          outcomes.add(outcome)
          // The function keeps the history of the page after its answer.
          await setTimeout(1_000)
        }
        const sorted = times.toSorted((one, other) => one - other).map(Math.round)
        log(`${name}: ${sorted.join(', ')} ms`)
        rows.push([name, rounds, [...outcomes].join(), '', median(sorted), '', '', sorted.at(-1)!, '', '', ''])
      }

      const measured = async (name: string, given: Load, site: Sites = sites) => {
        await sites.hits()
        const from = Date.now()
        const [report, cpu] = await Promise.all([
          load(given),
          cpuUsed(() => [vigia!.pid, server.pid!], server.pid!, given.ms / 1_000),
        ])
        const to = Date.now()
        await setTimeout(2_000)
        const times = punctuality(await sites.hits(), phases, from, to - 1_500, intervalS)
        const { sent, answers, bytes, p50Ms, p95Ms, p99Ms, maxMs } = report
        const late = site === sites ? [times[0]!, times[1]!, times[3]!] : ['', '', '']
        rows.push([
          name,
          sent,
          JSON.stringify(answers),
          Math.round(bytes / 100) / 10,
          p50Ms,
          p95Ms,
          p99Ms,
          maxMs,
          ...late,
        ])
        log(`${name}: p95 ${p95Ms} ms, ${JSON.stringify(answers)}; CPU of Vigia, µs per second: ${cpu.shares}`)
      }
      const ms = measuredS * 1_000
      await fetchOnce(url)
      await measured(`warm, ${visitsPerSecond} requests/s`, { url, perSecond: visitsPerSecond, ms })
      await measured(`warm, ${perSecond} requests/s`, { url, perSecond, ms })
      const badge = `${url}/uptime.svg`
      await fetchOnce(badge)
      await measured(`badge, ${visitsPerSecond} requests/s`, { url: badge, perSecond: visitsPerSecond, ms: ms / 3 })

      const gatus = gatusProgram()
      /** Measures the page of another program, which has checked `endpoints` monitors for `checkedS` seconds. */
      const measureOther = async (
        name: string,
        checkedS: number,
        start: (urls: string[]) => Promise<{ url: string; stop(): Promise<void> }>,
      ) => {
        const others = await startSites()
        try {
          const urls = Array.from({ length: endpoints }, (_, index) => httpTarget(others.ports, `m/${index + 1}`).url)
          const program = await start(urls)
          try {
            log(`${name}: ${checkedS} s of checks`)
            await setTimeout(checkedS * 1_000)
            for (const rate of [visitsPerSecond, perSecond]) {
              const row = `${name}, ${endpoints} endpoints, ${rate} requests/s`
              await measured(row, { url: program.url, perSecond: rate, ms }, others)
            }
          } finally {
            await program.stop()
          }
        } finally {
          others.stop()
        }
      }
      if (gatus !== undefined)
        await measureOther('Gatus', Math.ceil(endpoints * 0.222) + 15, async urls => {
          const authority = join(dataDir, 'authority.pem')
          const program = await startGatus(gatus, { urls, intervalS: 10, timeoutMs, authority })
          const url = `http://127.0.0.1:${program.port}/api/v1/endpoints/statuses?page=1&pageSize=100`
          return { url, stop: program.stop }
        })
      if (kuma !== undefined) await measureOther('Uptime Kuma', 60, urls => startKuma(kuma, urls))
      return {
        columns,
        rows,
        notes: [
          'goals: p95 at most 50 ms warm and 400 ms from zero; no error at 500 requests/s, with a p99 of the lateness of checks of at most 1,000 ms',
          'from zero: from the request to the last byte, without a process of the function; p50 and max of the rounds',
          gatus === undefined
            ? 'gatus is not on PATH, so its page is not measured'
            : `Gatus: the request with which its page gets the states of ${Math.min(100, endpoints)} endpoints, without its scripts; history of some minutes, not of ${days} days`,
          kuma === undefined
            ? 'UPTIME_KUMA is not the folder of an installed Uptime Kuma, so its page is not measured'
            : `Uptime Kuma: the request with which its page gets the states, which it keeps for a minute; ${endpoints} monitors, history of a minute`,
        ],
      }
    } finally {
      client.disconnect()
      await vigia?.stop()
      await environment.stop()
    }
  },
}

/** The monitors with their history and their page, which a kept database has already. */
const phasesOfMonitors = async (db: Postgres, ports: SitePorts, log: (line: string) => void) => {
  const { rows } = await db.query<{ id: number; phase: number }>(
    `update monitor set url = regexp_replace(url, '127\\.0\\.0\\.1(:\\d+)?', '127.0.0.1:' || $1)
     where exists (select from status_page where slug = 'bench')
     returning substring(name from 2)::integer as id, slot_hash % interval_s as phase`,
    [ports.http],
  )
  if (rows.length > 0) return new Map(rows.map(({ id, phase }) => [id, phase * 1_000]))
  log('inserting the history')
  const phases = await insertMonitors(db, ports, {
    ...{ count: monitors, intervalS, timeoutMs, targetOf: httpTarget },
  })
  await insertHistory(db)
  return phases
}

/** A page of all monitors, and sums of every hour: good except for an outage in one of 400 hours. */
const insertHistory = async (db: Postgres) => {
  // One statement for each day, because a statement may take 30 seconds.
  for (let day = days; day > 0; day--)
    await db.query(
      `insert into probe_hour (monitor_id, hour, ok, failed, ok_s, failed_s, missed_s, maintenance_s, total_ms)
       select id, hour, 60 - bad, bad, 3600 - bad * 60, bad * 60, 0, 0, (60 - bad) * 80
       from generate_series(0, 23) place
       cross join lateral (select date_trunc('hour', now()) - make_interval(days => $1, hours => -place) as hour) moment
       cross join monitor
       cross join lateral (
         select case when (id * 7 + extract(epoch from hour)::bigint / 3600) % 400 = 0 then 20 else 0 end as bad
       ) outage`,
      [day],
    )
  await db.query('analyze probe_hour')
  await db.query(
    `with page as (
       insert into status_page (chat_id, slug, title, language, secret)
       values (1, 'bench', 'Bench', 'en', 'a-secret-of-the-benchmark') returning id
     ) insert into status_page_component (page_id, monitor_id, position, group_name)
       select page.id, monitor.id, row_number() over (order by monitor.id), 'Group ' || monitor.id / 20 from page, monitor`,
  )
  await probeDaysIn(db).sumUp(new Date())
}

const stopFunction = async (vigia: Vigia) => {
  await vigia.api('/api/functions/status-page/stop', { method: 'POST' })
  await until(async () => (await vigia.report('status-page')).state === 'zero', { what: 'status-page to be stopped' })
}
