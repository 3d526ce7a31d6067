import type { CloudEvent } from '../event/cloud-event.ts'
import type { DeadLetterInfo } from '../event/dead-letter-info.ts'
import type { Log } from '../log.ts'
import type { AttemptRecord, SettledDelivery } from '../store/commit-batch.ts'
import type { Publication } from '../store/commit-queue.ts'
import type { Store } from '../store/store.ts'
import type { BrokerChange } from './broker-change.ts'
import type { Claimer } from './claimer.ts'
import type { NextStep } from './delivery-outcome.ts'
import { isSameTarget, type Job } from './route.ts'

export interface SettlerOptions {
  store: Pick<Store, 'settle'>
  claimer: Pick<Claimer, 'claimDue' | 'wakeIn'>
  /** Makes the publication of a reply. */
  replyPublication(reply: CloudEvent, job: Job): Publication
  /** Called when the job is finished. */
  onFinished(job: Job): void
  onChange(change: BrokerChange): void
  log: Log
}

/** Stores the outcome of a job's attempts, and the reply if there is one, in one transaction. */
export type Settle = (job: Job, step: NextStep, attempts: AttemptRecord[], reply: CloudEvent | null) => void

export const settler = (options: SettlerOptions): Settle => {
  const { store, claimer, replyPublication, onFinished, onChange, log } = options
  const settle: Settle = (job, step, attempts, reply) => {
    const state = newState(job, step)
    job.isSettling = true
    store.settle({
      settled: () => ({ ...state, lease: job.lease }),
      attempts,
      reply: reply && replyPublication(reply, job),
      onResult: result => {
        if (result === 'lease lost' && job.next && isSameTarget(job, job.next)) {
          // The lease expired while PostgreSQL was unavailable, and this process claimed the delivery again. The
          // outcome is still valid, so it is stored under the new lease.
          job.lease = job.next.lease
          delete job.next
          return settle(job, step, attempts, reply)
        }
        onFinished(job)
        if (result === 'lease lost') return claimer.claimDue(job.route.name)
        onChange({ kind: 'settled', seq: state.seq, trigger: state.trigger, state: state.state })
        if (state.state === 'dead') logDead(log, job, state.deadLetter, step)
        if (state.afterMs === 0) claimer.claimDue(job.route.name)
        else if (state.afterMs !== null) claimer.wakeIn(state.afterMs)
      },
    })
  }
  return settle
}

/**
 * The row of the delivery after the step. When an event becomes a dead letter, its attempts are counted from 0, at the
 * sink.
 */
const newState = (job: Job, step: NextStep): Omit<SettledDelivery, 'lease'> => {
  const { seq, deadLetter } = job
  const attempts = job.attempts + 1
  const row = { seq, trigger: job.route.name, deadLetter, afterMs: null }
  switch (step.next) {
    case 'done':
      return { ...row, state: deadLetter ? 'dead' : 'done', attempts }
    case 'retry':
      return { ...row, state: 'pending', attempts, afterMs: step.afterMs }
    case 'dead letter':
      return deadLetter || !job.route.sink
        ? { ...row, state: 'dead', attempts, deadLetter: deadLetter ?? step.deadLetter }
        : { ...row, state: 'pending', attempts: 0, afterMs: 0, deadLetter: step.deadLetter }
    default:
      return step satisfies never
  }
}

const logDead = (log: Log, { event, route }: Job, deadLetter: DeadLetterInfo | null, { next }: NextStep) => {
  const { type, id } = event.attributes
  const dropped = `an event could not be delivered and is dropped: ${route.sink ? 'the dead letter sink did not accept the event' : 'the Trigger has no dead letter sink'}`
  log.warn(
    { trigger: route.name, type, id, code: deadLetter?.code },
    next === 'done' ? 'a dead letter was delivered to its sink' : dropped,
  )
}
