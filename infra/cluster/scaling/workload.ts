import { chance } from './random.ts'

/** What is watched, and what happens to it. Seconds count from the start of the simulation. */
export interface World {
  seed: number
  monitors: number
  /** Checks that are due before this second are planned. */
  seconds: number
  /** The region's network is away from here to there. */
  outage: { from: number; to: number }
}

/** Everything a run needs to know of the checks, in the order in which they are announced. Index: the check. */
export interface Workload {
  world: World
  monitor: Int32Array
  /** The second when it is due. */
  due: Int32Array
  /** Checks of batch b: from firstOf[b] up to firstOf[b + 1]. */
  firstOf: Int32Array
  /** Batches of the tick at 10·t s: from batchesFrom[t] up to batchesFrom[t + 1]. */
  batchesFrom: Int32Array
  /** By monitor, seconds. */
  interval: Int32Array
  /** By monitor: 0 answers, 1 hangs for good, 2 hangs while the region is away. */
  site: Uint8Array
}

/** Shares of the intervals that the bot offers; a minute is what it takes when nobody says. */
const mix: [share: number, seconds: number][] = [
  [0.04, 10],
  [0.7, 60],
  [0.95, 300],
  [1, 3600],
]
const hanging = 0.1
const inTheRegion = 1 / 3

/** As the scheduler has it (functions/probe-scheduler): every ten seconds, the window that begins twelve seconds later. */
const tickS = 10
const aheadS = 12
const mostChecks = 50
const monitorsAShard = 5_000

/** The second of the tick that announces a slot which is due at `due`. */
const tickOf = (due: number) => Math.max(0, Math.floor((due - aheadS) / tickS))

/** The slots of every monitor, on its own grid, in batches by shard and due second. */
export const workloadOf = (world: World): Workload => {
  const { seed, monitors, seconds } = world
  const interval = new Int32Array(monitors)
  const site = new Uint8Array(monitors)
  const dueIn = Array.from({ length: seconds }, (): number[] => [])
  for (let id = 0; id < monitors; id++) {
    const rolled = chance(seed, id, 1)
    interval[id] = mix.find(([share]) => rolled < share)![1]
    site[id] = chance(seed, id, 2) < hanging ? 1 : chance(seed, id, 3) < inTheRegion ? 2 : 0
    const first = Math.floor(chance(seed, id, 4) * interval[id]!)
    for (let due = first; due < seconds; due += interval[id]!) dueIn[due]!.push(id)
  }

  const shards = Math.max(1, Math.ceil(monitors / monitorsAShard))
  const checks = dueIn.reduce((sum, { length }) => sum + length, 0)
  const monitor = new Int32Array(checks)
  const due = new Int32Array(checks)
  const firstOf = [0]
  const batchesFrom = [0]
  let filled = 0
  for (let tick = 0, second = 0; second < seconds; tick++) {
    const from = second
    while (second < seconds && tickOf(second) === tick) second++
    for (let shard = 0; shard < shards; shard++) {
      let inBatch = 0
      for (let at = from; at < second; at++)
        for (const id of dueIn[at]!) {
          if (id % shards !== shard) continue
          if (inBatch === mostChecks) {
            firstOf.push(filled)
            inBatch = 0
          }
          monitor[filled] = id
          due[filled++] = at
          inBatch++
        }
      if (inBatch > 0) firstOf.push(filled)
    }
    batchesFrom.push(firstOf.length - 1)
  }
  return {
    world,
    monitor,
    due,
    firstOf: Int32Array.from(firstOf),
    batchesFrom: Int32Array.from(batchesFrom),
    interval,
    site,
  }
}
