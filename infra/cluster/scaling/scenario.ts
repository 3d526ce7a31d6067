import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { concurrencyPolicy, cpuPolicy, type Limits, type Policy, queuePolicy } from './policies.ts'
import { type PodShape, simulate } from './simulation.ts'
import type { Outcome } from './tally.ts'
import { type World, workloadOf } from './workload.ts'

/** A policy by the name that table and plot give it. */
export interface Contender {
  name: string
  means: string
  start: () => Policy
}

export interface Played {
  name: string
  means: string
  outcome: Outcome
}

const manifest = parse(readFileSync(new URL('../../../knative/services/uptime-prober.yaml', import.meta.url), 'utf8'))
const { annotations } = manifest.spec.template.metadata
const scaling = (key: string): string => annotations[`autoscaling.knative.dev/${key}`]

/** The prober as it is deployed. An attempt's CPU: `npm run bench -- checks`; one whose connection never comes costs two thirds of it. */
export const prober: PodShape = {
  events: manifest.spec.template.spec.containerConcurrency,
  sockets: 2_000,
  cpuMs: { answered: 0.3, hanging: 0.2 },
  startMs: 4_000,
}

/** Knative aims at 70 % of the target (config-autoscaler, container-concurrency-target-percentage). */
export const eventsAPod = Number(scaling('target')) * 0.7
const limits: Limits = { min: 1, max: Number(scaling('max-scale')) }
const windowS = Number(scaling('window').replace(/s$/, ''))

/** Ten minutes to settle, then half an hour that counts, with the outage in its middle third; and a minute more, so that it ends in midstream. */
export const counted = { from: 600, to: 2_400 }
export const world: World = {
  seed: 20261121,
  monitors: 100_000,
  seconds: counted.to + 60,
  outage: { from: 1_200, to: 1_800 },
}

/** At rest the first three agree on the number of pods, so that only their reactions differ. */
export const contenders: Contender[] = [
  {
    name: 'Concurrency',
    means: `Knative's KPA, ${eventsAPod} events in flight a pod`,
    start: () => concurrencyPolicy(limits, eventsAPod, windowS),
  },
  {
    name: 'Queue depth',
    means: `KEDA, ${eventsAPod} unanswered events a pod`,
    start: () => queuePolicy(limits, eventsAPod),
  },
  { name: 'CPU, tuned', means: 'HPA, 7 % of a core a pod', start: () => cpuPolicy(limits, 0.07) },
  { name: 'CPU, as usual', means: 'HPA, 70 % of a core a pod', start: () => cpuPolicy(limits, 0.7) },
]

/** Plays the scenario once for each policy; about three seconds. */
export const play = (): Played[] => {
  const workload = workloadOf(world)
  return contenders.map(({ name, means, start }) => ({
    name,
    means,
    outcome: simulate(workload, start(), prober, counted),
  }))
}
