import type { CloudEvent } from '../event/cloud-event.ts'
import type { AttemptRecord } from '../store/commit-batch.ts'
import type { BrokerChange } from './broker-change.ts'
import { type AttemptOptions, type AttemptResult, attemptDelivery } from './delivery-attempt.ts'
import { type NextStep, nextStep, recordedOutcome } from './delivery-outcome.ts'
import type { Job, Route } from './route.ts'

export interface JobSenderOptions {
  attempt: AttemptOptions
  /** URL of the broker's ingress, for dead letters. */
  ingressUrl: string
  /** How many requests to one Trigger's subscriber may be in flight. */
  maxInFlight: number
  /** Test mode: each delivery is sent a second time after its success, and the second response counts. */
  deliverTwice: boolean
  onChange(change: BrokerChange): void
  /** Called after the attempt of a job. The outcome must be stored then. */
  onAttempted(job: Job, step: NextStep, attempts: AttemptRecord[], reply: CloudEvent | null): void
}

export interface JobSender {
  /**
   * Sends the job after the earlier jobs of its Trigger, when fewer than `maxInFlight` requests of the Trigger are in
   * flight.
   */
  enqueue(job: Job): void
  readonly inFlight: number
  /** Starts no more requests, and waits up to `graceMs` for those in flight. */
  stop(graceMs: number): Promise<void>
}

type Attempted = AttemptResult & { step: NextStep }

/** Sends jobs to their subscribers and sinks, in order and with a limit for each Trigger. */
export const jobSender = (options: JobSenderOptions): JobSender => {
  const { attempt: attemptOptions, ingressUrl, maxInFlight, onChange, onAttempted } = options
  let inFlight = 0
  let isStopping = false
  let onIdle: (() => void) | null = null

  const sendWaiting = (route: Route) => {
    while (!isStopping && route.inFlight < maxInFlight && route.waiting.length > 0) void send(route.waiting.shift()!)
  }

  const send = async (job: Job): Promise<void> => {
    const { route, deadLetter } = job
    // The Trigger had a sink when this event became a dead letter, and has none any more.
    if (deadLetter && !route.sink) return onAttempted(job, { next: 'dead letter', deadLetter }, [], null)
    route.inFlight++
    inFlight++
    const records: AttemptRecord[] = []
    let last = await attemptOnce(job, records)
    if (options.deliverTwice && last.step.next === 'done') last = await attemptOnce(job, records)
    route.inFlight--
    inFlight--
    onAttempted(job, last.step, records, last.reply)
    sendWaiting(route)
    if (inFlight === 0) onIdle?.()
  }

  const attemptOnce = async (job: Job, records: AttemptRecord[]): Promise<Attempted> => {
    const { route, seq } = job
    const at = attemptOptions.clock()
    const startedAt = performance.now()
    const { outcome, reply } = await attemptDelivery(job, attemptOptions)
    const ms = Math.round(performance.now() - startedAt)
    const record = {
      ...recordedOutcome(outcome),
      seq,
      trigger: route.name,
      at,
      ms,
      atSink: job.deadLetter !== null,
    }
    records.push(record)
    onChange({ kind: 'attempted', ...record })
    const target = job.deadLetter ? route.sink! : route.target
    const step = nextStep({
      outcome,
      attempts: job.attempts + 1,
      delivery: route.delivery,
      destination: target.address.href,
      ingressUrl,
    })
    return { outcome, reply, step }
  }

  return {
    enqueue: job => {
      job.route.waiting.push(job)
      sendWaiting(job.route)
    },
    get inFlight() {
      return inFlight
    },
    stop: async graceMs => {
      isStopping = true
      if (inFlight === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      onIdle = resolve
      const timer = setTimeout(resolve, graceMs)
      await promise
      clearTimeout(timer)
    },
  }
}
