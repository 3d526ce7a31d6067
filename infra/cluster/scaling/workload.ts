import { randomFrom } from './random.ts'

/** What is monitored, and what happens to it. Seconds count from the start of the simulation. */
export interface Scenario {
  seed: number
  monitors: number
  /** Checks that are due before this second are part of the workload. */
  seconds: number
  /** The seconds in which the sites of one region hang. */
  outage: { from: number; to: number }
  /** `botMix` unless given. */
  mix?: Mix
  /** From each of these seconds on, only the first `monitors` are watched. All are watched unless given. */
  watched?: { from: number; monitors: number }[]
}

/** The intervals and the sites of the monitors. */
export interface Mix {
  /** Intervals in seconds, each with the share of monitors that have it or a shorter interval. */
  intervals: [cumulativeShare: number, seconds: number][]
  /** The share of monitors whose site always hangs. */
  hanging: number
  /** The share of the others whose site is in the region of the outage. */
  inRegion: number
}

/** How a site behaves: it answers, it always hangs, or it hangs during the outage of its region. */
export const siteKinds = { answers: 0, hangs: 1, hangsInOutage: 2 }

/**
 * Everything that a run needs to know about the checks, in the order in which they are announced. Checks are numbered
 * from 0.
 */
export interface Workload {
  scenario: Scenario
  /** By check: the id of its monitor. */
  monitor: Int32Array
  /** By check: the second at which it is due. */
  due: Int32Array
  /** Batch b has the checks from firstCheckOfBatch[b] up to firstCheckOfBatch[b + 1]. */
  firstCheckOfBatch: Int32Array
  /** The tick at 10·t s announces the batches from firstBatchOfTick[t] up to firstBatchOfTick[t + 1]. */
  firstBatchOfTick: Int32Array
  /** By monitor, seconds. */
  interval: Int32Array
  /** By monitor: one of siteKinds. */
  siteKind: Uint8Array
}

/** The assumed monitors. A minute is the bot's default interval. */
const botMix: Mix = {
  intervals: [
    [0.04, 10],
    [0.7, 60],
    [0.95, 300],
    [1, 3600],
  ],
  hanging: 0.1,
  inRegion: 1 / 3,
}

/**
 * The scheduler's tick in seconds. Each tick announces a window of ten seconds that begins 12 s later
 * (functions/probe-scheduler).
 */
export const tickS = 10
const aheadS = 12
const maxChecksPerBatch = 50
const monitorsPerShard = 5_000

/** The number of the tick that announces a slot which is due at `due`. */
const tickOf = (due: number) => Math.max(0, Math.floor((due - aheadS) / tickS))

/** How many monitors are watched at the time of a tick. */
const watchedAt = ({ monitors, watched = [] }: Scenario, tick: number) =>
  watched.findLast(({ from }) => from <= tick * tickS)?.monitors ?? monitors

/**
 * Makes the workload: the slots of every monitor, each on the monitor's own grid, in batches by shard and due second.
 */
export const createWorkload = (scenario: Scenario): Workload => {
  const { interval, siteKind, dueIn } = createMonitors(scenario)
  const checks = dueIn.reduce((sum, { length }) => sum + length, 0)
  const monitor = new Int32Array(checks)
  const due = new Int32Array(checks)
  const firstCheckOfBatch = [0]
  const firstBatchOfTick = [0]
  let filled = 0
  for (let tick = 0, second = 0; second < scenario.seconds; tick++) {
    const from = second
    while (second < scenario.seconds && tickOf(second) === tick) second++
    const shards = Math.max(1, Math.ceil(watchedAt(scenario, tick) / monitorsPerShard))
    for (let shard = 0; shard < shards; shard++) {
      let inBatch = 0
      for (let at = from; at < second; at++)
        for (const id of dueIn[at]!) {
          if (id % shards !== shard) continue
          if (inBatch === maxChecksPerBatch) {
            firstCheckOfBatch.push(filled)
            inBatch = 0
          }
          monitor[filled] = id
          due[filled++] = at
          inBatch++
        }
      if (inBatch > 0) firstCheckOfBatch.push(filled)
    }
    firstBatchOfTick.push(firstCheckOfBatch.length - 1)
  }
  return {
    scenario,
    monitor,
    due,
    firstCheckOfBatch: Int32Array.from(firstCheckOfBatch),
    firstBatchOfTick: Int32Array.from(firstBatchOfTick),
    interval,
    siteKind,
  }
}

/** Draws the interval and the site of every monitor, and lists for each second the monitors that are due in it. */
const createMonitors = (scenario: Scenario) => {
  const { seed, monitors, seconds, mix = botMix } = scenario
  const interval = new Int32Array(monitors)
  const siteKind = new Uint8Array(monitors)
  const dueIn = Array.from({ length: seconds }, (): number[] => [])
  for (let id = 0; id < monitors; id++) {
    const drawn = randomFrom(seed, id, 1)
    interval[id] = mix.intervals.find(([share]) => drawn < share)![1]
    siteKind[id] = drawSiteKind(mix, seed, id)
    const first = Math.floor(randomFrom(seed, id, 4) * interval[id]!)
    for (let due = first; due < seconds; due += interval[id]!)
      if (id < watchedAt(scenario, tickOf(due))) dueIn[due]!.push(id)
  }
  return { interval, siteKind, dueIn }
}

const drawSiteKind = ({ hanging, inRegion }: Mix, seed: number, id: number): number => {
  if (randomFrom(seed, id, 2) < hanging) return siteKinds.hangs
  return randomFrom(seed, id, 3) < inRegion ? siteKinds.hangsInOutage : siteKinds.answers
}
