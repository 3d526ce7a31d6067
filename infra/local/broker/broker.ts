import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { type Clock, systemClock } from '#functions/host/clock.ts'
import type { Destination } from '#local/manifests/model.ts'
import { startCleaner } from './cleaner.ts'
import type { BrokerChange } from './dispatch/broker-change.ts'
import { type Dispatcher, startDispatcher } from './dispatch/dispatcher.ts'
import { startPoster } from './dispatch/http-post.ts'
import { routesFor } from './dispatch/route.ts'
import type { Subscriber, Trigger } from './dispatch/subscriber.ts'
import { type Ingress, type IngressOptions, ingress } from './ingress.ts'
import type { Log } from './log.ts'
import { plannerSettings } from './reads/event-query.ts'
import { type EventReads, eventReads } from './reads/event-reads.ts'
import { type Redeliver, redeliverer } from './replay.ts'
import { type BrokerRetention, brokerRetention, retentionOf } from './retention.ts'
import { type Counts, countChange, newCounts, type Stats } from './stats.ts'
import { openStore, type Store } from './store/store.ts'

export type { BrokerChange } from './dispatch/broker-change.ts'
export type { Reached, Subscriber, Trigger } from './dispatch/subscriber.ts'
export type { Log } from './log.ts'
export { BadQuery, type EventQuery } from './reads/event-query.ts'
export type { EventDetail, EventSummary } from './reads/event-reads.ts'
export { BadEvent, UnknownTrigger } from './replay.ts'
export { DatabaseTaken } from './store/lock-connection.ts'
export { StoreUnavailable } from './store/store.ts'

export interface BrokerOptions {
  /** PostgreSQL 14 or later. The broker creates and uses the schema `broker`. */
  databaseUrl: string
  /** The path of the ingress is `/<namespace>/<name>`. */
  namespace: string
  name?: string
  /** URL of the ingress. The dead letter of a refused reply contains it as the destination that failed. */
  url?: string
  triggers: readonly Trigger[]
  /** Returns the subscriber at a destination. Called only at the start. */
  resolve(destination: Destination): Subscriber
  /** The dead letter sink of the Triggers that do not name one themselves. */
  deadLetterSink?: Destination | null
  log: Log
  clock?: Clock
  /**
   * How many requests to one Trigger's subscriber may be in flight. The activator limits how many of them a function
   * handles at the same time.
   */
  inFlight?: number
  /** Test mode: each delivery is sent a second time after its success, and the second response counts. */
  deliverTwice?: boolean
  /** How long events are kept after all their deliveries are done. */
  keepDays?: number
  /** How many events are kept, and how long an event with a dead delivery is kept. The default is `brokerRetention`. */
  retention?: BrokerRetention
  /** How long a lease reserves a delivery for this process if it is not renewed. */
  leaseMs?: number
  /** PostgreSQL counts as unavailable when it does not respond within this time. */
  databaseTimeoutMs?: number
  /** How long the body of a request may take to arrive. */
  readTimeoutMs?: number
}

export interface Broker {
  /** The HTTP handler of the ingress. It answers every request itself. */
  handler(request: IncomingMessage, response: ServerResponse): void
  /** Accepts an event of this process. Headers and body are those of an HTTP request; resolves with the HTTP status. */
  take: Ingress['take']
  /** The queries of the control API. */
  reads: EventReads
  /**
   * Sends an event to one Trigger again; its attempts are counted from 0. An event that was deleted is stored again
   * first. `event` is in CloudEvents' JSON format, as in a dead letter. Throws BadEvent, UnknownTrigger or
   * StoreUnavailable.
   */
  redeliver: Redeliver
  stats(): Stats
  /** Deletes events that need not be kept any longer. The broker also does this once a minute. Never rejects. */
  clean(): Promise<void>
  /** Calls `listener` with every change. The returned function removes the listener. */
  tap(listener: (change: BrokerChange) => void): () => void
  /**
   * Refuses new events, and waits up to `graceMs` (default 2,000) for requests in flight. Unfinished deliveries
   * continue after the next start.
   */
  stop(options?: { graceMs?: number }): Promise<void>
}

const migrationsDir = fileURLToPath(new URL('./migrations', import.meta.url))

/** The ingress answers 503 while this many events or bytes wait for a commit. */
const maxQueued = { events: 20_000, bytes: 64 * 1024 * 1024 }

const dayMs = 24 * 3_600_000

