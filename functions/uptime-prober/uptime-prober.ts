import type { Postgres } from '#database/connect.ts'
import { monitorSecretsIn, type SecretsAtUrl } from '#database/uptime/monitor-secrets.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { type ProbeResult, probeResultsIn, type SlotKey } from '#database/uptime/probe-results.ts'
import type { EventOf, VigiaEvent } from '#events/event.ts'
import { ProbeFinished } from '#events/probe-finished.ts'
import type { Check, ProbeRequested } from '#events/probe-requested.ts'
import type { CheckJob } from '#functions/checks/check-type.ts'
import { mayUseAllAt } from '#functions/checks/secret-origin.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Publish } from '#functions/host/publish.ts'
import { publishable } from '#functions/outages/publishable.ts'
import { tellHeldBack } from '#functions/outages/tell-changes.ts'
import { missedSlot, type RunCheck } from './check-runner.ts'
import { checksByDueTime, type DueCheck, runWhenDue } from './due-time.ts'
import { eventsOfSlots, slotId } from './incident-events.ts'
import type { ResultWriter } from './result-writer.ts'
import { retryWhileDown } from './retry-while-down.ts'
import type { Sleep } from './sleep.ts'
import { slotDisposition } from './slot-disposition.ts'

type Request = EventOf<typeof ProbeRequested>

export interface ProberDependencies {
  db: Postgres
  clock: Clock
  sleep: Sleep
  runCheck: RunCheck
  results: ResultWriter
  /**
   * The rule publishes events itself as soon as they are stored, because other checks of the request may be due later,
   * or hang.
   */
  publish: Publish
  /**
   * Aborts when the process shuts down, or when the broker closes the request. The broker redelivers the event in both
   * cases.
   */
  stop: AbortSignal
}

/**
 * Runs each check of the request when it is due, stores its result with the verdict, and publishes what changed. A slot
 * that has a result is not checked again.
 */
export const uptimeProber = async (request: Request, dependencies: ProberDependencies): Promise<void> => {
  const { clock, runCheck, results, publish, stop } = dependencies
  const onDemand = request.data.reason !== 'slot'
  const checks = checksByDueTime(request)
  const storedBefore = await storedSlots(request, checks, dependencies)
  const secrets = secretsOf(checks, dependencies)
  await runWhenDue(checks, { ...dependencies, onStop: results.flushNow }, async check => {
    const disposition = slotDisposition(check, onDemand, clock())
    if (disposition === 'forgotten') return

    const store = async (): Promise<StoredSlot | null> => {
      const job = disposition === 'probe' ? await withSecrets(check, secrets) : check
      if (job === null) return null
      const outcome = disposition === 'probe' ? await runCheck(job) : missedSlot(check)
      const result = { ...outcome.result, onDemand }
      // Write a result at once if it may open or close an incident, or if a person waits for it. Other results can
      // wait.
      const mayChange = result.ok === null ? false : result.ok ? check.down === true : outcome.confirmed
      const flush = onDemand || mayChange || stop.aborted
      return { result, events: await results.write({ ...outcome, result }, request, flush) }
    }
    const stored = storedBefore.get(check) ?? (await store())
    if (stored === null) return
    const { result, events } = stored

    // An event about the outage already answers the person, because its message goes to the same chat.
    const answers = events.length === 0 ? await answerTo(request, check, result, dependencies) : []
    const released = request.data.reason === 'parent' ? await releasedBy(request, result, dependencies) : []
    const all = [...events, ...answers, ...released]
    if (all.length > 0) await publish(all)
  })
}

/**
 * The events about monitors that waited for this check of their parent. If the parent is up, it does not explain their
 * failures. The scheduler would find the same at its next tick.
 */
const releasedBy = async (
  request: Request,
  { ok, startedAt }: ProbeResult,
  { db, clock, sleep }: ProberDependencies,
): Promise<VigiaEvent[]> => {
  if (!ok || startedAt === null) return []
  const events = await retryWhileDown(() => tellHeldBack(db, clock()), sleep)
  return publishable(request, events)
}

