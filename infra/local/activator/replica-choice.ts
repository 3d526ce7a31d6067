import type { FunctionManifest } from '../manifests/manifests.ts'
import type { Replica } from './replica.ts'

type Limits = Pick<FunctionManifest, 'containerConcurrency' | 'softConcurrency'>

/**
 * The process that gets the next request: the oldest process below its target concurrency, so that younger processes
 * become idle; else the least loaded process that has room; undefined if no process has room. The next request is the
 * request that has waited longest (request-queue.ts).
 */
export const replicaFor = (oldestFirst: Iterable<Replica>, limits: Limits): Replica | undefined => {
  const limit = limits.containerConcurrency || Number.POSITIVE_INFINITY
  let least: Replica | undefined
  for (const replica of oldestFirst) {
    if (replica.state !== 'ready' || replica.inFlight >= limit) continue
    if (isBelowTarget(replica, limits)) return replica
    if (!least || replica.inFlight < least.inFlight) least = replica
  }
  return least
}

export const isBelowTarget = ({ inFlight }: Replica, { containerConcurrency, softConcurrency }: Limits): boolean =>
  containerConcurrency > 0 || inFlight < softConcurrency
