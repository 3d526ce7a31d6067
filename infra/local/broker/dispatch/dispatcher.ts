import type { CloudEvent } from '../event/cloud-event.ts'
import { type Log, type Publication, type Store, StoreUnavailable } from '../store/store.ts'
import { type AttemptNote, type Claimed, eventKey, type NewDelivery, type Settled } from '../store/tables.ts'
import { type AttemptOptions, attempt } from './delivery-attempt.ts'
import { afterAttempt, type Letter, noted, type Verdict } from './delivery-outcome.ts'
import type { Job, Route, Routes } from './route.ts'

/** What the broker tells who listens: tests, and the runtime's counters. */
export type BrokerChange =
  | { is: 'accepted'; seq: number; event: CloudEvent }
  | { is: 'attempted'; seq: number; trigger: string; status: number | null; error: string | null; ms: number }
  | { is: 'settled'; seq: number; trigger: string; state: 'pending' | 'done' | 'dead' }

export interface DispatcherOptions {
  routes: Routes
  store: Pick<Store, 'open' | 'settle' | 'claim' | 'nextDue' | 'renew'>
  attempting: AttemptOptions
  /** URL of the broker's own door, for dead letters. */
  door: string
  leaseMs: number
  /** Requests in flight to one Trigger's subscriber at most. */
  inFlight: number
  /** Every delivery is sent a second time after its success, and the second answer counts. */
  deliverTwice: boolean
  log: Log
  tell(news: BrokerChange): void
}

export interface Dispatcher {
  /** An event on its way into the store. `answers`: the delivery whose answer it is. */
  publication(event: CloudEvent, done: Publication['done'], answers?: Job): Publication
  /** Something may be due now that is not in memory: of one Trigger, or of any. */
  look(trigger?: string): void
  stats(): { inMemory: number; inFlight: number }
  /** Sends nothing new and waits for what is in flight, but no longer than this. */
  stop(graceMs: number): Promise<void>
}

/** Of one Trigger in memory, for each request that may be in flight; and of all Triggers, in bytes. More waits in the store. */
const ahead = 4
const mostBytes = 32 * 1024 * 1024
/** A timer cannot be longer; it only means to look once for nothing. */
const longestTimerMs = 2 ** 31 - 1
/** How often is looked again as long as something due has not been taken. */
const sweepMs = 1_000

/**
 * Brings events to their subscribers. What fits into memory goes there straight from the commit that stored it; the rest, retries
 * and dead letters wait in the store and are claimed when there is room, or when they are due.
 */
