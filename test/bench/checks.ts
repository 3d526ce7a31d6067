import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Postgres, postgres } from '#database/connect.ts'
import { freePort } from '#infra/net/free-port.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { startVigia, temporaryFolder, type Vigia } from '#test/support/npm-start.ts'
import type { Bench } from './bench.ts'
import { cpuUs, processTree } from './support/processes.ts'

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

type Hit = [id: number, at: number]

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
 * Vigia runs its real functions, from the manifests, on the local runtime. Gatus is measured too if it is installed,
 * but not with GATUS=no.
 */
export const bench: Bench = {
  title: `checks: ${monitorCounts.join(' and ')} monitors, each checked once a minute, measured for ${measuredS} s`,
  run: async log => {
    const rows: (string | number)[][] = []
    for (const monitors of monitorCounts)
      for (const percent of hangingPercents) {
        log(`${monitors} monitors, ${percent} % hanging`)
        const isFirst = monitors === monitorCounts[0] && percent === hangingPercents[0]
        rows.push(...(await measureVigia(monitors, percent, isFirst, log)))
      }
    if (burstSize > 0) rows.push(...(await measureBurst(log)))
    const gatus = process.env.GATUS === 'no' || monitorCounts.length === 0 ? undefined : onPath('gatus')
    if (gatus) rows.push(await measureGatus(gatus, monitorCounts[0]!, log))
    return {
      columns,
      rows,
      notes: [
        'goals: at most 300 µs per check with 10,000 monitors; with 1,000 monitors a quarter of the CPU time of Gatus with sqlite; p99 of the lateness at most 1,000 ms; no check missed or doubled; at most 62,000 ms between two checks of a monitor over a restart',
        ...(gatus
          ? []
          : ['gatus is not on PATH; an earlier measurement on two cores gave 1,890 µs per check with sqlite']),
        'CPU: user and system time of npm start and its descendants, with PostgreSQL and MongoDB, without the monitored sites; a check that hangs counts as one check',
      ],
    }
  },
}

