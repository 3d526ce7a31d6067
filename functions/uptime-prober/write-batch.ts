import type { Postgres } from '#database/connect.ts'
import { flappingsIn } from '#database/uptime/flappings.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { type Monitor, monitorsIn, type Verdict } from '#database/uptime/monitors.ts'
import { type ProbeResult, probeResultsIn, seenAt, type UnchangedResult } from '#database/uptime/probe-results.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { certificateDaysAt } from '#functions/checks/common.ts'
import { publishable } from '#functions/outages/publishable.ts'
import { type Moment, tellChanges } from '#functions/outages/tell-changes.ts'
import type { CheckOutcome } from './check-runner.ts'
import { qualityOf } from './degraded.ts'
import { eventsOfSlots, slotId } from './incident-events.ts'
import { parentChecks } from './parent-checks.ts'
import { isLate, stateConfirmedBy, verdict } from './verdict.ts'

/** The outcome of a check on its way to PostgreSQL, and the event that asked for the check. */
export interface PendingResult extends CheckOutcome {
  cause: Cause
}

export interface BatchReport<Pending extends PendingResult> {
  /** The result is committed, and so are the incidents that it opened or closed. `events` announce them. */
  written(pending: Pending, events: VigiaEvent[]): void
  /** Another replica changed the monitor in the meantime, so nothing of this result is stored. */
  conflicted(pending: Pending): void
}

/**
 * Writes results, at most one of each monitor, and reports each result as soon as its outcome is known. A result and
 * its verdict are committed together, so a slot with a row needs no further work. Nearly all results leave their
 * monitor in its state; one statement stores all of these. The other results share one transaction.
 */
export const writeBatch = async <Pending extends PendingResult>(
  db: Postgres,
  batch: readonly Pending[],
  report: BatchReport<Pending>,
): Promise<void> => {
  const confirming = batch.map(pending => ({
    pending,
    state: stateConfirmedBy(findingOf(pending)),
    quality: shownQuality(pending.result),
  }))
  const others = await insertUnchanged(db, confirming, report)
  if (others.length === 0) return
  const { changes, outdated } = await judge(db, others, report)
  if (outdated.length > 0) for (const pending of await insertUnchanged(db, outdated, report)) report.conflicted(pending)
  if (changes.length > 0) await saveChanges(db, changes, report)
}

const findingOf = ({ result, confirmed }: PendingResult) => ({ ok: result.ok, confirmed })

/**
 * A result that leaves its monitor unchanged if the monitor is in `state` (null: in any state) and works as well as the
 * result shows (null: the result says nothing about it).
 */
interface Unchanged<Pending> extends Omit<UnchangedResult, 'result'> {
  pending: Pending
}

const shownQuality = (result: ProbeResult): UnchangedResult['quality'] => {
  if (!result.ok) return null
  const { isSlow, certificateExpiresAt: expiresAt, firstCertificateDays } = qualityOf(result)
  return { isSlow, certificateDays: expiresAt && certificateDaysAt(expiresAt, seenAt(result), firstCertificateDays) }
}

/** Stores the results whose monitors are in the given state. Returns the results of the other monitors. */
const insertUnchanged = async <Pending extends PendingResult>(
  db: Postgres,
  unchanged: readonly Unchanged<Pending>[],
  report: BatchReport<Pending>,
): Promise<Pending[]> => {
  const inserted = await probeResultsIn(db).insertUnchanged(
    unchanged.map(({ pending, state, quality }) => ({ result: pending.result, state, quality })),
  )
  const repeated: Pending[] = []
  const others: Pending[] = []
  for (const { pending } of unchanged) {
    const row = inserted.get(pending.result.monitorId)
    if (row === undefined) others.push(pending)
    else if (row.isNew) report.written(pending, [])
    else repeated.push(pending)
  }
  await reportRepeated(db, repeated, report)
  return others
}

/**
 * Reports results whose slots already have a row, with the events of these slots. The process that stored the row may
 * have crashed before it published the events.
 */
const reportRepeated = async <Pending extends PendingResult>(
  db: Postgres,
  repeated: readonly Pending[],
  report: BatchReport<Pending>,
): Promise<void> => {
  const events = await eventsOfSlots(
    db,
    repeated.map(({ result, cause }) => ({ slot: result, cause })),
  )
  for (const pending of repeated) report.written(pending, events.get(slotId(pending.result)) ?? [])
}

/** A result that changes the state of its monitor or how well it works, or ends a time of flapping. */
interface Change<Pending> extends Verdict {
  pending: Pending
}

