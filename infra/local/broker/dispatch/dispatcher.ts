import type { Log } from '../log.ts'
import type { ClaimedDelivery } from '../store/leases.ts'
import type { Store } from '../store/store.ts'
import type { BrokerChange } from './broker-change.ts'
import { claimer as startClaimer } from './claimer.ts'
import type { AttemptOptions } from './delivery-attempt.ts'
import { jobMemory } from './job-memory.ts'
import { jobSender } from './job-sender.ts'
import { startLeaseRenewal } from './lease-renewal.ts'
import { type MakePublication, publicationMaker } from './publication.ts'
import { isSameTarget, type Job, newJob, type Routes } from './route.ts'
import { settler } from './settlement.ts'

export interface DispatcherOptions {
  routes: Routes
  store: Pick<Store, 'isOpen' | 'settle' | 'claim' | 'nextDue' | 'renew'>
  attempt: AttemptOptions
  /** URL of the broker's ingress, for dead letters. */
  ingressUrl: string
  leaseMs: number
  /** How many requests to one Trigger's subscriber may be in flight. */
  maxInFlight: number
  /** Test mode: each delivery is sent a second time after its success, and the second response counts. */
  deliverTwice: boolean
  log: Log
  onChange(change: BrokerChange): void
}

export interface Dispatcher {
  publication: MakePublication
  /** Must be called when deliveries of this Trigger (or of any Trigger, if none is given) may be due in the store. */
  claimDue(trigger?: string): void
  stats(): { inMemory: number; inFlight: number }
  /** Starts no more requests, and waits up to `graceMs` for those in flight. */
  stop(graceMs: number): Promise<void>
}

/** How many jobs of a Trigger fit into memory for each request that may be in flight. */
const jobsPerRequest = 4

/**
 * Delivers events to their subscribers. An event that fits into memory is sent right after the commit that stored it.
 * All other deliveries (a backlog, retries, dead letters) wait in the store. They are claimed when they are due and
 * when memory has room for them.
 */
export const startDispatcher = (options: DispatcherOptions): Dispatcher => {
  const { routes, store, leaseMs, log, onChange } = options
  const memory = jobMemory(options.maxInFlight * jobsPerRequest)
  let isStopping = false

  const claimer = startClaimer({ routes, store, memory, log, onClaimed: (delivery, lease) => receive(delivery, lease) })
  const settle = settler({
    store,
    claimer,
    replyPublication: (reply, job) => publication(reply, () => {}, job),
    onFinished: job => drop(job),
    onChange,
    log,
  })
  const sender = jobSender({ ...options, onAttempted: settle })

  const publication = publicationMaker({
    routes,
    memory,
    sender,
    claimer,
    drop: job => drop(job),
    leaseMs,
    isStopping: () => isStopping,
    onChange,
  })

  const add = (job: Job) => {
    memory.add(job)
    sender.enqueue(job)
  }

  const drop = (job: Job) => {
    const { route, next } = job
    if (memory.remove(job)) claimer.claimSoon()
    if (next && !isStopping) add(next)
    else if ((route.hasBacklog || route.mayBeDue) && memory.isHalfEmpty(route)) claimer.claimSoon()
  }

  const receive = (claimed: ClaimedDelivery, lease: number) => {
    const route = routes.named(claimed.trigger)!
    const existing = route.jobs.get(claimed.seq)
    const job = newJob(route, claimed, lease)
    if (!existing) {
      add(job)
    } else if (existing.isSettling || !isSameTarget(existing, job)) {
      existing.next = job
    } else {
      // The lease expired while the request was in flight. The job goes on under the new lease.
      existing.lease = lease
      existing.leasedAt = job.leasedAt
    }
  }

  const stopRenewal = startLeaseRenewal(routes, store, leaseMs, log)
  // Finds due deliveries for which no timer was set. They exist when PostgreSQL executed a commit that timed out and
  // was therefore taken for failed.
  const sweeper = setInterval(() => claimer.claimDue(), leaseMs)
  sweeper.unref()

  return {
    publication,
    claimDue: claimer.claimDue,
    stats: () => ({
      inMemory: routes.all.reduce((sum, { jobs }) => sum + jobs.size, 0),
      inFlight: sender.inFlight,
    }),
    stop: async graceMs => {
      isStopping = true
      claimer.stop()
      stopRenewal()
      clearInterval(sweeper)
      await sender.stop(graceMs)
    },
  }
}
