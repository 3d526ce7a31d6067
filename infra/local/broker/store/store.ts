import { setTimeout as pause } from 'node:timers/promises'
import { Broken, faultOfValues, type Link, type LinkOptions, link } from './connection.ts'
import {
  type AttemptNote,
  begin,
  type Claimed,
  claim,
  commit,
  forget,
  lastEpoch,
  type NewDelivery,
  type NewEvent,
  type NextDue,
  nextDue,
  release,
  renew,
  type Settled,
  type Stored,
} from './tables.ts'

/** Where the words of the broker go; pino fits. */
export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** An event to be stored. */
export interface Publication extends Pick<NewEvent, 'key' | 'event'> {
  /** Asked right before the event is sent to the database: where it goes, and what of that `lease` takes at once. `done` follows. */
  route(seq: number, lease: number): NewDelivery[]
  /** It is there, or was before; or it may be there or not; or PostgreSQL cannot take such a thing. */
  done(fate: 'stored' | 'duplicate' | 'unknown' | 'impossible'): void
}

/** The end of an attempt to be stored, with the event that answered it. While the store is away it waits here. */
export interface Settlement {
  /** Asked when it is sent to the database: the lease may change before. */
  settled(): Settled
  attempts: AttemptNote[]
  reply: Publication | null
  /** Called once: it is kept, or somebody else has the lease. */
  done(fate: 'kept' | 'lost'): void
}

export interface StoreOptions {
  url: string
  leaseMs: number
  /** Connections that commit; each sends what there is when it is free. */
  lanes: number
  /** A server that does not answer for this long counts as away. */
  patienceMs: number
  /** The Triggers there are. */
  triggers: readonly string[]
  log: Log
  /** The store is back after it was away. */
  onBack(): void
}

export interface Store {
  /** Whether what is published now has a chance. */
  readonly open: boolean
  /** Why the latest commit failed, where the server is there and takes nothing (its disk is full, it is read-only); else null. */
  readonly fault: (Error & { code?: string }) | null
  /** What waits for a commit. */
  readonly queued: { readonly events: number; readonly bytes: number }
  publish(publication: Publication): void
  settle(settlement: Settlement): void
  /** Takes what is due of the Triggers. Like the others here it rejects with StoreAway. */
  claim(wanted: readonly { trigger: string; room: number }[]): Promise<{ lease: number; claimed: Claimed[] }>
  nextDue(): Promise<NextDue>
  renew(held: readonly { seq: number; trigger: string; lease: number }[]): Promise<void>
  /** Deletes every event older than `ageMs` whose deliveries are all done, in small batches. Says how many. */
  forget(ageMs: number): Promise<number>
  /** Waits for what is queued, as long as the store is there, and closes the connections. */
  stop(): Promise<void>
}

/** The store is away: nothing happened, or nobody knows. */
export class StoreUnavailable extends Error {}

/** Another broker is at work on this database. */
export class DatabaseTaken extends Error {}

/** What one statement may carry: more gains nothing and delays everybody in it. */
const mostItems = 400
const mostBytes = 8 * 1024 * 1024

const forgetBatch = 500
const forgetAnewMs = 3_600_000

/** How long somebody else's lock is waited for at the start: the server needs a moment to notice that a killed process is gone. */
const lockPatienceMs = 2_000

const lockStatement = { name: 'lock', text: 'select pg_try_advisory_lock(7610, 1) as taken' }
const holderStatement = {
  name: 'holder',
  text: `
    select activity.pid, activity.application_name as name
    from pg_locks join pg_stat_activity as activity on activity.pid = pg_locks.pid
    where locktype = 'advisory' and classid = 7610 and objid = 1 and granted
      and database = (select oid from pg_database where datname = current_database())`,
}

interface Lane {
  link: Link | null
  busy: boolean
}

/** A publication or a settlement on its way into a statement. */
interface Item {
  publication: Publication | null
  settlement: Settlement | null
  /** The event of either. */
  event: NewEvent | null
  /** Its fate is known and told. */
  over: boolean
}

/**
 * The broker's tables over a few connections that come back by themselves. Group commit: what arrives while a statement runs goes
 * into the next one. One more connection, the keeper, holds the lock that makes this the only broker of its database: while the
 * keeper is away, so is the store. Rejects with DatabaseTaken, or when the database does not answer.
 */
