import type { FunctionManifest } from '../manifests/manifests.ts'

export type Scale = Pick<
  FunctionManifest,
  'containerConcurrency' | 'softConcurrency' | 'minScale' | 'maxScale' | 'activationScale'
>

/** Waiting requests that one process may have: Knative's queue-proxy queues ten times containerConcurrency. */
const QUEUE_PER_SLOT = 10
const QUEUE_WITHOUT_LIMIT = 1000

/** Where the manifest sets no limit. One machine has one, and hundreds of processes at once are no help to anybody. */
const MOST_PROCESSES = 100

/** How many processes the requests in flight and waiting ask for. `living` are those that start or are ready. */
export const processesWanted = (requests: number, living: number, scale: Scale): number => {
  const each = scale.containerConcurrency || scale.softConcurrency
  const needed = Math.ceil(requests / each)
  const fromZero = living === 0 && needed > 0 ? scale.activationScale : 0
  const wanted = Math.max(needed, fromZero, scale.minScale)
  return Math.min(wanted, scale.maxScale || MOST_PROCESSES)
}

/** How many requests a function takes at all, in flight and waiting; beyond that they are refused with 503. */
export const requestsTaken = (living: number, { containerConcurrency }: Scale): number =>
  containerConcurrency === 0
    ? Number.POSITIVE_INFINITY
    : Math.max(1, living) * containerConcurrency * (1 + QUEUE_PER_SLOT)

/** How many requests may wait for the first process of a function without a limit. */
export const waitingTaken = ({ containerConcurrency }: Scale): number =>
  containerConcurrency === 0 ? QUEUE_WITHOUT_LIMIT : Number.POSITIVE_INFINITY

/** Pause before the next start after `failures` in a row: half a second, doubling to half a minute. */
export const backoffMs = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 30_000)
