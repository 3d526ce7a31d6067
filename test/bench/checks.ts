import { setTimeout } from 'node:timers/promises'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'
import type { Bench } from './bench.ts'
import { cpuUsed } from './support/cpu-used.ts'
import { httpTarget, insertMonitors, startEnvironment } from './support/environment.ts'
import { mixedTarget } from './support/mixed-target.ts'
import { longestGap, punctuality } from './support/punctuality.ts'

const intervalS = 60
/** How long each number of monitors is measured, in seconds: SECONDS=90 */
const measuredS = Number(process.env.SECONDS ?? 90)
/** The numbers of monitors that are measured one after the other: MONITORS=1000,10000 */
const monitorCounts = (process.env.MONITORS ?? '1000,10000')
  .split(',')
  .map(Number)
  .filter(count => count > 0)
/** The percentages of the monitors whose site never answers: HANGING=0,10 */
const hangingPercents = (process.env.HANGING ?? '0,10').split(',').map(Number)
/** What the monitors check: TARGETS=http,mixed */
const targets: Readonly<Record<string, typeof mixedTarget>> = { http: httpTarget, mixed: mixedTarget }
const measuredTargets = (process.env.TARGETS ?? 'http,mixed').split(',')
const timeoutMs = 5_000
/**
 * The number of monitors that are inserted together and fail together, each checked every ten seconds, in addition to
 * 1,000 healthy monitors: BURST=5000
 */
const burstSize = Number(process.env.BURST ?? 5_000)
const burstIntervalS = 10
const healthyBesideBurst = 1_000
/** How long the healthy monitors are measured in each phase of a burst. */
const phaseS = 60
/**
 * Seconds of warm-up: three rounds of checks or 3,000 checks, whichever is shorter, but at least 35 s. After that a new
 * process runs as fast as an old one.
 */
const warmUpS = (monitors: number) =>
  Number(process.env.WARM_UP ?? Math.max(35, Math.min(180, (180 * 1_000) / monitors)))

const columns = [
  'case',
  'CPU µs per check',
  'PostgreSQL µs',
  'late p50 ms',
  'p99 ms',
  'max ms',
  'missed',
  'doubled',
  'MB',
]

/**
 * Measures the CPU time that all processes together use for a check, and the lateness of the checks, which is computed
 * from the log of the monitored sites.
 * Vigia runs its real functions, from the manifests, on the local runtime. `beside-gatus` compares Vigia with Gatus.
 */
export const bench: Bench = {
  title: `checks: ${monitorCounts.join(' and ')} monitors, each checked once a minute, measured for ${measuredS} s`,
  run: async log => {
    const rows: (string | number)[][] = []
    for (const monitors of monitorCounts)
      for (const target of measuredTargets)
        for (const percent of hangingPercents) {
          log(`${monitors} monitors, ${target}, ${percent} % hanging`)
          const isFirst = monitors === monitorCounts[0] && percent === hangingPercents[0] && target === 'http'
          rows.push(...(await measureVigia(monitors, target, percent, isFirst, log)))
        }
    if (burstSize > 0) rows.push(...(await measureBurst(log)))
    return {
      columns,
      rows,
      notes: [
        'goals: at most 300 µs per check with 10,000 http monitors; p99 of the lateness at most 1,000 ms; no check missed or doubled; at most 62,000 ms between two checks of a monitor over a restart',
        'mixed: three of eleven monitors are http, three https, and one each tcp, tls, dns, websocket and grpc',
        'CPU: user and system time of npm start and its descendants, with PostgreSQL and MongoDB, without the monitored sites; a check that hangs counts as one check',
      ],
    }
  },
}

const measureVigia = async (
  count: number,
  target: string,
  hangingPercent: number,
  withIdleAndRestart: boolean,
  log: (line: string) => void,
): Promise<(string | number)[][]> => {
  const { dataDir, sites, server, db, env, stop } = await startEnvironment()
  let vigia: Vigia | undefined
  const rows: (string | number)[][] = []
  try {
    const start = () => startVigia({ env, dataDir })
    vigia = await start()
    const roots = () => [vigia!.pid, server.pid!]
    if (withIdleAndRestart) {
      await setTimeout(20_000)
      const idle = await cpuUsed(roots, server.pid!, 40)
      log(`µs per second: ${idle.shares}`)
      rows.push(['no monitors: CPU µs per second', idle.us / 40, idle.databaseUs / 40, '', '', '', '', '', idle.mb])
    }
    const phases = await insertMonitors(db, sites.ports, {
      ...{ count, hangingPercent, intervalS, timeoutMs, targetOf: targets[target]! },
    })
    await setTimeout(warmUpS(count) * 1_000)
    await sites.hits()
    const from = Date.now()
    const cost = await cpuUsed(roots, server.pid!, measuredS)
    const until = Date.now()
    log(`µs per second: ${cost.shares}`)
    // Checks that were due at the end may still be running.
    await setTimeout(2_000)
    const hits = await sites.hits()
    const checks = hits.filter(([, at]) => at >= from && at < until).length
    const times = punctuality(hits, phases, from, until - 1_500, intervalS, id => id % 100 < hangingPercent)
    rows.push([
      `${count} ${target} monitors${hangingPercent ? `, ${hangingPercent} % hanging` : ''}`,
      Math.round(cost.us / checks),
      Math.round(cost.databaseUs / checks),
      ...times,
      cost.mb,
    ])
    if (withIdleAndRestart) {
      log('restarting Vigia')
      const before = new Map<number, number>(hits)
      const stopped = Date.now()
      await vigia.stop()
      vigia = await start()
      const ready = Date.now()
      await setTimeout((intervalS + 5) * 1_000)
      const gap = longestGap(before, await sites.hits())
      rows.push([
        `${count} monitors, restart: unavailable for ${ready - stopped} ms, longest gap between checks in ms`,
        '',
        '',
        '',
        '',
        gap,
        '',
        '',
        '',
      ])
    }
    return rows
  } finally {
    await vigia?.stop()
    await stop()
  }
}

