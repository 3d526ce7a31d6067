import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { buildFunctions } from '#infra/delivery/build.ts'
import { variablesOf } from '#infra/delivery/warm-up.ts'
import { root } from '#infra/repository.ts'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'
import { startOtlpReceiver } from '#test/support/otlp-receiver.ts'
import { until } from '#test/support/until.ts'
import type { Bench } from './bench.ts'
import { measureStart, median, type Start } from './cold-start.ts'
import { cpuUsed } from './support/cpu-used.ts'
import { httpTarget, insertMonitors, startEnvironment } from './support/environment.ts'

/** How often each cold start is measured, with and without: ROUNDS=30; 0 leaves the cold starts out. */
const coldRounds = Number(process.env.ROUNDS ?? 30)
/**
 * How often the two Vigias of the checks are started, the rounds after each start, and the seconds of each round:
 * SESSIONS=4 CHECK_ROUNDS=3 SECONDS=60; 0 rounds leave the checks out. Ticks start functions each minute, so a round
 * lasts whole minutes.
 */
const sessions = Number(process.env.SESSIONS ?? 4)
const checkRounds = Number(process.env.CHECK_ROUNDS ?? 3)
const measuredS = Number(process.env.SECONDS ?? 60)
/** The number of monitors of each of the two Vigias: MONITORS=1000 */
const monitors = Number(process.env.MONITORS ?? 1_000)
const warmUpS = Number(process.env.WARM_UP ?? 60)
const monitorIntervalS = 10
const scrapeIntervalMs = 15_000

/** What is switched on: SWITCHES=traces,logs,scrapes. With SWITCHES=none, the ratio shows the error of the bench. */
const switches = (process.env.SWITCHES ?? 'traces,logs,scrapes').split(',')

const off = { LOG_LEVEL: 'warn' }
const on = (receiver: string) => ({
  LOG_LEVEL: switches.includes('logs') ? 'info' : 'warn',
  ...(switches.includes('traces') && { OTEL_EXPORTER_OTLP_ENDPOINT: receiver }),
})

/**
 * Compares Vigia with everything switched on (traces to a receiver, a log line for each event, and scrapes of all
 * metrics) with a Vigia that has none of these. Both are measured in the same rounds, so other work on the machine
 * changes both.
 */
export const bench: Bench = {
  title: `observability: everything switched on, compared with off (goal: at most 1.03)`,
  run: async log => {
    const receiver = await startOtlpReceiver()
    try {
      const rows = [
        ...(coldRounds > 0 ? await coldStarts(receiver.url, log) : []),
        ...(checkRounds > 0 ? [await checks(receiver, log)] : []),
      ]
      return {
        columns: ['CPU', 'off', 'on', 'on / off'],
        rows,
        notes: [
          'on: OTEL_EXPORTER_OTLP_ENDPOINT, LOG_LEVEL=info, and a scrape of the runtime and of each function every 15 s; off: LOG_LEVEL=warn',
          coldRounds > 0 &&
            `cold starts: from the start of the process to its answer to an event, medians of ${coldRounds}, on and off in turn; ratio: median of the ratios of the rounds`,
          checkRounds > 0 &&
            `checks: two Vigias with ${monitors} monitors each run at the same time; medians of ${sessions * checkRounds} rounds of ${measuredS} s; ratio: geometric mean of ${sessions} sessions, which start the two in turn as the first`,
          'the CPU of the receiver, of the scraper and of Fluent Bit is not included, because they run elsewhere',
        ].filter(note => note !== false),
      }
    } finally {
      await receiver.stop()
    }
  },
}

interface Values {
  off: number
  on: number
}

type Row = [what: string, off: number, on: number, ratio: number]

const row = (what: string, values: readonly Values[], digits: number): Row => {
  const rounded = (value: number) => Number(value.toFixed(digits))
  return [
    what,
    rounded(median(values.map(each => each.off))),
    rounded(median(values.map(each => each.on))),
    Number(median(values.map(each => each.on / each.off)).toFixed(3)),
  ]
}

const sumOf = (values: readonly Values[], which: keyof Values) => values.reduce((sum, each) => sum + each[which], 0)

const coldStarts = async (receiver: string, log: (line: string) => void): Promise<Row[]> => {
  const names = (await buildFunctions({ log })).map(({ name }) => name)
  const start = (name: string, env: Record<string, string>): Start => ({
    name,
    file: join(root, `.build/functions/${name}.mjs`),
    requestKind: 'event',
    env: { ...variablesOf(name), ...env },
  })
  const values = names.map((): Values[] => [])
  for (let round = -1; round < coldRounds; round++) {
    for (const [at, name] of names.entries()) {
      const cpu = { off: 0, on: 0 }
      // The second of two starts finds warmer caches, so the order changes with each round.
      for (const which of round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const))
        cpu[which] = (await measureStart(start(name, which === 'on' ? on(receiver) : off))).cpuMs
      // The first round only fills the file cache.
      if (round >= 0) values[at]!.push(cpu)
    }
    log(`cold starts: round ${round + 1} of ${coldRounds}`)
  }
  // One function has a few per cent of noise; the sum of a round has less.
  const sums = values[0]!.map((_, round) => {
    const ofRound = values.map(rounds => rounds[round]!)
    return { off: sumOf(ofRound, 'off'), on: sumOf(ofRound, 'on') }
  })
  return [
    ...names.map((name, at) => row(`cold start of ${name}, ms`, values[at]!, 1)),
    row('cold starts of all functions, ms', sums, 1),
  ]
}

