import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { type Clock, systemClock } from '#functions/host/clock.ts'
import type { Destination } from '#local/manifests/model.ts'
import { type BrokerChange, startDispatcher } from './dispatch/dispatcher.ts'
import { startPoster } from './dispatch/http-post.ts'
import { routesFor, type Subscriber, type Trigger } from './dispatch/route.ts'
import { type CloudEvent, fromJson } from './event/cloud-event.ts'
import { type Ingress, ingress } from './ingress.ts'
import { plannerSettings } from './reads/event-query.ts'
import { type EventReads, eventReads, makeDueAgain } from './reads/event-reads.ts'
import { type BrokerRetention, brokerRetention, retentionOf } from './retention.ts'
import { type Log, openStore, StoreUnavailable } from './store/store.ts'
import { eventKey } from './store/tables.ts'

export type { BrokerChange } from './dispatch/dispatcher.ts'
export type { Reached, Subscriber, Trigger } from './dispatch/route.ts'
export { BadQuery, type EventQuery } from './reads/event-query.ts'
export type { EventDetail, EventSummary } from './reads/event-reads.ts'
export { DatabaseTaken, type Log, StoreUnavailable } from './store/store.ts'

export interface BrokerOptions {
  /** PostgreSQL, 14 or later. The broker keeps to the schema `broker` and makes it itself. */
  databaseUrl: string
  /** The path of the door is `/<namespace>/<name>`. */
  namespace: string
  name?: string
  /** URL of the door, as dead letters of refused replies name it. */
  url?: string
  triggers: readonly Trigger[]
  /** Who a destination is; asked once for each at the start. */
  resolve(destination: Destination): Subscriber
  /** Of Triggers that name none. */
  deadLetterSink?: Destination | null
  log: Log
  clock?: Clock
  /** Requests in flight to one Trigger's subscriber at most; what the function itself bears is the activator's business. */
  inFlight?: number
  /** Test mode: each delivery is sent a second time after its success, and the second answer counts. */
  deliverTwice?: boolean
  /** How long events are kept when all is done. */
  keepDays?: number
  /** How many of them are kept, and how long those with a dead delivery; `brokerRetention` unless said. */
  retention?: BrokerRetention
  /** How long something in memory is ours without a renewal. */
  leaseMs?: number
  /** A database that does not answer for this long counts as away. */
  patienceMs?: number
  /** How long a body may take to arrive. */
  readTimeoutMs?: number
}

export interface Stats {
  accepted: number
  duplicates: number
  /** What the door did not take, by status. */
  refused: Record<string, number>
  attempts: number
  done: number
  dead: number
  /** Deliveries held in memory, and those of them that are being sent. */
  inMemory: number
  inFlight: number
  /** Whether the store answers; while it does not, the door says 503. */
  storeOpen: boolean
  /** Why PostgreSQL refused the latest commit; null once it takes one. */
  storeFault: (Error & { code?: string }) | null
}

export interface Broker {
  /** Takes every request to the door; answers all by itself. */
  handler(request: IncomingMessage, response: ServerResponse): void
  /** The door for what lives in this process: headers and body as they would be posted, resolves with the status. */
  take: Ingress['take']
  /** For the control API. */
  reads: EventReads
  /**
   * Sends an event to one Trigger again, with all its attempts anew; stores it first when it is no longer there. `event` is in
   * CloudEvents' JSON format, as a dead letter keeps it. Throws BadEvent, UnknownTrigger or StoreAway.
   */
  redeliver(event: Record<string, unknown>, trigger: string): Promise<void>
  stats(): Stats
  /** Deletes events that need not be kept any more, as is done once a minute anyway. Never rejects. */
  clean(): Promise<void>
  /** Calls `listener` with everything that happens; returns how to stop that. */
  tap(listener: (news: BrokerChange) => void): () => void
  /** Refuses what comes, waits up to `graceMs` (2,000) for what is on its way, and leaves the rest to the next start. */
  stop(options?: { graceMs?: number }): Promise<void>
}

export class UnknownTrigger extends Error {}
export class BadEvent extends Error {}

const migrationsDir = fileURLToPath(new URL('./migrations', import.meta.url))

/** What may wait for a commit before the door says 503. */
const mostQueued = { events: 20_000, bytes: 64 * 1024 * 1024 }

const cleanEveryMs = 60_000

/**
 * Starts the durable broker of one machine: what got a 202 is in PostgreSQL, and each Trigger it matched gets it at least once or it
 * becomes a dead letter. Rejects with one line: the database cannot be reached, another broker has it, a filter is a trap.
 */
