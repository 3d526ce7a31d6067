import { filterErrors, onlyType, type Predicate, predicate } from '#local/filters/filter-predicate.ts'
import type { DeliverySpec, Destination } from '#local/manifests/model.ts'
import type { CloudEvent } from '../event/cloud-event.ts'
import type { DeadLetterInfo } from '../event/dead-letter-info.ts'
import type { Subscriber, Trigger } from './subscriber.ts'

/** One event for one Trigger, held in memory under a lease. */
export interface Job {
  readonly route: Route
  readonly seq: number
  readonly event: CloudEvent
  /** How many attempts were made before: at the dead letter sink when `deadLetter` is set, else at the subscriber. */
  readonly attempts: number
  /** Set once the event is a dead letter. */
  readonly deadLetter: DeadLetterInfo | null
  /**
   * The delivery can be settled only under this lease. If this lease has expired and the delivery was claimed again,
   * the new lease replaces this one.
   */
  lease: number
  /** When the lease was taken or renewed, by performance.now(). */
  leasedAt: number
  /** Whether the outcome of this job is being stored. */
  isSettling: boolean
  /** A job of the same delivery, which was claimed again before this job ended. It runs after this job. */
  next?: Job
}

export const newJob = (
  route: Route,
  { seq, attempts, deadLetter, event }: Pick<Job, 'seq' | 'attempts' | 'deadLetter' | 'event'>,
  lease: number,
): Job => ({
  route,
  seq,
  event,
  attempts,
  deadLetter,
  lease,
  leasedAt: performance.now(),
  isSettling: false,
})

/**
 * Whether two jobs of the same event and Trigger go to the same target: the subscriber, or the dead letter sink. The
 * targets differ when a dead letter is replayed to its Trigger before its delivery to the sink is settled.
 */
export const isSameTarget = (one: Job, other: Job): boolean => (one.deadLetter === null) === (other.deadLetter === null)

/** A subscriber or a dead letter sink with its parsed URL. */
export interface Target {
  readonly subscriber: Subscriber
  readonly address: URL
}

/** A Trigger with its jobs and its state in the dispatcher's memory. */
export interface Route {
  readonly name: string
  readonly matches: Predicate
  readonly delivery: DeliverySpec
  readonly target: Target
  readonly sink: Target | null
  /** All jobs of this Trigger, by the `seq` of their event. */
  readonly jobs: Map<number, Job>
  /** The jobs that wait until fewer requests of this Trigger are in flight, oldest first. */
  readonly waiting: Job[]
  inFlight: number
  /**
   * Whether more deliveries are due than fit into memory. If so, new events are stored without a lease and claimed
   * later.
   */
  hasBacklog: boolean
  /** Whether deliveries may be due in the store. */
  mayBeDue: boolean
}

export interface Routes {
  readonly all: readonly Route[]
  named(trigger: string): Route | undefined
  /** The routes whose filters an event passes. */
  matching(event: CloudEvent): Route[]
}

/**
 * The routes of these Triggers. Throws an Error with one line for each filter that Knative would not apply as it is
 * written, and for each name that two Triggers have.
 */
export const routesFor = (
  triggers: readonly Trigger[],
  resolve: (destination: Destination) => Subscriber,
  brokerSink: Destination | null,
): Routes => {
  refuseWrongTriggers(triggers)
  const target = (destination: Destination): Target => {
    const subscriber = resolve(destination)
    return { subscriber, address: new URL(subscriber.url) }
  }
  const all = triggers.map(({ name, filters, subscriber, delivery }): Route => {
    const sink = delivery.deadLetterSink ?? brokerSink
    return {
      name,
      matches: predicate(filters),
      delivery,
      target: target(subscriber),
      sink: sink && target(sink),
      jobs: new Map(),
      waiting: [],
      inFlight: 0,
      hasBacklog: false,
      mayBeDue: true,
    }
  })
  const byName = new Map(all.map(route => [route.name, route]))
  return { all, named: trigger => byName.get(trigger), matching: matcher(triggers, all) }
}

const refuseWrongTriggers = (triggers: readonly Trigger[]) => {
  const names = triggers.map(({ name }) => name)
  const duplicates = names.filter((name, index) => names.indexOf(name) !== index)
  const errors = [
    ...triggers.flatMap(({ name, filters }) =>
      filters.flatMap((filter, index) => filterErrors(filter, `Trigger ${name}: filters[${index}]`)),
    ),
    ...duplicates.map(name => `Trigger ${name} exists twice; rename one of the two`),
  ]
  if (errors.length > 0) throw new Error(errors.join('\n'))
}

/**
 * Finds the routes of an event. Most Triggers ask for one type. So the event is compared only with the Triggers that
 * ask for its type, and with those that ask for no particular type.
 */
const matcher = (triggers: readonly Trigger[], all: readonly Route[]): Routes['matching'] => {
  const types = triggers.map(({ filters }) => onlyType(filters))
  const anyType = all.filter((_, index) => types[index] === null)
  const byType = new Map<string, Route[]>()
  for (const type of new Set(types))
    if (type !== null)
      byType.set(
        type,
        all.filter((_, index) => types[index] === type || types[index] === null),
      )
  return ({ attributes }) => (byType.get(attributes.type!) ?? anyType).filter(route => route.matches(attributes))
}