const checks = async (
  receiver: Awaited<ReturnType<typeof startOtlpReceiver>>,
  log: (line: string) => void,
): Promise<Row> => {
  const results: Values[][] = []
  // Two equal Vigias differ by up to a quarter: V8 compiles other functions in each, and the first is favoured.
  for (let session = 0; session < sessions; session++)
    results.push(await checkSession(receiver, session % 2 === 0 ? ['off', 'on'] : ['on', 'off'], log))
  if (switches.includes('traces') && receiver.spans.length === 0)
    throw new Error('the receiver got no spans, so nothing was switched on')
  const logRatios = results.map(rounds => Math.log(sumOf(rounds, 'on') / sumOf(rounds, 'off')))
  const mean = logRatios.reduce((sum, value) => sum + value, 0) / sessions
  const [what, offUs, onUs] = row('a check, µs', results.flat(), 0)
  return [what, offUs, onUs, Number(Math.exp(mean).toFixed(3))]
}

/** Starts both Vigias, in this order, and measures them in the same rounds. */
const checkSession = async (
  receiver: Awaited<ReturnType<typeof startOtlpReceiver>>,
  order: readonly (keyof Values)[],
  log: (line: string) => void,
): Promise<Values[]> => {
  const places = new Map<keyof Values, Awaited<ReturnType<typeof place>>>()
  const scraping = new AbortController()
  try {
    for (const which of order) places.set(which, await place(which === 'on' ? on(receiver.url) : off))
    const without = places.get('off')!
    const withAll = places.get('on')!
    if (switches.includes('scrapes')) void scrape(withAll.vigia, scraping.signal)
    // Each monitor is checked at least once before the warm-up begins, because a busy machine starts one Vigia later.
    await Promise.all([without.firstChecks(), withAll.firstChecks()])
    log(`checks: ${order.join(' before ')}; ${warmUpS} s of warm-up`)
    await setTimeout(warmUpS * 1_000)
    const values: Values[] = []
    for (let round = 1; round <= checkRounds; round++) {
      const [offCpu, onCpu] = await Promise.all([without.cpuPerCheck(), withAll.cpuPerCheck()])
      values.push({ off: offCpu.us, on: onCpu.us })
      log(`checks: round ${round} of ${checkRounds}: ${Math.round(offCpu.us)} and ${Math.round(onCpu.us)} µs`)
      log(`  off, µs per second: ${offCpu.shares}`)
      log(`  on, µs per second: ${onCpu.shares}`)
    }
    return values
  } finally {
    scraping.abort()
    for (const one of places.values()) await one.stop()
  }
}

/** A Vigia with monitors of its own. */
const place = async (env: Record<string, string>) => {
  const environment = await startEnvironment()
  const { dataDir, sites, server, db, stop } = environment
  const vigia = await startVigia({ env: { ...environment.env, ...env }, dataDir }).catch(async error => {
    await stop()
    throw error
  })
  await insertMonitors(db, sites.ports, {
    ...{ count: monitors, intervalS: monitorIntervalS, timeoutMs: 5_000, targetOf: httpTarget },
  })
  return {
    vigia,
    /** Resolves when each monitor was checked. */
    firstChecks: async (): Promise<void> => {
      const checked = new Set<number>()
      const all = async () => {
        for (const [id] of await sites.hits()) checked.add(id)
        return checked.size === monitors
      }
      await until(all, { what: () => `the check of each monitor; ${checked.size} were checked`, timeoutMs: 300_000 })
    },
    /** Microseconds of all processes of this Vigia for each check, over a round. */
    cpuPerCheck: async (): Promise<{ us: number; shares: string }> => {
      await sites.hits()
      const { us, shares } = await cpuUsed(() => [vigia.pid, server.pid!], server.pid!, measuredS)
      return { us: us / (await sites.hits()).length, shares }
    },
    stop: async () => {
      await vigia.stop()
      await stop()
    },
  }
}

/** Reads all metrics as Prometheus does, until the signal. */
const scrape = async ({ port }: Vigia, signal: AbortSignal): Promise<void> => {
  const read = async (address: string) => (await fetch(`http://${address}`, { signal })).text()
  while (!signal.aborted) {
    try {
      await read(`127.0.0.1:${port}/metrics`)
      const [{ targets }] = JSON.parse(await read(`127.0.0.1:${port}/metrics/targets`)) as [{ targets: string[] }]
      await Promise.all(targets.map(target => read(`${target}/metrics`).catch(() => '')))
    } catch {
      // A scrape that fails is not repeated, as with Prometheus.
    }
    await setTimeout(scrapeIntervalMs, undefined, { signal }).catch(() => {})
  }
}