const measureVigia = async (
  count: number,
  hangingPercent: number,
  withIdleAndRestart: boolean,
  log: (line: string) => void,
): Promise<(string | number)[][]> => {
  const { dataDir, target, server, db, stop } = await startEnvironment()
  let vigia: Vigia | undefined
  const rows: (string | number)[][] = []
  try {
    const start = () => startVigia({ env: { DATABASE_URL: server.url, LOG_LEVEL: 'warn' }, dataDir })
    vigia = await start()
    const roots = () => [vigia!.pid, server.pid!]
    if (withIdleAndRestart) {
      await setTimeout(20_000)
      const idle = await cpuUsed(roots, server.pid!, 40)
      log(`µs per second: ${idle.shares}`)
      rows.push(['no monitors: CPU µs per second', idle.us / 40, idle.databaseUs / 40, '', '', '', '', '', idle.mb])
    }
    const phases = await insertMonitors(db, count, hangingPercent, target.port)
    await setTimeout(warmUpS(count) * 1_000)
    await target.hits()
    const from = Date.now()
    const cost = await cpuUsed(roots, server.pid!, measuredS)
    const until = Date.now()
    log(`µs per second: ${cost.shares}`)
    // Checks that were due at the end may still be running.
    await setTimeout(2_000)
    const hits = await target.hits()
    const checks = hits.filter(([, at]) => at >= from && at < until).length
    const times = punctuality(hits, phases, from, until - 1_500)
    rows.push([
      `${count} monitors${hangingPercent ? `, ${hangingPercent} % hanging` : ''}`,
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
      const gap = longestGap(before, await target.hits())
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
  const { dataDir, target, server, db, stop } = await startEnvironment()
  let vigia: Vigia | undefined
  try {
    const telegram = { TELEGRAM_API_ROOT: `http://127.0.0.1:${target.port}`, TELEGRAM_BOT_TOKEN: '1:bench' }
    // With a bot token, private addresses are refused unless PROBE_ALLOW allows them.
    const env = { DATABASE_URL: server.url, LOG_LEVEL: 'warn', PROBE_ALLOW: '127.0.0.0/8', ...telegram }
    vigia = await startVigia({ env, dataDir })
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
    const phases = await insertMonitors(db, healthyBesideBurst, 0, target.port, burstIntervalS)
    log(`${healthyBesideBurst} monitors every ${burstIntervalS} s`)
    await setTimeout(30_000)
    const rows: (string | number)[][] = []
    const measured = async (what: string, from: number, until = from + phaseS * 1_000) => {
      await setTimeout(Math.max(0, until + 2_000 - Date.now()))
      const times = punctuality(await target.hits(), phases, from, until, burstIntervalS)
      rows.push([`${healthyBesideBurst} healthy monitors every ${burstIntervalS} s, ${what}`, '', '', ...times, ''])
      log(`${what}: late p50, p99, max, missed, doubled ${times.join(', ')}`)
    }
    await target.hits()
    await measured('alone', Date.now())

    await db.query(
      `with chats as (insert into chat (id) select 1000 + n from generate_series(1, $1::integer / 50) n returning id),
       added as (
         insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
         select 1001 + (n - 1) % ($1::integer / 50), 's' || n, 'http', 'http://127.0.0.1:' || $2::text || '/s/' || (100000 + n), $3, $4
         from generate_series(1, $1::integer) n returning id, chat_id)
       insert into follow (chat_id, subject) select chat_id, 'monitor/' || id from added`,
      [burstSize, target.port, burstIntervalS, timeoutMs],
    )
    const inserted = Date.now()
    const judged = secondsUntil(`monitor where state = 'up'`, burstSize + healthyBesideBurst, inserted)
    await measured(`while ${burstSize} are inserted`, inserted)
    log(`${burstSize} new monitors judged: ${await judged}`)

    target.fail()
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

/**
 * Starts the sites and a PostgreSQL server that no other measurement uses, and creates the data folder for the runtime.
 */
export const startEnvironment = async () => {
  const [dataDir, databaseDir] = await Promise.all([temporaryFolder(), temporaryFolder()])
  const target = await startTarget()
  const server = await startPostgres({ dataDir: databaseDir })
  const db = postgres(server.url)
  return {
    dataDir,
    target,
    server,
    db,
    stop: async () => {
      await db.end()
      await server.stop()
      target.stop()
      for (const folder of [dataDir, databaseDir]) await rm(folder, { recursive: true, force: true })
    },
  }
}

const startTarget = async () => {
  const child = fork(fileURLToPath(new URL('checks.process.ts', import.meta.url)))
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    /** The hits since the last call. */
    hits: async (): Promise<Hit[]> => {
      child.send('hits')
      const [log] = (await once(child, 'message')) as [Hit[]]
      return log
    },
    /** Makes the paths below `/s/` answer 500. */
    fail: () => child.send('fail'),
    stop: () => child.kill(),
  }
}

/**
 * Inserts monitors in the state that their first check would give them. Returns the offset of each monitor within its
 * interval, in milliseconds.
 */
export const insertMonitors = async (
  db: Postgres,
  count: number,
  hangingPercent: number,
  port: number,
  everyS = intervalS,
) => {
  await db.query('insert into chat (id) values (1) on conflict do nothing')
  const { rows } = await db.query<{ id: number; phase: number }>(
    `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, state, state_since)
     select 1, 'm' || n, 'http',
       'http://127.0.0.1:' || $2::text || case when n % 100 < $3 then '/hang/' else '/m/' end || n,
       $4, $5, case when n % 100 < $3 then 'down' else 'up' end, now()
     from generate_series(1, $1::integer) n
     returning substring(name from 2)::integer as id, slot_hash % interval_s as phase`,
    [count, port, hangingPercent, everyS, timeoutMs],
  )
  await db.query('analyze monitor')
  return new Map(rows.map(({ id, phase }) => [id, phase * 1_000]))
}

/** For the slots in [from, until): lateness p50, p99 and max in ms, slots without a hit, slots with more than one. */
const punctuality = (
  hits: Hit[],
  phases: Map<number, number>,
  from: number,
  until: number,
  everyS = intervalS,
): number[] => {
  const intervalMs = everyS * 1_000
  const late: number[] = []
  const slots = new Map<string, number>()
  for (const [id, at] of hits) {
    const phase = phases.get(id)
    if (phase === undefined) continue
    const slot = Math.floor((at - phase) / intervalMs)
    const due = slot * intervalMs + phase
    if (due < from || due >= until) continue
    late.push(at - due)
    slots.set(`${id}/${slot}`, (slots.get(`${id}/${slot}`) ?? 0) + 1)
  }
  let expected = 0
  for (const phase of phases.values())
    expected += Math.ceil((until - phase) / intervalMs) - Math.ceil((from - phase) / intervalMs)
  late.sort((a, b) => a - b)
  const share = (part: number) => Math.round(late[Math.min(late.length - 1, Math.floor(part * late.length))] ?? 0)
  const doubled = [...slots.values()].filter(times => times > 1).length
  return [share(0.5), share(0.99), share(1), expected - slots.size, doubled]
}

/**
 * The longest time, in milliseconds, between two consecutive hits of the same monitor. The hits of a monitor are its
 * last hit in `before` and all its hits in `after`.
 */
const longestGap = (before: Map<number, number>, after: Hit[]): number => {
  const last = new Map(before)
  let longest = 0
  for (const [id, at] of after.toSorted(([, a], [, b]) => a - b)) {
    longest = Math.max(longest, at - (last.get(id) ?? at))
    last.set(id, at)
  }
  return Math.round(longest)
}

/**
 * CPU time (user and system) of these processes and their descendants over `seconds`: the sum, PostgreSQL's part, and
 * microseconds per second by process name.
 */
export const cpuUsed = async (roots: () => number[], database: number, seconds: number) => {
  const before = cpuByProcess(roots())
  const inDatabase = new Set(processTree([database]))
  await setTimeout(seconds * 1_000)
  const after = cpuByProcess(roots())
  for (const pid of processTree([database])) inDatabase.add(pid)
  const by = new Map<string, number>()
  let us = 0
  let databaseUs = 0
  const count = (pid: number, own: number) => {
    us += own
    if (inDatabase.has(pid)) databaseUs += own
    const name = inDatabase.has(pid) ? 'postgres' : nameOf(pid)
    by.set(name, (by.get(name) ?? 0) + own / seconds)
  }
  for (const [pid, cpu] of after) count(pid, cpu - (before.get(pid) ?? 0))
  // When a process ends, its parent's CPU time grows by all that the process used. What the process used before the
  // measurement is subtracted.
  for (const [pid, cpu] of before) if (!after.has(pid)) count(pid, -cpu)
  const shares = [...by].toSorted(([, a], [, b]) => b - a).map(([name, share]) => `${name} ${Math.round(share)}`)
  return { us: Math.round(us), databaseUs: Math.round(databaseUs), mb: memoryOf(roots()), shares: shares.join(', ') }
}

/** The name of a process: its script without folder and extension, or its program. */
const nameOf = (pid: number): string => {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const file = words.find(word => /\.(mjs|ts)$/.test(word)) ?? words[0] ?? ''
    return file
      .split('/')
      .at(-1)!
      .replace(/\.(mjs|ts)$/, '')
  } catch {
    return 'ended'
  }
}

const cpuByProcess = (roots: number[]): Map<number, number> => new Map(processTree(roots).map(pid => [pid, cpuUs(pid)]))

const memoryOf = (roots: number[]): number => {
  const kilobytes = processTree(roots).map(pid => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    } catch {
      return 0
    }
  })
  return Math.round(kilobytes.reduce((sum, kb) => sum + kb, 0) / 1024)
}

const onPath = (program: string): string | undefined => {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

/**
 * Measures Gatus with sqlite. Gatus starts the checks of its endpoints 222 ms apart, so the measurement waits until all
 * of them run.
 */
const measureGatus = async (
  program: string,
  count: number,
  log: (line: string) => void,
): Promise<(string | number)[]> => {
  const folder = await temporaryFolder()
  const target = await startTarget()
  await mkdir(folder, { recursive: true })
  const endpoints = Array.from(
    { length: count },
    (_, n) => `
  - name: m${n + 1}
    group: bench
    url: "http://127.0.0.1:${target.port}/m/${n + 1}"
    interval: ${intervalS}s
    client: {timeout: ${timeoutMs}ms, ignore-redirect: true}
    conditions: ["[STATUS] == 200"]`,
  )
  await writeFile(
    join(folder, 'config.yaml'),
    `web: {address: 127.0.0.1, port: ${await freePort()}}
concurrency: 50
storage: {type: sqlite, path: ${join(folder, 'bench.db')}}
endpoints:${endpoints.join('')}
`,
  )
  const child: ChildProcess = spawn(program, {
    env: { GATUS_CONFIG_PATH: join(folder, 'config.yaml'), GATUS_LOG_LEVEL: 'WARN', PATH: process.env.PATH },
    stdio: 'ignore',
  })
  try {
    const rampS = Math.ceil(count * 0.222) + 5
    log(`Gatus: ${count} endpoints, waiting ${rampS} s for all of them to run`)
    await setTimeout(rampS * 1_000)
    await target.hits()
    const cost = await cpuUsed(() => [child.pid!], child.pid!, measuredS)
    const checks = (await target.hits()).length
    return [`Gatus, sqlite, ${count} endpoints`, Math.round(cost.us / checks), '', '', '', '', '', '', cost.mb]
  } finally {
    child.kill('SIGKILL')
    target.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
