import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Postgres, postgres } from '#database/connect.ts'
import { freePort } from '#infra/net/free-port.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { startVigia, temporaryFolder, type Vigia } from '#test/support/npm-start.ts'
import type { Bench } from './bench.ts'

const intervalS = 60
const measuredS = Number(process.env.SECONDS ?? 90)
/** Monitors, each looked at once a minute, and how many in a hundred never answer: MONITORS=1000,10000 HANGING=0,10 SECONDS=90 GATUS=no */
const sizes = (process.env.MONITORS ?? '1000,10000')
  .split(',')
  .map(Number)
  .filter(size => size > 0)
const shares = (process.env.HANGING ?? '0,10').split(',').map(Number)
const timeoutMs = 5_000
/** Monitors inserted at once, and then down at once, each looked at every ten seconds beside 1,000 healthy ones: BURST=5000 */
const burstSize = Number(process.env.BURST ?? 5_000)
const burstIntervalS = 10
const healthyBesideBurst = 1_000
/** Healthy monitors are measured for so long in each phase of a burst. */
const phaseS = 60
/** As long as three rounds take, up to 3,000 checks: then a process that was just started runs like one that was not. */
const warmUpS = (monitors: number) =>
  Number(process.env.WARM_UP ?? Math.max(35, Math.min(180, (180 * 1_000) / monitors)))

type Hit = [id: number, at: number]

const columns = [
  'what',
  'CPU µs a check',
  'of it PostgreSQL',
  'late p50 ms',
  'p99 ms',
  'most',
  'missed',
  'doubled',
  'MB',
]

/**
 * What a check costs with every process counted, and how late it starts by the target's own log: N monitors a minute through the
 * real functions, from the manifests, on the local runtime; beside them Gatus, where it is installed.
 */
export const bench: Bench = {
  title: `checks: ${sizes.join(' and ')} monitors, one check a minute each, ${measuredS} s measured`,
  run: async log => {
    const rows: (string | number)[][] = []
    for (const monitors of sizes)
      for (const share of shares) {
        log(`${monitors} monitors, ${share} % hanging`)
        rows.push(...(await ours(monitors, share, monitors === sizes[0] && share === shares[0], log)))
      }
    if (burstSize > 0) rows.push(...(await burst(log)))
    const gatus = process.env.GATUS === 'no' || sizes.length === 0 ? undefined : onPath('gatus')
    if (gatus) rows.push(await theirs(gatus, sizes[0]!, log))
    return {
      columns,
      rows,
      notes: [
        'goals: ≤ 300 µs at 10,000; at 1,000 a quarter of Gatus with sqlite; late p99 ≤ 1,000 ms; none missed, none doubled; longest blind gap over a restart ≤ 62,000 ms',
        ...(gatus ? [] : ['gatus is not on PATH: measured before on two cores like these, 1,890 µs with sqlite']),
        'counted: user and system time of npm start and all it starts, PostgreSQL and MongoDB too; not the target; a hanging check counts as one',
      ],
    }
  },
}

