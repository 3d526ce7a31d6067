import type { Postgres } from '#database/connect.ts'
import { type Incident, incidentsIn } from '#database/incidents.ts'
import { type MonitorState, monitorsIn, type Verdict } from '#database/monitors.ts'
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

/** A result that changes the state of its monitor. */
interface Change extends Verdict {
  entry: Entry
}

/**
 * Results on their way into the database. A result and its meaning are kept in one transaction, so that a slot with a row is done
 * for good. What changes no state, nearly everything, shares one statement; what changes states shares one transaction.
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
    const remarkable = await keepUnremarkable(
      round.map(entry => ({ entry, state: quietIn({ ok: entry.result.ok, confirmed: entry.confirmed }) })),
    )
    if (remarkable.length > 0) await judge(remarkable)
  }

  /** Keeps what changes nothing in that state (null: in any). Answers those whose monitors are in another one. */
  const keepUnremarkable = async (given: { entry: Entry; state: MonitorState | null }[]): Promise<Entry[]> => {
    const kept = await probeResultsIn(db).keepUnremarkable(
      given.map(({ entry, state }) => ({ result: entry.result, state })),
    )
    const repeated: Entry[] = []
    const others: Entry[] = []
    for (const { entry } of given) {
      const slot = kept.get(entry.result.monitorId)
      if (slot === undefined) others.push(entry)
      else if (slot.isNew) done(entry, [])
      else repeated.push(entry)
    }
    await tellAgain(repeated)
    return others
  }

  /** The slot has its row, so its meaning was kept with it; the process that kept it may have died before it told. */
  const tellAgain = async (repeated: Entry[]) => {
    if (repeated.length === 0) return
    const news = await newsAgain(
      db,
      repeated.map(({ result, cause }) => ({ slot: result, cause })),
    )
    for (const entry of repeated) done(entry, news.get(causeOf(entry.result)) ?? [])
  }

  const judge = async (round: Entry[]) => {
    const monitors = await monitorsIn(db).watched(round.map(({ result }) => result.monitorId))
    const changes: Change[] = []
    const old: { entry: Entry; state: MonitorState }[] = []
    for (const entry of round) {
      const before = monitors.get(entry.result.monitorId)
      if (before === undefined) {
        done(entry, [])
        continue
      }
      const after = verdict(before, { ...entry.result, confirmed: entry.confirmed })
      if (after.state === before.state) old.push({ entry, state: before.state })
      else changes.push({ entry, before, after })
    }
    // Something newer was judged before: it says nothing any more, and still is kept.
    if (old.length > 0) for (const entry of await keepUnremarkable(old)) tryAgain(entry)
    if (changes.length > 0) await keepChanges(changes)
  }

  const keepChanges = async (changes: Change[]) => {
    const { news, repeated } = await changed(db, changes)
    for (const { entry } of changes) {
      const told = news.get(entry.result.monitorId)
      if (told !== undefined) done(entry, told)
      else if (!repeated.has(entry.result.monitorId)) tryAgain(entry)
    }
    await tellAgain(changes.map(({ entry }) => entry).filter(({ result }) => repeated.has(result.monitorId)))
  }

  const recover = async (error: unknown, round: Entry[]): Promise<void> => {
    const left = round.filter(entry => waiting.has(entry))
    if (left.length === 0) return
    if (lacksPartition(error)) return probeResultsIn(db).makeRoomFor(left.map(({ result }) => result.dueAt))
    if (!isPassing(error)) {
      // One result that PostgreSQL refuses must not take the others with it.
      if (left.length === 1) return fail(left[0]!, asError(error))
      const half = left.length >> 1
      for (const part of [left.slice(0, half), left.slice(half)]) await write(part).catch(why => recover(why, part))
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
      if (company.signal.aborted) company = new AbortController()
      const round = nextRound()
      // What did not fit may be urgent too.
      urgent = round.length < waiting.size
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

/** What a transaction of changes came to, by monitor: news of those that were kept; those whose slot was kept before. */
interface Kept {
  news: Map<number, VigiaEvent[]>
  repeated: Set<number>
}

/** Keeps results that change their monitors' states, with the incidents that this opens or closes. The rest was judged by others meanwhile. */
const changed = (db: Postgres, changes: readonly Change[]): Promise<Kept> =>
  db.transaction(async tx => {
    const held = await monitorsIn(tx).hold(changes)
    const ours = changes.filter(({ before }) => held.has(before.id))
    const stored = await probeResultsIn(tx).keep(...ours.map(({ entry }) => entry.result))
    const kept = ours.filter(({ before }) => stored.has(before.id))
    if (kept.length > 0) await monitorsIn(tx).judge(kept.map(({ after }) => after))
    const causes = new Map(kept.map(change => [change.before.id, change]))
    const [down, up] = [
      kept.filter(({ after }) => after.state === 'down'),
      kept.filter(({ after }) => after.state === 'up'),
    ]
    const opened = await incidentsIn(tx).open(
      down.map(({ entry: { result }, before: { lastOkAt } }) => ({
        monitorId: result.monitorId,
        openedAt: result.dueAt,
        status: result.status,
        error: result.error ?? 'not-checked',
        lastOkAt,
        cause: causeOf(result),
      })),
    )
    const closed = await incidentsIn(tx).close(
      up.map(({ entry: { result } }) => ({
        monitorId: result.monitorId,
        closedAt: result.dueAt,
        cause: causeOf(result),
      })),
    )
    const news = new Map<number, VigiaEvent[]>(kept.map(({ before }) => [before.id, []]))
    const tell = (incident: Incident, make: (cause: Cause, incident: NamedIncident) => VigiaEvent) => {
      const { entry, before } = causes.get(incident.monitorId)!
      news.set(before.id, [make(entry.cause, { ...incident, name: before.name, url: before.url })])
    }
    for (const incident of opened) tell(incident, downNews)
    for (const incident of closed) tell(incident, upNews)
    return { news, repeated: new Set([...held].filter(id => !stored.has(id))) }
  })

/** The news that these slots made when they were kept, by what `causeOf` calls them: told again, in case it was not heard then. */
export const newsAgain = async (
  db: Postgres,
  slots: readonly { slot: SlotName; cause: Cause }[],
): Promise<Map<string, VigiaEvent[]>> => {
  const causes = new Map(slots.map(({ slot, cause }) => [causeOf(slot), cause]))
  const incidents = await incidentsIn(db).causedBy(
    [...causes.keys()],
    slots.map(({ slot }) => slot.monitorId),
  )
  return new Map(
    incidents.map(incident => [
      incident.cause,
      [(incident.change === 'opened' ? downNews : upNews)(causes.get(incident.cause)!, incident)],
    ]),
  )
}
