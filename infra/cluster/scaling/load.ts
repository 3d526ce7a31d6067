import type { LoadRun } from './load-run.ts'
import { concurrencyPolicy } from './policies.ts'
import { eventsPerPod, limits, prober, windowS } from './scenario.ts'
import { simulate } from './simulation.ts'
import type { Outcome } from './tally.ts'
import { createWorkload, type Scenario } from './workload.ts'

/** The first monitors are watched for this long before the time that counts. */
const settleS = 120

/** Simulates the monitors of a measured run, with the prober as it is deployed. Seconds count from the first phase. */
export const simulateLoad = ({ phases, intervalS, hangingShare }: LoadRun): Outcome => {
  const starts = phases.map((_, at) => settleS + phases.slice(0, at).reduce((sum, { seconds }) => sum + seconds, 0))
  const endS = starts.at(-1)! + phases.at(-1)!.seconds
  const scenario: Scenario = {
    seed: 20261121,
    monitors: Math.max(...phases.map(({ monitors }) => monitors)),
    seconds: endS + 60,
    outage: { from: 0, to: 0 },
    mix: { intervals: [[1, intervalS]], hanging: hangingShare, inRegion: 0 },
    watched: phases.map(({ monitors }, at) => ({ from: at === 0 ? 0 : starts[at]!, monitors })),
  }
  const policy = concurrencyPolicy(limits, eventsPerPod, windowS)
  const outcome = simulate(createWorkload(scenario), policy, prober, { from: settleS, to: endS })
  return { ...outcome, buckets: outcome.buckets.map(bucket => ({ ...bucket, fromS: bucket.fromS - settleS })) }
}