const ours = async (
  count: number,
  hangingPercent: number,
  more: boolean,
  log: (line: string) => void,
): Promise<(string | number)[][]> => {
  const [dataDir, databaseDir] = await Promise.all([temporaryFolder(), temporaryFolder()])
  const target = await startTarget()
  const server = await startPostgres({ dataDir: databaseDir })
  const db = postgres(server.url)
  let vigia: Vigia | undefined
  const rows: (string | number)[][] = []
  try {
    const start = () => startVigia({ env: { DATABASE_URL: server.url, LOG_LEVEL: 'warn' }, dataDir })
    vigia = await start()
    const roots = () => [vigia!.pid, server.pid!]
    if (more) {
      await setTimeout(20_000)
      const idle = await spent(roots, server.pid!, 40)
      log(`µs a second: ${idle.shares}`)
      rows.push(['idle, no monitors: CPU µs a second', idle.us / 40, idle.databaseUs / 40, '', '', '', '', '', idle.mb])
    }
    const phases = await furnish(db, count, hangingPercent, target.port)
    await setTimeout(warmUpS(count) * 1_000)
    await target.hits()
    const from = Date.now()
    const cost = await spent(roots, server.pid!, measuredS)
    const until = Date.now()
    log(`µs a second: ${cost.shares}`)
    // What was due in the last moments may still be under way.
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
    if (more) {
      log('stopping and starting again')
      const before = new Map<number, number>(hits)
      const stopped = Date.now()
      await vigia.stop()
      vigia = await start()
      const ready = Date.now()
      await setTimeout((intervalS + 5) * 1_000)
      const gap = blindGap(before, await target.hits())
      rows.push([
        `${count} monitors, restart: away ${ready - stopped} ms, longest blind gap ms`,
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
    await db.end()
    await server.stop()
    target.stop()
    for (const folder of [dataDir, databaseDir]) await rm(folder, { recursive: true, force: true })
  }
}

/** How late healthy monitors are while many are inserted, and go down, at once; and how long it takes until all are judged and told. */
const burst = async (log: (line: string) => void): Promise<(string | number)[][]> => {
  const [dataDir, databaseDir] = await Promise.all([temporaryFolder(), temporaryFolder()])
  const target = await startTarget()
  const server = await startPostgres({ dataDir: databaseDir })
  const db = postgres(server.url)
  let vigia: Vigia | undefined
  try {
    const telegram = { TELEGRAM_API_ROOT: `http://127.0.0.1:${target.port}`, TELEGRAM_BOT_TOKEN: '1:bench' }
    // With a bot of one's own the machine's own network is closed, unless it is allowed.
    const env = { DATABASE_URL: server.url, LOG_LEVEL: 'warn', PROBE_ALLOW: '127.0.0.0/8', ...telegram }
    vigia = await startVigia({ env, dataDir })
    const count = async (what: string) =>
      (await db.query<{ n: number }>(`select count(*) as n from ${what}`)).rows[0]!.n
    /** Seconds until `all` are counted, or what was counted after seven minutes. */
    const secondsUntil = async (what: string, all: number, since: number) => {
      for (;;) {
        const n = await count(what)
        const s = (Date.now() - since) / 1_000
        if (n >= all) return `${s.toFixed(0)} s`
        if (s > 420) return `${n} of ${all} after ${s.toFixed(0)} s`
        await setTimeout(500)
      }
    }
    const phases = await furnish(db, healthyBesideBurst, 0, target.port, burstIntervalS)
    log(`${healthyBesideBurst} monitors every ${burstIntervalS} s`)
    await setTimeout(30_000)
    const rows: (string | number)[][] = []
    const measured = async (what: string, from: number, until = from + phaseS * 1_000) => {
      await setTimeout(Math.max(0, until + 2_000 - Date.now()))
      const times = punctuality(await target.hits(), phases, from, until, burstIntervalS)
      rows.push([`${healthyBesideBurst} healthy ones every ${burstIntervalS} s, ${what}`, '', '', ...times, ''])
      log(`${what}: late p50, p99, most, missed, doubled ${times.join(', ')}`)
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
    await measured(`while ${burstSize} are new`, inserted)
    log(`${burstSize} new ones judged: ${await judged}`)

    target.fail()
    const failed = Date.now()
    const down = secondsUntil(`monitor where state = 'down'`, burstSize, failed)
    const kept = secondsUntil('message', burstSize, failed)
    const sent = secondsUntil(`message where state = 'sent'`, burstSize, failed)
    await measured(`while ${burstSize} go down`, failed)
    log(`${burstSize} judged down: ${await down}; notices in the outbox: ${await kept}; sent: ${await sent}`)
    // The hits of two more seconds were read with the phase before.
    await measured(`while ${burstSize} notices go out`, failed + (phaseS + 2) * 1_000, Date.now())
    rows.push([
      `${burstSize} monitors: new ones judged ${await judged}, judged down ${await down}, notices kept ${await kept}, sent ${await sent}`,
      ...Array(8).fill(''),
    ])
    return rows
  } finally {
    await vigia?.stop()
    await db.end()
    await server.stop()
    target.stop()
    for (const folder of [dataDir, databaseDir]) await rm(folder, { recursive: true, force: true })
  }
}

const startTarget = async () => {
  const child = fork(fileURLToPath(new URL('checks.process.ts', import.meta.url)))
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    /** Everything since it was asked last. */
    hits: async (): Promise<Hit[]> => {
      child.send('hits')
      const [log] = (await once(child, 'message')) as [Hit[]]
      return log
    },
    /** What answers as `/s/` from now on answers 500. */
    fail: () => child.send('fail'),
    stop: () => child.kill(),
  }
}

/** Monitors as after a first round of checks; answers the phase of each, in milliseconds. */
const furnish = async (db: Postgres, count: number, hangingPercent: number, port: number, everyS = intervalS) => {
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

/** Lateness against the grid, slots without a hit, and slots with more than one, in [from, until). */
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

/** The longest time in which an id was not asked, from its last hit before to the last one after; milliseconds. */
const blindGap = (before: Map<number, number>, after: Hit[]): number => {
  const last = new Map(before)
  let longest = 0
  for (const [id, at] of after.toSorted(([, a], [, b]) => a - b)) {
    longest = Math.max(longest, at - (last.get(id) ?? at))
    last.set(id, at)
  }
  return Math.round(longest)
}

const ticksPerSecond = () => Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/**
 * CPU (user and system, children that have ended included) of these processes and all below them over `seconds`, and whose it was:
 * PostgreSQL's, and microseconds a second by process.
 */
const spent = async (roots: () => number[], database: number, seconds: number) => {
  const usPerTick = 1_000_000 / ticksPerSecond()
  const before = ticksBy(roots())
  const inDatabase = new Set(tree([database]))
  await setTimeout(seconds * 1_000)
  const after = ticksBy(roots())
  for (const pid of tree([database])) inDatabase.add(pid)
  const by = new Map<string, number>()
  let us = 0
  let databaseUs = 0
  const count = (pid: number, ticks: number) => {
    const own = ticks * usPerTick
    us += own
    if (inDatabase.has(pid)) databaseUs += own
    const name = inDatabase.has(pid) ? 'postgres' : nameOf(pid)
    by.set(name, (by.get(name) ?? 0) + own / seconds)
  }
  for (const [pid, ticks] of after) count(pid, ticks - (before.get(pid) ?? 0))
  // What has ended since is with its parent, whole: what it had spent before does not count.
  for (const [pid, ticks] of before) if (!after.has(pid)) count(pid, -ticks)
  const shares = [...by].toSorted(([, a], [, b]) => b - a).map(([name, share]) => `${name} ${Math.round(share)}`)
  return { us: Math.round(us), databaseUs: Math.round(databaseUs), mb: memoryOf(roots()), shares: shares.join(', ') }
}

/** The last word of a command that says what it is. */
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

const ticksBy = (roots: number[]): Map<number, number> =>
  new Map(
    tree(roots).map(pid => {
      const stat = statOf(pid)
      return [pid, stat === null ? 0 : [11, 12, 13, 14].reduce((sum, field) => sum + Number(stat[field]), 0)]
    }),
  )

const tree = (roots: number[]): number[] => {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(statOf(Number(name))?.[1])
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const all = new Set(roots)
  for (const pid of all) for (const child of children.get(pid) ?? []) all.add(child)
  return [...all]
}

/** The fields of /proc/PID/stat behind the name: state, parent, … */
const statOf = (pid: number): string[] | null => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  } catch {
    return null
  }
}

const memoryOf = (roots: number[]): number => {
  const kilobytes = tree(roots).map(pid => {
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

/** Gatus with sqlite. It starts its endpoints 222 ms apart, and is measured when all of them run. */
const theirs = async (program: string, count: number, log: (line: string) => void): Promise<(string | number)[]> => {
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
    const cost = await spent(() => [child.pid!], child.pid!, measuredS)
    const checks = (await target.hits()).length
    return [`Gatus, sqlite, ${count} endpoints`, Math.round(cost.us / checks), '', '', '', '', '', '', cost.mb]
  } finally {
    child.kill('SIGKILL')
    target.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