export const startDispatcher = (options: DispatcherOptions): Dispatcher => {
  const { routes, store, attempting, leaseMs, log, tell } = options
  const room = options.inFlight * ahead
  let bytes = 0
  let inFlight = 0
  let stopping = false
  let emptied: (() => void) | null = null

  const hold = (job: Job) => {
    job.route.jobs.set(job.seq, job)
    bytes += job.event.data.length
  }

  const drop = (job: Job) => {
    const wasFull = bytes >= mostBytes
    job.route.jobs.delete(job.seq)
    bytes -= job.event.data.length
    if (wasFull && bytes < mostBytes) lookSoon()
    if (job.again && !stopping) {
      hold(job.again)
      enqueue(job.again)
    } else if ((job.route.backlog || job.route.due) && job.route.jobs.size <= room / 2) lookSoon()
  }

  const enqueue = (job: Job) => {
    job.route.waiting.push(job)
    pump(job.route)
  }

  const pump = (route: Route) => {
    while (!stopping && route.inFlight < options.inFlight && route.waiting.length > 0) void run(route.waiting.shift()!)
  }

  const run = async (job: Job): Promise<void> => {
    const { route, letter } = job
    // The Trigger had a sink when this became a dead letter, and lost it since.
    if (letter && !route.sink) return settle(job, { next: 'letter', letter }, [], null)
    route.inFlight++
    inFlight++
    const notes: AttemptNote[] = []
    const once = async () => {
      const at = attempting.clock()
      const started = performance.now()
      const tried = await attempt(job, attempting)
      const ms = Math.round(performance.now() - started)
      const note = { ...noted(tried.outcome), seq: job.seq, trigger: route.name, at, ms, letter: job.letter !== null }
      notes.push(note)
      tell({ is: 'attempted', ...note })
      const target = job.letter ? route.sink! : route.target
      const verdict = afterAttempt({
        outcome: tried.outcome,
        attempts: job.attempts + 1,
        delivery: route.delivery,
        dest: target.address.href,
        door: options.door,
      })
      return { ...tried, verdict }
    }
    let last = await once()
    if (options.deliverTwice && last.verdict.next === 'done') last = await once()
    route.inFlight--
    inFlight--
    settle(job, last.verdict, notes, last.reply)
    pump(route)
    if (inFlight === 0) emptied?.()
  }

  const settle = (job: Job, verdict: Verdict, attempts: AttemptNote[], reply: CloudEvent | null) => {
    const news = newsOf(job, verdict)
    job.settling = true
    const submit = () =>
      store.settle({
        settled: () => ({ ...news, lease: job.lease }),
        attempts,
        reply: reply && publication(reply, () => {}, job),
        done: fate => {
          if (fate === 'lost' && job.again && isSame(job, job.again)) {
            // Its lease ran out while the store was away, and it came to us again: the outcome is still this one.
            job.lease = job.again.lease
            delete job.again
            submit()
            return
          }
          drop(job)
          if (fate === 'lost') return look(job.route.name)
          tell({ is: 'settled', seq: news.seq, trigger: news.trigger, state: news.state })
          if (news.state === 'dead') sayDead(job, news.letter, verdict)
          if (news.afterMs === 0) look(job.route.name)
          else if (news.afterMs !== null) wakeIn(news.afterMs)
        },
      })
    submit()
  }

  const newsOf = (job: Job, verdict: Verdict): Omit<Settled, 'lease'> => {
    const { seq, letter } = job
    const about = { seq, trigger: job.route.name, letter, afterMs: null }
    switch (verdict.next) {
      case 'done':
        return { ...about, state: letter ? 'dead' : 'done', attempts: job.attempts + 1 }
      case 'again':
        return { ...about, state: 'pending', attempts: job.attempts + 1, afterMs: verdict.afterMs }
      case 'letter':
        return letter || !job.route.sink
          ? { ...about, state: 'dead', attempts: job.attempts + 1, letter: letter ?? verdict.letter }
          : { ...about, state: 'pending', attempts: 0, afterMs: 0, letter: verdict.letter }
      default:
        return verdict satisfies never
    }
  }

  const sayDead = ({ event, route }: Job, letter: Letter | null, { next }: Verdict) =>
    log.warn(
      { trigger: route.name, type: event.attributes.type, id: event.attributes.id, code: letter?.code },
      next === 'done'
        ? 'a dead letter went to its sink'
        : `an event was given up: ${route.sink ? 'the dead letter sink did not take it' : 'its Trigger has no dead letter sink'}`,
    )

  const publication = (event: CloudEvent, done: Publication['done'], answers?: Job): Publication => {
    const matching = routes.matching(event)
    let jobs: Job[] = []
    let queued: Route[] = []
    let number = 0
    return {
      key: eventKey(event, answers && { seq: answers.seq, trigger: answers.route.name }),
      event,
      route: (seq, lease) => {
        number = seq
        jobs = []
        queued = []
        return matching.map((route): NewDelivery => {
          if (!hasRoom(route)) {
            route.backlog = true
            queued.push(route)
            return { trigger: route.name, lease: null }
          }
          const job = jobFor(route, { seq, attempts: 0, letter: null, event }, lease)
          hold(job)
          jobs.push(job)
          return { trigger: route.name, lease }
        })
      },
      done: fate => {
        for (const job of jobs) fate === 'stored' ? enqueue(job) : drop(job)
        if (fate === 'stored') {
          tell({ is: 'accepted', seq: number, event })
          if (jobs.length > 0) wakeIn(leaseMs)
        }
        // Only now can a claim see what was stored without a lease.
        if (fate !== 'duplicate') for (const { name } of queued) look(name)
        done(fate)
      },
    }
  }

  const hasRoom = (route: Route) => !stopping && !route.backlog && route.jobs.size < room && bytes < mostBytes

  const jobFor = (route: Route, { seq, attempts, letter, event }: Omit<Claimed, 'trigger'>, lease: number): Job => ({
    route,
    seq,
    event,
    attempts,
    letter,
    lease,
    leasedAt: performance.now(),
    settling: false,
  })

  let looking = false
  let lookAgain = false
  const lookSoon = () => {
    if (looking) {
      lookAgain = true
      return
    }
    if (stopping || !store.open) return
    looking = true
    void lookOnce()
      .catch(error => {
        if (!(error instanceof StoreUnavailable)) log.error({ error }, 'due deliveries could not be claimed')
        wakeIn(1_000)
      })
      .finally(() => {
        looking = false
        if (!lookAgain) return
        lookAgain = false
        lookSoon()
      })
  }

  const lookOnce = async (): Promise<void> => {
    // First the question and then the claim: what becomes due between the two is claimed, and not overlooked by both.
    const { inMs, already } = await store.nextDue()
    if (inMs !== null) wakeIn(inMs)
    if (already) wakeIn(sweepMs)
    const wanted = routes.all
      .filter(route => (route.backlog || route.due) && bytes < mostBytes)
      .map(route => ({ route, trigger: route.name, room: room - route.jobs.size }))
      .filter(({ room: free }) => free > 0)
    if (wanted.length > 0) {
      for (const { route } of wanted) {
        route.backlog = false
        route.due = false
      }
      const { lease, claimed } = await store.claim(wanted).catch(error => {
        for (const { route } of wanted) route.due = true
        throw error
      })
      const counts = new Map<string, number>()
      for (const one of claimed) {
        counts.set(one.trigger, (counts.get(one.trigger) ?? 0) + 1)
        receive(one, lease)
      }
      for (const { route, trigger, room: free } of wanted) if (counts.get(trigger) === free) route.backlog = true
    }
  }

  /** Whether both are on their way to the same place: a dead letter that is sent to its Trigger again is something new. */
  const isSame = (one: Job, other: Job) => (one.letter === null) === (other.letter === null)

  const receive = (claimed: Claimed, lease: number) => {
    const route = routes.named(claimed.trigger)!
    const held = route.jobs.get(claimed.seq)
    const job = jobFor(route, claimed, lease)
    if (!held) {
      hold(job)
      enqueue(job)
    } else if (held.settling || !isSame(held, job)) {
      held.again = job
    } else {
      // Its lease ran out while it was on its way: it keeps going under the new one.
      held.lease = lease
      held.leasedAt = job.leasedAt
    }
  }

  const look = (trigger?: string) => {
    for (const route of trigger === undefined ? routes.all : [routes.named(trigger)!]) route.due = true
    lookSoon()
  }

  let wakeAt = Number.POSITIVE_INFINITY
  let waker: NodeJS.Timeout | undefined
  /** Looks for due deliveries in so many milliseconds, or earlier. */
  const wakeIn = (ms: number) => {
    const at = performance.now() + Math.min(ms, longestTimerMs)
    if (stopping || at >= wakeAt) return
    wakeAt = at
    clearTimeout(waker)
    waker = setTimeout(
      () => {
        wakeAt = Number.POSITIVE_INFINITY
        look()
      },
      Math.ceil(at - performance.now()),
    )
    waker.unref()
  }

  const renewer = setInterval(() => {
    const before = performance.now() - leaseMs / 4
    const held = routes.all.flatMap(({ jobs }) => [...jobs.values()].filter(({ leasedAt }) => leasedAt < before))
    if (held.length === 0 || !store.open) return
    store.renew(held.map(({ seq, route, lease }) => ({ seq, trigger: route.name, lease }))).then(
      () => {
        for (const job of held) job.leasedAt = performance.now()
      },
      error => {
        if (!(error instanceof StoreUnavailable)) log.error({ error }, 'leases could not be renewed')
      },
    )
  }, leaseMs / 4)
  renewer.unref()
  // For what no timer knows of: a commit that was given up, and happened after all.
  const sweeper = setInterval(() => look(), leaseMs)
  sweeper.unref()

  return {
    publication,
    look,
    stats: () => ({ inMemory: routes.all.reduce((sum, { jobs }) => sum + jobs.size, 0), inFlight }),
    stop: async graceMs => {
      stopping = true
      clearTimeout(waker)
      clearInterval(renewer)
      clearInterval(sweeper)
      if (inFlight === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      emptied = resolve
      const timer = setTimeout(resolve, graceMs)
      await promise
      clearTimeout(timer)
    },
  }
}
