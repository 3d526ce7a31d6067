import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { LoadRun } from './load-run.ts'
import { concurrencyPolicy, type Policy, queuePolicy } from './policies.ts'
import { eventsPerPod, limits, prober, windowS } from './scenario.ts'
import { simulate } from './simulation.ts'
import type { Bucket, Outcome } from './tally.ts'
import { createWorkload, type Scenario } from './workload.ts'

/** The monitors of the first phase are watched for this long before the phase begins. This time is not measured. */
const settleS = 120

/** A bucket of the simulated load. `atS` counts from the first phase. */
export interface LoadBucket extends Omit<Bucket, 'fromS'> {
  atS: number
  /** Dispatchers that the ScaledObject of the overlay onprem asks for at `atS`. */
  dispatchers: number
}

/** The outcome of the simulated load. */
export interface SimulatedLoad extends Omit<Outcome, 'buckets'> {
  buckets: LoadBucket[]
}

const scaledObject = parseAllDocuments(
  readFileSync(new URL('../onprem/scaling.yaml', import.meta.url), 'utf8'),
)[0]!.toJS()

/** KEDA with the ScaledObject of the overlay onprem, which stops no dispatcher. */
const dispatcherPolicy = (): ((second: number, unanswered: number) => number) => {
  const { minReplicaCount: min, maxReplicaCount: max, triggers } = scaledObject.spec
  const decide = queuePolicy({ min, max }, Number(triggers[0].metadata.value))
  let running: number = min
  return (second, unanswered) => {
    running = Math.max(running, decide({ second, unanswered, cores: 0, ready: running, pods: running }))
    return running
  }
}

/**
 * Simulates the monitors of a measured run, with the prober as it is deployed. The number of dispatchers is computed
 * from the number of unanswered events, but no simulated event waits for a dispatcher.
 */
export const simulateLoad = ({ phases, intervalS, hangingShare }: LoadRun): SimulatedLoad => {
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
  const pods = concurrencyPolicy(limits, eventsPerPod, windowS)
  const wanted = dispatcherPolicy()
  const dispatchers: number[] = []
  const policy: Policy = signals => {
    dispatchers[signals.second] = wanted(signals.second, signals.unanswered)
    return pods(signals)
  }
  const outcome = simulate(createWorkload(scenario), policy, prober, { from: settleS, to: endS })
  const buckets = outcome.buckets.map(({ fromS, ...bucket }) => ({
    ...bucket,
    atS: fromS - settleS,
    dispatchers: dispatchers[fromS]!,
  }))
  return { ...outcome, buckets }
}
