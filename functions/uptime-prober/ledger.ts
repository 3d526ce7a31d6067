import type { Postgres } from '#database/connect.ts'
import { incidentsIn } from '#database/incidents.ts'
import { type Monitor, monitorsIn } from '#database/monitors.ts'
import { probeResultsIn, type SlotName } from '#database/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import type { Clock } from '../clock.ts'
import { asError, Conflict, RetryLater } from '../errors.ts'
import { isPassing, lacksPartition } from './database-faults.ts'
import type { Measured } from './measure.ts'
import { causeOf, downNews, type NamedIncident, upNews } from './news.ts'
import type { Sleep } from './sleep.ts'
import { quietIn, verdict } from './verdict.ts'

export interface Ledger {
  /**
   * Keeps a result and what it means for its monitor, and resolves with the news to tell. Results that arrive about the same time
   * are written together; an `urgent` one does not wait for company. Rejects when the database stays away for too long.
   */
  keep(measured: Measured, cause: Cause, urgent: boolean): Promise<VigiaEvent[]>
  /** Writes what waits for company. */
  hurry(): void
}

interface Entry extends Measured {
  cause: Cause
  since: number
  tries: number
  resolve(news: VigiaEvent[]): void
  reject(error: Error): void
}

export interface LedgerOptions {
  db: Postgres
  clock: Clock
  sleep: Sleep
  /** How long a result waits for others. */
  companyMs?: number
  /** How long results are held while the database is away. */
  patienceMs?: number
}

const againAfterMs = 1_000
const mostAtOnce = 500
const mostTries = 8
const away = 'the database is away; what was found is given back'

/** Somebody else wrote first: what was decided may be wrong now. */
class Raced extends Error {}
/** The slot has its row, so its meaning was kept with it. */
class Repeated extends Error {}

/**
 * Results on their way into the database. A result and its meaning are kept in one transaction, so that a slot with a row is done
 * for good. Whatever changes no state, nearly everything, shares one statement; the others are judged one by one.
 */
export const ledgerOf = ({ db, clock, sleep, companyMs = 3_000, patienceMs = 60_000 }: LedgerOptions): Ledger => {
  const waiting = new Set<Entry>()
  let writing = false
  let urgent = false
  let company = new AbortController()

  const hurry = () => {
    urgent = true
    company.abort()
  }

  /** At most one of a monitor: its next is judged by what this one leaves. */
  const nextRound = () => {
    const round = new Map<number, Entry>()
    for (const entry of waiting) {
      if (round.size === mostAtOnce) break
      if (!round.has(entry.result.monitorId)) round.set(entry.result.monitorId, entry)
    }
    return [...round.values()]
  }

  const done = (entry: Entry, news: VigiaEvent[]) => {
    waiting.delete(entry)
    entry.resolve(news)
  }

  const fail = (entry: Entry, error: Error) => {
    waiting.delete(entry)
    entry.reject(error)
  }

  const tryAgain = (entry: Entry) => {
    if (++entry.tries >= mostTries)
      fail(entry, new Conflict(`monitor/${entry.result.monitorId} changed ${mostTries} times while it was judged`))
  }

  /** Most say what everybody expects, and one statement tells which. */
  const write = async (round: Entry[]) => {
    const kept = await probeResultsIn(db).keepUnremarkable(
      round.map(({ result, confirmed }) => ({ result, state: quietIn({ ok: result.ok, confirmed }) })),
    )
    const remarkable: Entry[] = []
    for (const entry of round) {
      if (kept.has(entry.result.monitorId)) done(entry, [])
      else remarkable.push(entry)
    }
    if (remarkable.length > 0) await judge(remarkable)
  }

  const judge = async (round: Entry[]) => {
    const monitors = await monitorsIn(db).watched(round.map(({ result }) => result.monitorId))
    for (const entry of round) {
      const before = monitors.get(entry.result.monitorId)
      if (before === undefined) {
        done(entry, [])
        continue
      }
      const after = verdict(before, { ...entry.result, confirmed: entry.confirmed })
      if (after.state !== before.state) await keepChange(entry, before, after)
      else await keepOld(entry, before)
    }
  }

  /** Something newer was judged before; it says nothing any more, and still is kept. */
  const keepOld = async (entry: Entry, { id, state }: Monitor) => {
    const kept = await probeResultsIn(db).keepUnremarkable([{ result: entry.result, state }])
    if (kept.has(id)) done(entry, [])
    else tryAgain(entry)
  }

  const keepChange = async (entry: Entry, before: Monitor, after: Monitor) => {
    try {
      done(entry, await changed(db, entry, before, after))
    } catch (error) {
      if (error instanceof Raced) tryAgain(entry)
      else if (error instanceof Repeated) done(entry, await newsAgain(db, [entry.result], entry.cause))
      else if (isPassing(error) || lacksPartition(error)) throw error
      else fail(entry, asError(error))
    }
  }

  const recover = async (error: unknown, round: Entry[]) => {
    const left = round.filter(entry => waiting.has(entry))
    if (lacksPartition(error)) return probeResultsIn(db).makeRoomFor(left.map(({ result }) => result.dueAt))
    if (!isPassing(error)) {
      for (const entry of left) fail(entry, asError(error))
      return
    }
    for (const entry of left)
      if (clock().getTime() - entry.since > patienceMs) fail(entry, new RetryLater(away, 5, { cause: error }))
    await sleep(againAfterMs)
  }

  const writeAll = async () => {
    writing = true
    while (waiting.size > 0) {
      if (!urgent && waiting.size < mostAtOnce) await sleep(companyMs, company.signal)
      urgent = false
      if (company.signal.aborted) company = new AbortController()
      const round = nextRound()
      await write(round)
        .catch(error => recover(error, round))
        .catch(error => recover(error, round))
    }
    writing = false
  }

  return {
    keep: (measured, cause, isUrgent) =>
      new Promise((resolve, reject) => {
        waiting.add({ ...measured, cause, since: clock().getTime(), tries: 0, resolve, reject })
        if (isUrgent) hurry()
        if (!writing) void writeAll()
      }),
    hurry,
  }
}

/** Keeps a result that changes its monitor's state, with the incident that this opens or closes. */
const changed = async (
  db: Postgres,
  { result, cause }: Entry,
  before: Monitor,
  after: Monitor,
): Promise<VigiaEvent[]> =>
  db.transaction(async tx => {
    if (!(await monitorsIn(tx).judge(before, after))) throw new Raced()
    if (!(await probeResultsIn(tx).keep(result))) throw new Repeated()
    const named = (incident: object) => ({ ...incident, name: before.name, url: before.url }) as NamedIncident
    const { monitorId, dueAt, status, error } = result
    if (after.state === 'down') {
      const failure = { monitorId, openedAt: dueAt, status, error: error ?? 'not-checked', lastOkAt: before.lastOkAt }
      return [downNews(cause, named(await incidentsIn(tx).open(failure, causeOf(result))))]
    }
    const closed = await incidentsIn(tx).close(monitorId, dueAt, causeOf(result))
    return closed === null ? [] : [upNews(cause, { ...named(closed), closedAt: dueAt })]
  })

/** The news that these slots made when they were kept: told again, in case it was not heard then. */
export const newsAgain = async (db: Postgres, slots: readonly SlotName[], cause: Cause): Promise<VigiaEvent[]> =>
  (
    await incidentsIn(db).causedBy(
      slots.map(causeOf),
      slots.map(({ monitorId }) => monitorId),
    )
  ).map(incident =>
    incident.change === 'opened'
      ? downNews(cause, incident)
      : upNews(cause, { ...incident, closedAt: incident.closedAt! }),
  )
