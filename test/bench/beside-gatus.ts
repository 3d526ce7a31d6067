import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'
import type { Bench } from './bench.ts'
import { median } from './cold-start.ts'
import { cpuUsed } from './support/cpu-used.ts'
import {
  httpsTarget,
  httpTarget,
  insertMonitors,
  type MonitorTarget,
  startEnvironment,
  watchedHttpsTarget,
} from './support/environment.ts'
import { gatusProgram, gatusRampS, startGatus } from './support/gatus.ts'
import { type SitePorts, startSites } from './support/sites.ts'

/** The number of monitors and of endpoints, and the seconds between two checks of each: MONITORS=1000 INTERVAL=60 */
const monitors = Number(process.env.MONITORS ?? 1_000)
const intervalS = Number(process.env.INTERVAL ?? 60)
/** The rounds, and the seconds of each: ROUNDS=3 SECONDS=60 */
const rounds = Number(process.env.ROUNDS ?? 3)
const measuredS = Number(process.env.SECONDS ?? 60)
/**
 * Seconds of warm-up: WARM_UP=30. In these seconds, 1,000 more monitors are checked every ten seconds. After 3,000
 * checks, a new process runs as fast as an old one.
 */
const warmUpS = Number(process.env.WARM_UP ?? 30)
const warmUpMonitors = { count: 1_000, intervalS: 10, behaviour: 's' } as const
const timeoutMs = 5_000

interface Comparison {
  goal: number
  targetOf: (ports: SitePorts, path: string) => MonitorTarget
  /** Gatus does not find the names of loopback, so it dials the address. */
  urlOfGatus: (ports: SitePorts, path: string) => string
}

const urlOfHttps = ({ https }: SitePorts, path: string) => `https://127.0.0.1:${https}/${path}`
const comparisons: Readonly<Record<string, Comparison>> = {
  http: { goal: 0.25, targetOf: httpTarget, urlOfGatus: (ports, path) => httpTarget(ports, path).url },
  https: { goal: 0.35, targetOf: httpsTarget, urlOfGatus: urlOfHttps },
  'https-watched': { goal: 0.35, targetOf: watchedHttpsTarget, urlOfGatus: urlOfHttps },
}
/**
 * What is measured, one after the other: COMPARE=http,https,https-watched. A check of `https-watched` reports when the
 * certificate expires.
 */
const measured = (process.env.COMPARE ?? 'http,https,https-watched').split(',')

/**
 * Compares the CPU time of a check with that of Gatus with sqlite. Both run at the same time, with the same number of
 * monitors, interval and certificates, so other work on the machine changes both.
 */
export const bench: Bench = {
  title: `checks beside Gatus: ${monitors} monitors, each checked every ${intervalS} s, ${rounds} rounds of ${measuredS} s`,
  run: async log => {
    const gatus = gatusProgram()
    if (gatus === undefined)
      return { columns: ['case'], rows: [['gatus is not on PATH, so nothing is measured']], notes: [] }
    const rows: (string | number)[][] = []
    for (const name of measured) rows.push(await compare(gatus, name, log))
    return {
      columns: ['case', 'Vigia: CPU µs per check', 'Gatus', 'Vigia / Gatus', 'goal'],
      rows,
      notes: [
        `a TLS session is resumed for five minutes after its full handshake: ${Math.round(100 * Math.min(1, intervalS / 300))} % of the handshakes are full ones`,
        'medians of the rounds; ratio: median of the ratios of the rounds',
        'CPU: user and system time of npm start and its descendants, with PostgreSQL and MongoDB, and of Gatus; without the monitored sites',
      ],
    }
  },
}

const compare = async (program: string, name: string, log: (line: string) => void): Promise<(string | number)[]> => {
  const { goal, targetOf, urlOfGatus } = comparisons[name]!
  const environment = await startEnvironment()
  const { sites, server, db, env, dataDir } = environment
  const sitesOfGatus = await startSites()
  let vigia: Vigia | undefined
  let gatus: Awaited<ReturnType<typeof startGatus>> | undefined
  try {
    vigia = await startVigia({ env, dataDir })
    await insertMonitors(db, sites.ports, { count: monitors, intervalS, timeoutMs, targetOf })
    gatus = await startGatus(program, {
      urls: Array.from({ length: monitors }, (_, index) => urlOfGatus(sitesOfGatus.ports, `m/${index + 1}`)),
      ...{ intervalS, timeoutMs, authority: join(dataDir, 'authority.pem') },
    })
    // Slots are planned up to 22 s ahead, so the last check of the additional monitors is 22 s after their end.
    const restS = Math.max(25, gatusRampS(monitors) - warmUpS)
    log(`${name}: ${warmUpS + restS} s of warm-up`)
    await insertMonitors(db, sites.ports, { ...warmUpMonitors, timeoutMs, targetOf })
    await setTimeout(warmUpS * 1_000)
    await db.query(`delete from monitor where url like '%/s/%'`)
    await setTimeout(restS * 1_000)
    const found: [vigia: number, gatus: number, ratio: number][] = []
    for (let round = 0; round < rounds; round++) {
      await Promise.all([sites.hits(), sitesOfGatus.hits()])
      const [own, other] = await Promise.all([
        cpuUsed(() => [vigia!.pid, server.pid!], server.pid!, measuredS),
        cpuUsed(() => [gatus!.pid], gatus.pid, measuredS),
      ])
      const [ownHits, otherHits] = await Promise.all([sites.hits(), sitesOfGatus.hits()])
      const ownUs = own.us / ownHits.length
      const otherUs = other.us / otherHits.length
      log(
        `${name}: Vigia ${Math.round(ownUs)} µs for each of ${ownHits.length} checks (PostgreSQL ${Math.round(own.databaseUs / ownHits.length)}), Gatus ${Math.round(otherUs)} µs for each of ${otherHits.length}; µs per second: ${own.shares}`,
      )
      found.push([ownUs, otherUs, ownUs / otherUs])
    }
    const column = (index: 0 | 1 | 2) => median(found.map(figures => figures[index]))
    return [
      `${name}, ${monitors} monitors`,
      Math.round(column(0)),
      Math.round(column(1)),
      column(2).toFixed(3),
      `≤ ${goal}`,
    ]
  } finally {
    await vigia?.stop()
    await gatus?.stop()
    sitesOfGatus.stop()
    await environment.stop()
  }
}
