import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { concurrencyPolicy, cpuPolicy, type Limits, type Policy, queuePolicy } from './policies.ts'
import { type PodShape, simulate } from './simulation.ts'
import type { Outcome } from './tally.ts'
import { createWorkload, type Scenario } from './workload.ts'

/** A policy with the name and the description that the table and the plot show. */
export interface NamedPolicy {
  name: string
  description: string
  start: () => Policy
}

export interface PolicyRun {
  name: string
  description: string
  outcome: Outcome
}

const manifest = parse(readFileSync(new URL('../../../knative/services/uptime-prober.yaml', import.meta.url), 'utf8'))
const { annotations } = manifest.spec.template.metadata
const scaling = (key: string): string => annotations[`autoscaling.knative.dev/${key}`]

/**
 * The prober as it is deployed. `npm run bench -- checks` measured the CPU time of an attempt. An attempt whose
 * connection is never accepted costs two thirds of that.
 */
export const prober: PodShape = {
  events: manifest.spec.template.spec.containerConcurrency,
  sockets: 2_000,
  cpuMs: { answered: 0.3, hanging: 0.2 },
  startMs: 4_000,
}

/** Knative keeps pods at 70 % of the target (config-autoscaler, container-concurrency-target-percentage). */
export const eventsPerPod = Number(scaling('target')) * 0.7
export const limits: Limits = { min: 1, max: Number(scaling('max-scale')) }
export const windowS = Number(scaling('window').replace(/s$/, ''))

/**
 * The half hour that is measured, with the outage in its middle third. The simulation begins ten minutes earlier, so
 * that the number of pods settles first, and ends one minute later, so that the load does not fall at the end.
 */
export const measuredWindow = { from: 600, to: 2_400 }
export const scenario: Scenario = {
  seed: 20261121,
  monitors: 100_000,
  seconds: measuredWindow.to + 60,
  outage: { from: 1_200, to: 1_800 },
}

/** Before the outage the first three policies keep the same number of pods, so that only their reactions differ. */
export const policies: NamedPolicy[] = [
  {
    name: 'Concurrency',
    description: `Knative's KPA, ${eventsPerPod} events in flight a pod`,
    start: () => concurrencyPolicy(limits, eventsPerPod, windowS),
  },
  {
    name: 'Queue depth',
    description: `KEDA, ${eventsPerPod} unanswered events a pod`,
    start: () => queuePolicy(limits, eventsPerPod),
  },
  { name: 'CPU, tuned', description: 'HPA, 7 % of a core a pod', start: () => cpuPolicy(limits, 0.07) },
  { name: 'CPU, as usual', description: 'HPA, 70 % of a core a pod', start: () => cpuPolicy(limits, 0.7) },
]

/** Runs the scenario once for each policy. Takes about three seconds. */
export const runScenario = (): PolicyRun[] => {
  const workload = createWorkload(scenario)
  return policies.map(({ name, description, start }) => ({
    name,
    description,
    outcome: simulate(workload, start(), prober, measuredWindow),
  }))
}
