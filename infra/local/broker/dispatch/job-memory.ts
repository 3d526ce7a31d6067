import type { Job, Route } from './route.ts'

/** How many bytes of event data all Triggers together may have in memory. Further events wait in the store. */
const maxBytes = 32 * 1024 * 1024

/** Counts the jobs that the dispatcher holds in memory, so that a slow subscriber cannot fill the memory. */
export interface JobMemory {
  /** Whether a new event of this Trigger fits, in number and in bytes. */
  hasRoom(route: Route): boolean
  /** How many more jobs of this Trigger fit; 0 or less when there is no room. */
  freeSlots(route: Route): number
  /** Whether at most half of the Trigger's slots are used, so that the dispatcher should claim more of its backlog. */
  isHalfEmpty(route: Route): boolean
  add(job: Job): void
  /** Returns true if the memory was full before the call and has room after it. */
  remove(job: Job): boolean
}

/** Starts without jobs. At most `maxJobs` jobs of one Trigger are held. */
export const jobMemory = (maxJobs: number): JobMemory => {
  let bytes = 0
  return {
    hasRoom: route => route.jobs.size < maxJobs && bytes < maxBytes,
    freeSlots: route => (bytes < maxBytes ? maxJobs - route.jobs.size : 0),
    isHalfEmpty: route => route.jobs.size <= maxJobs / 2,
    add: job => {
      job.route.jobs.set(job.seq, job)
      bytes += job.event.data.length
    },
    remove: job => {
      const wasFull = bytes >= maxBytes
      job.route.jobs.delete(job.seq)
      bytes -= job.event.data.length
      return wasFull && bytes < maxBytes
    },
  }
}