/** A result that is in the table, and the events that the result caused. */
interface StoredSlot {
  result: ProbeResult
  events: VigiaEvent[]
}

/**
 * If a slot is overdue by more than this, another replica may have stored its result and crashed before it acknowledged
 * the event.
 */
const maybeStoredMs = 2_000

/** The checks whose results were stored by an earlier delivery of the request, with these results and their events. */
const storedSlots = async (
  request: Request,
  checks: readonly DueCheck[],
  { db, clock, sleep }: ProberDependencies,
): Promise<Map<Check, StoredSlot>> => {
  const limitMs = clock().getTime() - maybeStoredMs
  const late = checks.filter(({ dueMs }) => dueMs < limitMs).map(({ check }) => check)
  if (late.length === 0) return new Map()
  const found = await retryWhileDown(() => probeResultsIn(db).of(late.map(slotOf)), sleep)
  if (found.length === 0) return new Map()
  const slots = found.map(slot => ({ slot, cause: request }))
  const events = await retryWhileDown(() => eventsOfSlots(db, slots), sleep)
  const results = new Map(found.map(result => [slotId(result), result]))
  return new Map(
    late.flatMap(check => {
      const id = slotId(slotOf(check))
      const result = results.get(id)
      return result === undefined ? [] : [[check, { result, events: events.get(id) ?? [] }] as const]
    }),
  )
}

/**
 * Reads the secrets of the monitors that have some, by monitor. Only the checks of these monitors wait for it, because
 * PostgreSQL may be unavailable.
 */
const secretsOf = (
  checks: readonly DueCheck[],
  { db, sleep }: ProberDependencies,
): Promise<ReadonlyMap<number, SecretsAtUrl>> => {
  const ids = checks.filter(({ check }) => check.hasSecrets).map(({ check }) => check.monitorId)
  const secrets =
    ids.length === 0 ? Promise.resolve(new Map()) : retryWhileDown(() => monitorSecretsIn(db).withUrls(ids), sleep)
  // A check that waits for the secrets rejects too; there may be none.
  secrets.catch(() => {})
  return secrets
}

/**
 * The check with its secrets. null: the monitor has moved to another host since the check was requested, so its secrets
 * must not be sent to the former host, and the check has no meaning any more.
 */
const withSecrets = async (
  check: Check,
  secrets: Promise<ReadonlyMap<number, SecretsAtUrl>>,
): Promise<CheckJob | null> => {
  const own = check.hasSecrets ? (await secrets).get(check.monitorId) : undefined
  if (own === undefined) return check
  return mayUseAllAt(own.secrets, own.url, check.url) ? { ...check, secrets: own.secrets } : null
}

const slotOf = ({ monitorId, dueAt }: Check): SlotKey => ({ monitorId, dueAt: new Date(dueAt) })

/** The answer to the person who requested the check. Empty if the monitor was deleted in the meantime. */
const answerTo = async (
  { data: { reason, chatId, threadId }, ...event }: Request,
  { monitorId, url }: Check,
  { ok, status, error, totalMs, warning }: ProbeResult,
  { db, sleep }: ProberDependencies,
): Promise<VigiaEvent[]> => {
  if (chatId === undefined || reason === 'slot' || reason === 'parent') return []
  const monitor = await retryWhileDown(() => monitorsIn(db).get(monitorId), sleep)
  if (monitor === null) return []
  return [
    ProbeFinished.from(event, {
      key: String(monitorId),
      subject: `monitor/${monitorId}`,
      data: {
        monitorId,
        name: monitor.name,
        url,
        chatId,
        reason,
        ok: ok === true,
        status,
        error,
        totalMs: Math.round(totalMs ?? 0),
        ...(warning && { warning }),
        ...(threadId === undefined ? {} : { threadId }),
      },
    }),
  ]
}