/** Reads the monitors and decides the verdicts. Results of monitors that are paused or deleted are not stored. */
const judge = async <Pending extends PendingResult>(
  db: Postgres,
  results: readonly Pending[],
  report: BatchReport<Pending>,
): Promise<{ changes: Change<Pending>[]; outdated: Unchanged<Pending>[] }> => {
  const monitors = await monitorsIn(db).watched(results.map(({ result }) => result.monitorId))
  const changes: Change<Pending>[] = []
  // Results that change nothing, because a newer result was judged before. They are stored.
  const outdated: Unchanged<Pending>[] = []
  for (const pending of results) {
    const before = monitors.get(pending.result.monitorId)
    if (before === undefined) {
      report.written(pending, [])
      continue
    }
    const after = verdict(before, { ...pending.result, confirmed: pending.confirmed })
    if (after.version === before.version) outdated.push({ pending, state: before.state, quality: null })
    else changes.push({ pending, before, after })
  }
  return { changes, outdated }
}

const saveChanges = async <Pending extends PendingResult>(
  db: Postgres,
  changes: readonly Change<Pending>[],
  report: BatchReport<Pending>,
): Promise<void> => {
  const { written, repeated } = await saveTogether(db, changes)
  for (const { pending } of changes) {
    const { monitorId } = pending.result
    const events = written.get(monitorId)
    if (events !== undefined) report.written(pending, events)
    else if (!repeated.has(monitorId)) report.conflicted(pending)
  }
  const pending = changes.map(change => change.pending)
  await reportRepeated(
    db,
    pending.filter(({ result }) => repeated.has(result.monitorId)),
    report,
  )
}

/**
 * Stores results that change their monitors, in one transaction with the incidents and times of flapping that they open
 * or close. Returns the events of each monitor whose result was stored, and the monitors whose slot had a row before.
 * The other monitors were judged by another replica in the meantime.
 */
const saveTogether = (
  db: Postgres,
  changes: readonly Change<PendingResult>[],
): Promise<{ written: Map<number, VigiaEvent[]>; repeated: Set<number> }> =>
  db.transaction(async tx => {
    const locked = await monitorsIn(tx).lockUnchanged(changes)
    const lockedChanges = changes.filter(({ before }) => locked.has(before.id))
    const inserted = await probeResultsIn(tx).insert(...lockedChanges.map(({ pending }) => pending.result))
    const saved = lockedChanges.filter(({ before }) => inserted.has(before.id))
    await monitorsIn(tx).saveVerdicts(saved.map(({ after }) => after))
    const stateChanges = saved.filter(({ before, after }) => after.state !== before.state)
    await incidentsIn(tx).open(stateChanges.filter(({ after }) => after.state === 'down').map(openingOf))
    await incidentsIn(tx).close(stateChanges.filter(({ after }) => after.state === 'up').map(closingOf))
    const flappings = flappingsIn(tx)
    await flappings.begin(saved.filter(({ before, after }) => isFlapping(after) && !isFlapping(before)).map(flappingOf))
    await flappings.end(saved.filter(({ before, after }) => isFlapping(before) && !isFlapping(after)).map(flappingOf))
    const { events, uncheckedParents } = await tellChanges(tx, saved.map(momentOf))
    const parents = await parentChecks(
      tx,
      saved.map(({ pending }) => pending),
      uncheckedParents,
    )
    return {
      written: new Map(
        saved.map(({ pending: { result, cause } }) => [
          result.monitorId,
          [
            ...publishable(
              cause,
              events.filter(event => event.cause === slotId(result)),
            ),
            ...[parents.get(result.monitorId) ?? []].flat(),
          ],
        ]),
      ),
      repeated: new Set([...locked].filter(id => !inserted.has(id))),
    }
  })

const momentOf = ({ pending: { result } }: Change<PendingResult>): Moment => ({
  monitorId: result.monitorId,
  at: seenAt(result),
  cause: slotId(result),
})

const isFlapping = ({ settlesAt }: Monitor) => settlesAt !== null

const openingOf = ({ pending: { result }, before }: Change<PendingResult>) => ({
  monitorId: before.id,
  openedAt: seenAt(result),
  openedLate: isLate(before, { ...result, confirmed: true }),
  status: result.status,
  error: result.error ?? 'not-checked',
  lastOkAt: before.lastOkAt,
  cause: slotId(result),
})

const closingOf = ({ pending: { result }, before }: Change<PendingResult>) => ({
  monitorId: before.id,
  closedAt: seenAt(result),
  closedLate: isLate(before, { ...result, confirmed: false }),
  cause: slotId(result),
})

const flappingOf = ({ pending: { result }, before, after }: Change<PendingResult>) => ({
  monitorId: before.id,
  since: after.changes?.[0] ?? seenAt(result),
  at: seenAt(result),
  cause: slotId(result),
})