/**
 * Measures the lateness of healthy monitors while many other monitors are inserted together, and later while these all
 * fail together. Also measures the time until all of the other monitors have a verdict and their notices are sent.
 */
const measureBurst = async (log: (line: string) => void): Promise<(string | number)[][]> => {
  const { dataDir, sites, db, env, stop } = await startEnvironment()
  let vigia: Vigia | undefined
  try {
    const telegram = { TELEGRAM_API_ROOT: `http://127.0.0.1:${sites.ports.http}`, TELEGRAM_BOT_TOKEN: '1:bench' }
    // With a bot token, private addresses are refused unless PROBE_ALLOW allows them.
    vigia = await startVigia({ env: { ...env, PROBE_ALLOW: '127.0.0.0/8', ...telegram }, dataDir })
    const count = async (what: string) =>
      (await db.query<{ n: number }>(`select count(*) as n from ${what}`)).rows[0]!.n
    /** Seconds until the count reaches `all`, or the count after seven minutes. */
    const secondsUntil = async (what: string, all: number, since: number) => {
      for (;;) {
        const n = await count(what)
        const s = (Date.now() - since) / 1_000
        if (n >= all) return `${s.toFixed(0)} s`
        if (s > 420) return `${n} of ${all} after ${s.toFixed(0)} s`
        await setTimeout(500)
      }
    }
    const phases = await insertMonitors(db, sites.ports, {
      ...{ count: healthyBesideBurst, intervalS: burstIntervalS, timeoutMs, targetOf: httpTarget },
    })
    log(`${healthyBesideBurst} monitors every ${burstIntervalS} s`)
    await setTimeout(30_000)
    const rows: (string | number)[][] = []
    const measured = async (what: string, from: number, until = from + phaseS * 1_000) => {
      await setTimeout(Math.max(0, until + 2_000 - Date.now()))
      const times = punctuality(await sites.hits(), phases, from, until, burstIntervalS)
      rows.push([`${healthyBesideBurst} healthy monitors every ${burstIntervalS} s, ${what}`, '', '', ...times, ''])
      log(`${what}: late p50, p99, max, missed, doubled ${times.join(', ')}`)
    }
    await sites.hits()
    await measured('alone', Date.now())

    await db.query(
      `with chats as (insert into chat (id) select 1000 + n from generate_series(1, $1::integer / 50) n returning id),
       added as (
         insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
         select 1001 + (n - 1) % ($1::integer / 50), 's' || n, 'http', 'http://127.0.0.1:' || $2::text || '/s/' || (100000 + n), $3, $4
         from generate_series(1, $1::integer) n returning id, chat_id)
       insert into follow (chat_id, subject) select chat_id, 'monitor/' || id from added`,
      [burstSize, sites.ports.http, burstIntervalS, timeoutMs],
    )
    const inserted = Date.now()
    const judged = secondsUntil(`monitor where state = 'up'`, burstSize + healthyBesideBurst, inserted)
    await measured(`while ${burstSize} are inserted`, inserted)
    log(`${burstSize} new monitors judged: ${await judged}`)

    sites.fail()
    const failed = Date.now()
    const down = secondsUntil(`monitor where state = 'down'`, burstSize, failed)
    const stored = secondsUntil('message', burstSize, failed)
    const sent = secondsUntil(`message where state = 'sent'`, burstSize, failed)
    await measured(`while ${burstSize} go down`, failed)
    log(`${burstSize} judged down: ${await down}; notices in the outbox: ${await stored}; sent: ${await sent}`)
    // The hits of the first two seconds were read with the previous phase.
    await measured(`while ${burstSize} notices go out`, failed + (phaseS + 2) * 1_000, Date.now())
    rows.push([
      `${burstSize} monitors: all judged after ${await judged}, all down after ${await down}, notices in the outbox after ${await stored}, sent after ${await sent}`,
      ...Array(8).fill(''),
    ])
    return rows
  } finally {
    await vigia?.stop()
    await stop()
  }
}
