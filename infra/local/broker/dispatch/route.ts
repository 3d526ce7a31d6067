import type { Filter } from '#local/filters/filter.ts'
import { filterErrors, onlyType, type Predicate, predicate } from '#local/filters/filters.ts'
import type { DeliverySpec, Destination } from '#local/manifests/model.ts'
import type { CloudEvent } from '../event/cloud-event.ts'
import type { Letter } from './delivery-outcome.ts'

/** A Trigger as the manifest reader gives it. */
export interface Trigger {
  name: string
  /** All must agree; none lets every event through. */
  filters: readonly Filter[]
  subscriber: Destination
  delivery: DeliverySpec
}

/** Somebody who takes events over HTTP. */
export interface Subscriber {
  /**
   * Its URL with path, as a dead letter names it (knativeerrordest); its host becomes the Host header. Names under `.localhost`
   * are dialled on this machine.
   */
  url: string
  /** The function's name, for people; null for addresses of the outside. */
  function: string | null
  /** A request that takes longer is answered 504 by who stands in front of it (a function's timeoutSeconds). */
  timeoutMs?: number
  /**
   * Resolves when a request may be sent, with where to dial: a function at zero is started meanwhile, a full one waited for. No
   * attempt and no timeout is spent on that. Rejecting is an attempt that failed, with the error's `status` (503 where it has
   * none). Absent: the URL is dialled.
   */
  reach?(): Promise<Reached>
}

export interface Reached {
  /** `http://127.0.0.1:41234` */
  origin: string
  /** Called once, when the answer is there or nobody waits for it any more. */
  release(): void
}

/** One event on its way to one Trigger's subscriber, held in memory under a lease. */
export interface Job {
  readonly route: Route
  readonly seq: number
  readonly event: CloudEvent
  /** Attempts made before, at the subscriber or, with a letter, at the sink. */
  readonly attempts: number
  /** Set once the event is a dead letter. */
  readonly letter: Letter | null
  /** The number that settles it; changes when a lease ran out and was taken anew. */
  lease: number
  /** When the lease was taken or renewed, by performance.now(). */
  leasedAt: number
  /** Its outcome is being stored. */
  settling: boolean
  /** The same delivery, claimed again before this one was over. */
  again?: Job
}

export interface Target {
  readonly subscriber: Subscriber
  readonly address: URL
}

/** A Trigger at work. */
export interface Route {
  readonly name: string
  readonly matches: Predicate
  readonly delivery: DeliverySpec
  readonly target: Target
  readonly sink: Target | null
  /** Everything of this Trigger in memory, by the event's seq. */
  readonly jobs: Map<number, Job>
  readonly waiting: Job[]
  inFlight: number
  /** More of it is due in the store than there is room for: what comes now goes to the end of that queue. */
  backlog: boolean
  /** Something of it may be due in the store. */
  due: boolean
}

export interface Routes {
  readonly all: readonly Route[]
  named(trigger: string): Route | undefined
  /** Whose filters an event passes. */
  matching(event: CloudEvent): Route[]
}

/** Throws an Error of one line per fault for filters that do not filter as they look, and for names used twice. */
export const routesFor = (
  triggers: readonly Trigger[],
  resolve: (destination: Destination) => Subscriber,
  brokerSink: Destination | null,
): Routes => {
  const faults = triggers.flatMap(({ name, filters }) =>
    filters.flatMap((filter, index) => filterErrors(filter, `Trigger ${name}: filters[${index}]`)),
  )
  const names = triggers.map(({ name }) => name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  faults.push(...twice.map(name => `Trigger ${name} exists twice; rename one of the two`))
  if (faults.length > 0) throw new Error(faults.join('\n'))

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
      backlog: false,
      due: true,
    }
  })
  const byName = new Map(all.map(route => [route.name, route]))

  // Most Triggers want one type: the others cost nothing then.
  const types = triggers.map(({ filters }) => onlyType(filters))
  const anyType = all.filter((_, index) => types[index] === null)
  const byType = new Map<string, Route[]>()
  for (const type of new Set(types))
    if (type !== null)
      byType.set(
        type,
        all.filter((_, index) => types[index] === type || types[index] === null),
      )

  return {
    all,
    named: trigger => byName.get(trigger),
    matching: ({ attributes }) => (byType.get(attributes.type!) ?? anyType).filter(route => route.matches(attributes)),
  }
}
