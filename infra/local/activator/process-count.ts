import type { FunctionManifest } from '../manifests/manifests.ts'

export type Scale = Pick<
  FunctionManifest,
  'containerConcurrency' | 'softConcurrency' | 'minScale' | 'maxScale' | 'activationScale'
>

/**
 * How many requests may wait for each slot of a process. Knative's queue-proxy queues ten times containerConcurrency.
 */
const waitingPerSlot = 10
const waitingWithoutLimit = 1000

/** The maximum number of processes if the manifest sets none. More processes would only slow down a single machine. */
const maxProcesses = 100

/**
 * How many processes are needed for `requests`, the number of requests in flight and waiting. `living` is the number of
 * processes that start or are ready. Idle processes are ended by FunctionPool, after `idleMs`.
 */
export const processesWanted = (requests: number, living: number, scale: Scale): number => {
  const each = scale.containerConcurrency || scale.softConcurrency
  const needed = Math.ceil(requests / each)
  const fromZero = living === 0 && needed > 0 ? scale.activationScale : 0
  const wanted = Math.max(needed, fromZero, scale.minScale)
  return Math.min(wanted, scale.maxScale || maxProcesses)
}

/** How many requests a function accepts, in flight and waiting together. Further requests are refused with 503. */
export const maxAcceptedRequests = (living: number, { containerConcurrency }: Scale): number =>
  containerConcurrency === 0
    ? Number.POSITIVE_INFINITY
    : Math.max(1, living) * containerConcurrency * (1 + waitingPerSlot)

/** How many requests may wait for the first process of a function without containerConcurrency. */
export const maxWaitingRequests = ({ containerConcurrency }: Scale): number =>
  containerConcurrency === 0 ? waitingWithoutLimit : Number.POSITIVE_INFINITY
