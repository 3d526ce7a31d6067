import type { CloudEvent } from '../event/cloud-event.ts'
import { eventKey } from '../event/event-key.ts'
import type { NewDelivery } from '../store/commit-batch.ts'
import type { Publication } from '../store/commit-queue.ts'
import type { BrokerChange } from './broker-change.ts'
import type { Claimer } from './claimer.ts'
import type { JobMemory } from './job-memory.ts'
import type { JobSender } from './job-sender.ts'
import { type Job, newJob, type Route, type Routes } from './route.ts'

/**
 * Makes the publication of an event. Once the event is stored, it is sent to the Triggers that it matches. If the event
 * is a reply, `replyTo` is the job that it answers.
 */
export type MakePublication = (event: CloudEvent, onResult: Publication['onResult'], replyTo?: Job) => Publication

export interface PublicationOptions {
  routes: Pick<Routes, 'matching'>
  memory: JobMemory
  sender: Pick<JobSender, 'enqueue'>
  claimer: Pick<Claimer, 'claimDue' | 'wakeIn'>
  /** Removes a job from memory. */
  drop(job: Job): void
  leaseMs: number
  isStopping(): boolean
  onChange(change: BrokerChange): void
}

export const publicationMaker =
  (options: PublicationOptions): MakePublication =>
  (event, onResult, replyTo) => {
    const { routes, memory, sender, claimer, drop } = options
    const matching = routes.matching(event)
    /** Deliveries that are held in memory. */
    let jobs: Job[] = []
    /** Triggers whose delivery waits in the store. */
    let queued: Route[] = []
    let eventSeq = 0

    return {
      key: eventKey(event, replyTo && { seq: replyTo.seq, trigger: replyTo.route.name }),
      event,
      route: (seq, lease) => {
        eventSeq = seq
        jobs = []
        queued = []
        return matching.map((route): NewDelivery => {
          if (options.isStopping() || route.hasBacklog || !memory.hasRoom(route)) {
            route.hasBacklog = true
            queued.push(route)
            return { trigger: route.name, lease: null }
          }
          const job = newJob(route, { seq, attempts: 0, deadLetter: null, event }, lease)
          memory.add(job)
          jobs.push(job)
          return { trigger: route.name, lease }
        })
      },
      onResult: result => {
        for (const job of jobs) result === 'stored' ? sender.enqueue(job) : drop(job)
        if (result === 'stored') {
          options.onChange({ kind: 'accepted', seq: eventSeq, event })
          if (jobs.length > 0) claimer.wakeIn(options.leaseMs)
        }
        // The queued deliveries have no lease, and a claim sees them only after the commit. So claim them now.
        if (result !== 'duplicate') for (const { name } of queued) claimer.claimDue(name)
        onResult(result)
      },
    }
  }