export const startBroker = async (options: BrokerOptions): Promise<Broker> => {
  const { databaseUrl, namespace, name = 'default', log, clock = systemClock, leaseMs = 60_000 } = options
  const path = `/${namespace}/${name}`
  const routes = routesFor(options.triggers, options.resolve, options.deadLetterSink ?? null)
  const [poster] = await Promise.all([
    startPoster(),
    migrate(databaseUrl, { dir: migrationsDir, table: 'broker_migration' }),
  ])

  const counts = { accepted: 0, duplicates: 0, attempts: 0, done: 0, dead: 0 }
  const refused: Record<string, number> = {}
  const listeners = new Set<(news: BrokerChange) => void>()
  const tell = (news: BrokerChange) => {
    if (news.is === 'accepted') {
      counts.accepted++
      retention.accepted(news.event)
    } else if (news.is === 'attempted') counts.attempts++
    else if (news.state !== 'pending') counts[news.state]++
    for (const listener of listeners) listener(news)
  }

  const cleanDb = postgres(databaseUrl, {
    max: 1,
    applicationName: 'vigia broker retention',
    settings: { ...plannerSettings, synchronous_commit: 'off' },
  })
  const retention = retentionOf(cleanDb, options.retention ?? brokerRetention, () => stopping)

  let stopping = false
  const store = await openStore({
    url: databaseUrl,
    leaseMs,
    lanes: 2,
    patienceMs: options.patienceMs ?? 10_000,
    triggers: options.triggers.map(trigger => trigger.name),
    log,
    onBack: () => dispatcher.look(),
  })
  const dispatcher = startDispatcher({
    routes,
    store,
    attempting: { post: poster.post, namespace, clock },
    door: options.url ?? `http://broker-ingress.localhost${path}`,
    leaseMs,
    inFlight: options.inFlight ?? 64,
    deliverTwice: options.deliverTwice ?? false,
    log,
    tell,
  })
  dispatcher.look()

  const accept = (event: CloudEvent, done: (fate: 'kept' | 'away' | 'impossible') => void) => {
    const full = store.queued.events >= mostQueued.events || store.queued.bytes >= mostQueued.bytes
    if (stopping || full || !store.open) return done('away')
    store.publish(
      dispatcher.publication(event, fate => {
        if (fate === 'duplicate') counts.duplicates++
        done(fate === 'unknown' ? 'away' : fate === 'impossible' ? fate : 'kept')
      }),
    )
  }

  /** Stores an event that goes nowhere by itself. */
  const keep = (event: CloudEvent, key: Buffer) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (stopping || !store.open) return Promise.reject(new StoreUnavailable('PostgreSQL is unavailable'))
    store.publish({
      event,
      key,
      route: () => [],
      done: fate =>
        fate === 'stored' || fate === 'duplicate'
          ? resolve()
          : reject(new StoreUnavailable('it is unknown whether the event was stored; publish it again')),
    })
    return promise
  }

  const db = postgres(databaseUrl, { max: 2, applicationName: 'vigia broker reads', settings: plannerSettings })
  let cleaning: Promise<void> | undefined
  const clean = () => {
    cleaning ??= (async () => {
      try {
        if (!store.open) return
        await store.forget((options.keepDays ?? 7) * 24 * 3_600_000)
        await retention.clean()
      } catch (error) {
        log.warn({ error }, 'old events could not be deleted')
      } finally {
        cleaning = undefined
      }
    })()
    return cleaning
  }
  const cleaner = setInterval(() => void clean(), cleanEveryMs)
  cleaner.unref()

  const door = ingress({
    path,
    accept,
    refused: status => {
      refused[status] = (refused[status] ?? 0) + 1
    },
    clock,
    ...(options.readTimeoutMs === undefined ? {} : { readTimeoutMs: options.readTimeoutMs }),
  })

  return {
    handler: door.handler,
    take: door.take,
    reads: eventReads(db, trigger => routes.named(trigger)?.target.subscriber.function ?? null),
    redeliver: async (said, trigger) => {
      if (!routes.named(trigger)) throw new UnknownTrigger(`there is no Trigger ${trigger}`)
      const read = fromJson(said, clock())
      if (read.is !== 'event') throw new BadEvent(read.is === 'nothing' ? 'no event' : read.why)
      const key = eventKey(read.event)
      if (!(await makeDueAgain(db, key, trigger))) {
        await keep(read.event, key)
        await makeDueAgain(db, key, trigger)
      }
      dispatcher.look(trigger)
    },
    stats: () => ({
      ...counts,
      refused: { ...refused },
      ...dispatcher.stats(),
      storeOpen: store.open,
      storeFault: store.fault,
    }),
    clean,
    tap: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: async ({ graceMs = 2_000 } = {}) => {
      stopping = true
      clearInterval(cleaner)
      await dispatcher.stop(graceMs)
      await store.stop()
      await cleaning
      await Promise.all([poster.close(), db.end(), cleanDb.end()])
    },
  }
}
