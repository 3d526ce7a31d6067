import type { Postgres } from '#database/connect.ts'
import { flappingsIn } from '#database/uptime/flappings.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { type Monitor, type MonitorState, monitorsIn, type Verdict } from '#database/uptime/monitors.ts'
import { probeResultsIn, type SlotKey, seenAt } from '#database/uptime/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import { asError, Conflict, RetryLater } from '#functions/host/errors.ts'
import { isPassing, lacksPartition } from './database-faults.ts'
import type { Measured } from './measure.ts'
import { causeOf, incidentNews, steadyNews } from './news.ts'
import type { Sleep } from './sleep.ts'
import { isLate, quietIn, verdict } from './verdict.ts'

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
    const kept = await probeResultsIn(db).insertUnchanged(
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
    const news = await newsOf(
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
      if (after.version === before.version) old.push({ entry, state: before.state })
      else changes.push({ entry, before, after })
    }
    // Something newer was judged before: it says nothing any more, and still is kept.
    if (old.length > 0) for (const entry of await keepUnremarkable(old)) tryAgain(entry)
    if (changes.length > 0) await keepChanges(changes)
  }

  const keepChanges = async (changes: Change[]) => {
    const { kept, repeated } = await keepTogether(db, changes)
    for (const { entry } of changes) {
      const news = kept.get(entry.result.monitorId)
      if (news !== undefined) done(entry, news)
      else if (!repeated.has(entry.result.monitorId)) tryAgain(entry)
    }
    await tellAgain(changes.map(({ entry }) => entry).filter(({ result }) => repeated.has(result.monitorId)))
  }

  const recover = async (error: unknown, round: Entry[]): Promise<void> => {
    const left = round.filter(entry => waiting.has(entry))
    if (left.length === 0) return
    if (lacksPartition(error)) return probeResultsIn(db).createPartitions(left.map(({ result }) => result.dueAt))
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

/**
 * Keeps results that change their monitors, with the incidents and times of flapping that this opens or closes. Answers the news of
 * each monitor whose result was kept, and the monitors whose slot was kept before. The rest was judged by another replica meanwhile.
 */
const keepTogether = (
  db: Postgres,
  changes: readonly Change[],
): Promise<{ kept: Map<number, VigiaEvent[]>; repeated: Set<number> }> =>
  db.transaction(async tx => {
    const held = await monitorsIn(tx).lockUnchanged(changes)
    const ours = changes.filter(({ before }) => held.has(before.id))
    const stored = await probeResultsIn(tx).insert(...ours.map(({ entry }) => entry.result))
    const kept = ours.filter(({ before }) => stored.has(before.id))
    await monitorsIn(tx).saveVerdicts(kept.map(({ after }) => after))
    const turned = kept.filter(({ before, after }) => after.state !== before.state)
    await incidentsIn(tx).open(turned.filter(({ after }) => after.state === 'down').map(openingOf))
    await incidentsIn(tx).close(turned.filter(({ after }) => after.state === 'up').map(closingOf))
    const flappings = flappingsIn(tx)
    await flappings.begin(kept.filter(({ before, after }) => flaps(after) && !flaps(before)).map(flappingOf))
    await flappings.end(kept.filter(({ before, after }) => flaps(before) && !flaps(after)).map(flappingOf))
    const news = await newsOf(
      tx,
      kept.map(({ entry }) => ({ slot: entry.result, cause: entry.cause })),
    )
    return {
      kept: new Map(kept.map(({ entry: { result } }) => [result.monitorId, news.get(causeOf(result)) ?? []])),
      repeated: new Set([...held].filter(id => !stored.has(id))),
    }
  })

const flaps = ({ settlesAt }: Monitor) => settlesAt !== null

const openingOf = ({ entry: { result }, before }: Change) => ({
  monitorId: before.id,
  openedAt: seenAt(result),
  openedLate: isLate(before, { ...result, confirmed: true }),
  status: result.status,
  error: result.error ?? 'not-checked',
  lastOkAt: before.lastOkAt,
  cause: causeOf(result),
})

const closingOf = ({ entry: { result }, before }: Change) => ({
  monitorId: before.id,
  closedAt: seenAt(result),
  closedLate: isLate(before, { ...result, confirmed: false }),
  cause: causeOf(result),
})

const flappingOf = ({ entry: { result }, before, after }: Change) => ({
  monitorId: before.id,
  since: after.changes?.[0] ?? seenAt(result),
  at: seenAt(result),
  cause: causeOf(result),
})

/** The news that these slots made when they were kept, by what `causeOf` calls them. A slot that made none is left out. */
export const newsOf = async (
  db: Postgres,
  slots: readonly { slot: SlotKey; cause: Cause }[],
): Promise<Map<string, VigiaEvent[]>> => {
  if (slots.length === 0) return new Map()
  const causes = new Map(slots.map(({ slot, cause }) => [causeOf(slot), cause]))
  const names = [...causes.keys()]
  const ids = slots.map(({ slot }) => slot.monitorId)
  const told = [
    ...(await incidentsIn(db).causedBy(names, ids)).map(
      incident => [incident.cause, incidentNews(causes.get(incident.cause)!, incident)] as const,
    ),
    ...(await flappingsIn(db).endedBy(names, ids)).map(
      steadied => [steadied.cause, steadyNews(causes.get(steadied.cause)!, steadied)] as const,
    ),
  ]
  return new Map(told.map(([cause, news]) => [cause, [news]]))
}