export const openStore = async (options: StoreOptions): Promise<Store> => {
  const { url, leaseMs, patienceMs, triggers, log } = options
  const publications: Publication[] = []
  const settlements: Settlement[] = []
  const queued = { events: 0, bytes: 0 }
  /** Leases of commits of which nobody knows whether they happened. */
  const doubtful = new Set<number>()
  const lanes: Lane[] = Array.from({ length: options.lanes }, () => ({ link: null, busy: false }))
  let keeper: Link | null = null
  let fault: (Error & { code?: string }) | null = null
  let stopping = false
  let epoch = 0
  let seq = 0
  let leases = 0
  /** Up to here retention has looked since it began anew: what was pending then may be done by now. */
  let forgotten = 0
  let forgettingSince = performance.now()

  const connect = (more: Partial<LinkOptions>) => link({ url, applicationName: 'vigia broker', patienceMs, ...more })

  /** Tries until it works or we stop, with longer and longer pauses. */
  const persistently = async (work: () => Promise<void>): Promise<void> => {
    for (let waitMs = 20; !stopping; waitMs = Math.min(waitMs * 2, 1_000)) {
      try {
        return await work()
      } catch (error) {
        if (error instanceof DatabaseTaken) log.error({}, error.message)
        await pause(waitMs, undefined, { ref: false })
      }
    }
  }

  const openLane = async (lane: Lane): Promise<void> => {
    const onBroken = () => {
      lane.link = null
      void persistently(() => openLane(lane))
    }
    lane.link = await connect({ onBroken })
    pump()
  }

  const takeLock = async (opened: Link): Promise<void> => {
    const end = performance.now() + lockPatienceMs
    while (!(await opened.run<{ taken: boolean }>(lockStatement))[0]!.taken) {
      if (performance.now() > end) {
        const [by] = await opened.run<{ pid: number; name: string }>(holderStatement)
        const who = by ? ` (${by.name}, server process ${by.pid})` : ''
        throw new DatabaseTaken(`another broker works on this database${who}: stop it, or name another DATABASE_URL`)
      }
      await pause(50)
    }
  }

  const openKeeper = async (): Promise<void> => {
    let broken = false
    const opened = await connect({
      // Claims and renewals may get lost in a crash of the server: what was claimed is then due again.
      settings: { synchronous_commit: 'off' },
      onBroken: () => {
        broken = true
        if (keeper === opened) lose()
      },
    })
    try {
      await takeLock(opened)
      // Unless somebody else was here meanwhile, what we hold in memory is still ours.
      if (epoch === 0 || (await lastEpoch(opened)) !== epoch) {
        const beginning = await begin(opened, triggers)
        epoch = beginning.epoch
        seq = beginning.seq
        leases = epoch * 2 ** 32
        for (const [trigger, deliveries] of Object.entries(beginning.abandoned))
          log.warn({ trigger, deliveries }, 'this Trigger is gone: its pending deliveries are dropped')
      }
      await giveBack(opened)
      if (broken) throw new Broken('the connection broke again')
    } catch (error) {
      await opened.end().catch(() => {})
      throw error
    }
    keeper = opened
  }

  const lose = () => {
    keeper = null
    log.warn({}, 'PostgreSQL is unavailable: new events are answered 503 until it is back')
    for (const publication of publications.splice(0)) {
      leaveQueue(publication)
      publication.done('unknown')
    }
    void persistently(openKeeper).then(() => {
      if (!keeper) return
      log.info({}, 'PostgreSQL is available again')
      pump()
      options.onBack()
    })
  }

  const giveBack = async (opened: Link): Promise<void> => {
    const leasesToRelease = [...doubtful]
    if (leasesToRelease.length > 0) await release(opened, leasesToRelease)
    for (const lease of leasesToRelease) doubtful.delete(lease)
  }

  const leaveQueue = ({ event }: Publication) => {
    queued.events--
    queued.bytes -= event.data.length
  }

  let scheduled = false
  const pump = () => {
    if (scheduled || !keeper) return
    scheduled = true
    // After everything else that this turn of the loop reads, so that it goes together.
    setImmediate(() => {
      scheduled = false
      for (const lane of lanes) if (!lane.busy) void work(lane)
    })
  }

  const work = async (lane: Lane): Promise<void> => {
    lane.busy = true
    while (keeper && lane.link && publications.length + settlements.length > 0) {
      const kept = await store(lane.link, take())
      // A server that answers with errors (its disk is full) is given time.
      if (!kept) await pause(200)
    }
    lane.busy = false
  }

  const take = (): Item[] => {
    let bytes = 0
    const tooMuch = publications.findIndex(({ event }, index) => {
      bytes += event.data.length
      return index >= mostItems || (index > 0 && bytes > mostBytes)
    })
    const published = publications.splice(0, tooMuch === -1 ? publications.length : tooMuch)
    for (const publication of published) leaveQueue(publication)
    return [
      ...published.map(publication => ({ publication, settlement: null, event: null, over: false })),
      ...settlements
        .splice(0, mostItems)
        .map(settlement => ({ publication: null, settlement, event: null, over: false })),
    ]
  }

  /** Sends one batch; false when it was not the batch's fault that it failed. */
  const store = async (to: Link, items: Item[]): Promise<boolean> => {
    const lease = ++leases
    for (const item of items) {
      const publication = item.publication ?? item.settlement!.reply
      if (!publication) continue
      const { key, event } = publication
      item.event = { seq: ++seq, key, event, deliveries: publication.route(seq, lease) }
    }
    try {
      await commitItems(to, items)
      fault = null
      return true
    } catch (error) {
      doubtful.add(lease)
      const left = items.filter(({ over }) => !over)
      for (const { publication, settlement } of left) (publication ?? settlement!.reply)?.done('unknown')
      settlements.unshift(...left.flatMap(({ settlement }) => settlement ?? []))
      if (!(error instanceof Broken)) {
        // Once for each kind: on a full disk every commit fails.
        if (fault?.message !== (error as Error).message) log.error({ error }, 'PostgreSQL refused a commit')
        fault = error as Error
      }
      if (keeper) await giveBack(keeper).catch(() => {})
      return false
    }
  }

  /** Rejects when the server is at fault. */
  const commitItems = async (to: Link, items: Item[]): Promise<void> => {
    const settling = items.flatMap(({ settlement }) => settlement ?? [])
    let stored: Stored
    try {
      stored = await commit(to, {
        events: items.flatMap(({ event }) => event ?? []),
        settled: settling.map(settlement => settlement.settled()),
        attempts: settling.flatMap(({ attempts }) => attempts),
        leaseMs,
      })
    } catch (error) {
      if (!faultOfValues(error)) throw error
      return await commitHalves(to, items, error)
    }
    for (const item of items) {
      item.over = true
      const publication = item.publication ?? item.settlement!.reply
      publication?.done(stored.duplicates.has(item.event!.seq) ? 'duplicate' : 'stored')
    }
    for (const [place, settlement] of settling.entries()) settlement.done(stored.lost.has(place) ? 'lost' : 'kept')
  }

  /** Something in there is what PostgreSQL cannot take: halves find out what, so that the rest is kept. */
  const commitHalves = async (to: Link, items: Item[], error: unknown): Promise<void> => {
    const [only] = items
    if (items.length > 1) {
      const half = items.length >> 1
      await commitItems(to, items.slice(0, half))
      await commitItems(to, items.slice(half))
      return
    }
    log.error({ error, event: only!.event?.event.attributes }, 'PostgreSQL cannot take this')
    only!.over = true
    const publication = only!.publication ?? only!.settlement!.reply
    publication?.done('impossible')
    only!.settlement?.done('lost')
  }

  const asking = async <T>(ask: (kept: Link) => Promise<T>): Promise<T> => {
    if (!keeper) throw new StoreUnavailable('PostgreSQL is unavailable')
    try {
      return await ask(keeper)
    } catch (error) {
      throw error instanceof Broken ? new StoreUnavailable('PostgreSQL is unavailable', { cause: error }) : error
    }
  }

  await openKeeper()
  try {
    await Promise.all(lanes.map(openLane))
  } catch (error) {
    stopping = true
    await Promise.allSettled([keeper!.end(), ...lanes.map(lane => lane.link?.end())])
    throw error
  }

  return {
    get open() {
      return keeper !== null && !stopping && lanes.some(lane => lane.link !== null)
    },
    get fault() {
      return fault
    },
    queued,
    publish: publication => {
      queued.events++
      queued.bytes += publication.event.data.length
      publications.push(publication)
      pump()
    },
    settle: settlement => {
      settlements.push(settlement)
      pump()
    },
    claim: wanted =>
      asking(async kept => {
        const lease = ++leases
        return { lease, claimed: await claim(kept, wanted, lease, leaseMs) }
      }),
    nextDue: () => asking(kept => nextDue(kept, triggers)),
    renew: held => asking(kept => renew(kept, held, leaseMs)),
    forget: async ageMs => {
      let sum = 0
      if (performance.now() - forgettingSince > forgetAnewMs) {
        forgotten = 0
        forgettingSince = performance.now()
      }
      for (;;) {
        const { deleted, upTo } = await asking(kept => forget(kept, ageMs, forgotten, forgetBatch))
        sum += deleted
        if (upTo === null || stopping) return sum
        forgotten = upTo
      }
    },
    stop: async () => {
      while (keeper && (publications.length + settlements.length > 0 || lanes.some(({ busy }) => busy))) await pause(2)
      stopping = true
      await Promise.allSettled([keeper?.end(), ...lanes.map(lane => lane.link?.end())])
      keeper = null
    },
  }
}