/**
 * Starts the durable broker of one machine. An event that was answered 202 is stored in PostgreSQL. For each Trigger
 * that it matches, the subscriber receives it at least once, or it becomes a dead letter. While PostgreSQL is
 * unavailable, new events are answered 503, and the outcomes of deliveries wait in memory (`openStore`).
 *
 * Rejects when the database cannot be reached, when another broker uses it, or when Knative would not apply a filter as
 * it is written. The message has one line for each error.
 *
 * The function is longer than 80 lines because it only connects the parts, and they depend on each other.
 */
export const startBroker = async (options: BrokerOptions): Promise<Broker> => {
  const { databaseUrl, namespace, name = 'default', log, clock = systemClock, leaseMs = 60_000 } = options
  const path = `/${namespace}/${name}`
  const routes = routesFor(options.triggers, options.resolve, options.deadLetterSink ?? null)
  const [poster] = await Promise.all([
    startPoster(),
    migrate(databaseUrl, { dir: migrationsDir, table: 'broker_migration' }),
  ])
  let isStopping = false

  const counts = newCounts()
  const listeners = new Set<(change: BrokerChange) => void>()
  const onChange = (change: BrokerChange) => {
    countChange(counts, change)
    if (change.kind === 'accepted') retention.accepted(change.event)
    for (const listener of listeners) listener(change)
  }

  const readDb = postgres(databaseUrl, { max: 2, applicationName: 'vigia broker reads', settings: plannerSettings })
  const cleanDb = postgres(databaseUrl, {
    max: 1,
    applicationName: 'vigia broker retention',
    settings: { ...plannerSettings, synchronous_commit: 'off' },
  })
  const retention = retentionOf(cleanDb, options.retention ?? brokerRetention, () => isStopping)
  const store = await openStore({
    url: databaseUrl,
    leaseMs,
    commitConnections: 2,
    timeoutMs: options.databaseTimeoutMs ?? 10_000,
    triggers: options.triggers.map(trigger => trigger.name),
    log,
    onAvailable: () => dispatcher.claimDue(),
  })
  const dispatcher = startDispatcher({
    routes,
    store,
    attempt: { post: poster.post, namespace, clock },
    ingressUrl: options.url ?? `http://broker-ingress.localhost${path}`,
    leaseMs,
    maxInFlight: options.inFlight ?? 64,
    deliverTwice: options.deliverTwice ?? false,
    log,
    onChange,
  })
  dispatcher.claimDue()
  const cleaner = startCleaner(store, retention, (options.keepDays ?? 7) * dayMs, log)
  const { handler, take } = ingress({
    path,
    accept: acceptInto(store, dispatcher, counts, () => isStopping),
    onRefused: status => {
      counts.refused[status] = (counts.refused[status] ?? 0) + 1
    },
    clock,
    ...(options.readTimeoutMs === undefined ? {} : { readTimeoutMs: options.readTimeoutMs }),
  })

  return {
    handler,
    take,
    reads: eventReads(readDb, trigger => routes.named(trigger)?.target.subscriber.function ?? null),
    redeliver: redeliverer({
      db: readDb,
      hasTrigger: trigger => routes.named(trigger) !== undefined,
      store,
      onDue: dispatcher.claimDue,
      isStopping: () => isStopping,
      clock,
    }),
    stats: () => ({
      ...counts,
      refused: { ...counts.refused },
      ...dispatcher.stats(),
      storeOpen: store.isOpen,
      storeError: store.failure,
    }),
    clean: cleaner.clean,
    tap: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: async ({ graceMs = 2_000 } = {}) => {
      isStopping = true
      const cleaned = cleaner.stop()
      await dispatcher.stop(graceMs)
      await store.stop()
      await cleaned
      await Promise.all([poster.close(), readDb.end(), cleanDb.end()])
    },
  }
}

/**
 * Returns the function that stores a valid event, or refuses it while the store is unavailable or its queue is full.
 */
const acceptInto =
  (
    store: Store,
    dispatcher: Pick<Dispatcher, 'publication'>,
    counts: Counts,
    isStopping: () => boolean,
  ): IngressOptions['accept'] =>
  (event, onResult) => {
    const isFull = store.queued.events >= maxQueued.events || store.queued.bytes >= maxQueued.bytes
    if (isStopping() || isFull || !store.isOpen) return onResult('unavailable')
    store.publish(
      dispatcher.publication(event, result => {
        if (result === 'duplicate') counts.duplicates++
        onResult(result === 'unknown' ? 'unavailable' : result === 'rejected' ? result : 'stored')
      }),
    )
  }
