import type { Postgres } from '#database/connect.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { type ProbeResult, probeResultsIn, type SlotKey } from '#database/uptime/probe-results.ts'
import type { EventOf, VigiaEvent } from '#events/event.ts'
import { ProbeFinished } from '#events/probe-finished.ts'
import type { Check, ProbeRequested } from '#events/probe-requested.ts'
import type { Clock } from '#functions/host/clock.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import type { Publish } from '#functions/host/publish.ts'
import { type Measure, missed } from './measure.ts'
import { causeOf, isTold } from './news.ts'
import { patiently } from './patience.ts'
import { type Ledger, newsOf } from './result-writer.ts'
import type { Sleep } from './sleep.ts'
import { fateOf, isFarOff } from './slot-disposition.ts'

type Request = EventOf<typeof ProbeRequested>

export interface ProberTools {
  db: Postgres
  clock: Clock
  sleep: Sleep
  measure: Measure
  ledger: Ledger
  /** News is told when it is kept: other checks of the same event may be due later, or hang. */
  publish: Publish
  /** Aborts when the process is to end, or when the sender of the event has gone: either way it comes again. */
  ending: AbortSignal
}

/** What runs when the end comes may still finish; a site that hangs is asked again by whoever comes next. */
const graceMs = 2_000

/** A slot this late may have been probed already, by somebody who did not live to say so. */
const suspiciousMs = 2_000

/** Runs each check at its due second, keeps what it finds and tells what is new. Slots that are kept already are not probed again. */
export const uptimeProber = async (event: Request, tools: ProberTools): Promise<void> => {
  const { clock, ending } = tools
  const slots = event.data.checks.map(check => ({ check, dueMs: Date.parse(check.dueAt) }))
  const timeless = slots.find(({ dueMs }) => Number.isNaN(dueMs))?.check
  if (timeless)
    throw new Permanent(`monitor/${timeless.monitorId}: ${JSON.stringify(timeless.dueAt)} is not a valid time`)
  slots.sort((a, b) => a.dueMs - b.dueMs)
  const kept = await alreadyKept(event, slots, tools)
  const running: Promise<unknown>[] = []
  const errors: unknown[] = []
  let done = 0
  const run = async (check: Check) => {
    try {
      await handled(event, check, kept.size > 0 ? kept.get(nameOf(check)) : undefined, tools)
    } catch (error) {
      errors.push(error)
    }
    done++
  }
  for (const { check, dueMs } of slots) {
    const now = clock()
    if (isFarOff(dueMs, now)) break
    if (now.getTime() < dueMs) await waitUntil(dueMs, tools)
    if (ending.aborted) break
    running.push(run(check))
  }
  await Promise.race([Promise.all(running), cutShort(tools)])
  if (errors.length > 0) throw errors[0]
  if (done < slots.length) throw new RetryLater(`${slots.length - done} checks are given back`, 1)
}

/** A while after the end was announced; never, where it is not. */
const cutShort = async ({ ending, ledger, sleep }: ProberTools): Promise<void> => {
  if (!ending.aborted) await new Promise(resolve => ending.addEventListener('abort', resolve, { once: true }))
  ledger.hurry()
  await sleep(graceMs)
}

const slotOf = ({ monitorId, dueAt }: Check): SlotKey => ({ monitorId, dueAt: new Date(dueAt) })
const nameOf = (check: Check) => causeOf(slotOf(check))

/** What an earlier delivery of the event kept of a slot, and the news that it made. */
interface Kept {
  result: ProbeResult
  news: VigiaEvent[]
}

const alreadyKept = async (
  event: Request,
  slots: readonly { check: Check; dueMs: number }[],
  { db, clock, sleep }: ProberTools,
): Promise<Map<string, Kept>> => {
  const sinceMs = clock().getTime() - suspiciousMs
  const suspicious = slots.filter(({ dueMs }) => dueMs < sinceMs)
  if (suspicious.length === 0) return new Map()
  const results = await patiently(() => probeResultsIn(db).of(suspicious.map(({ check }) => slotOf(check))), sleep)
  if (results.length === 0) return new Map()
  const news = await patiently(
    () =>
      newsOf(
        db,
        results.map(slot => ({ slot, cause: event })),
      ),
    sleep,
  )
  return new Map(results.map(result => [causeOf(result), { result, news: news.get(causeOf(result)) ?? [] }]))
}

const waitUntil = async (dueMs: number, { clock, sleep, ending }: ProberTools): Promise<void> => {
  for (;;) {
    const leftMs = dueMs - clock().getTime()
    if (leftMs <= 0 || ending.aborted) return
    await sleep(leftMs, ending)
  }
}

/** One check, from its due second until its news is told. */
const handled = async (event: Request, check: Check, before: Kept | undefined, tools: ProberTools): Promise<void> => {
  const { clock, measure, ledger, publish, ending } = tools
  const asked = event.data.reason !== 'slot'
  const fate = fateOf(check, asked, clock())
  if (fate === 'forgotten') return
  let result: ProbeResult
  let news: VigiaEvent[]
  if (before) {
    ;({ result, news } = before)
  } else {
    const measured = fate === 'probe' ? await measure(check) : missed(check)
    result = { ...measured.result, onDemand: asked }
    // A failure may be news, and so may a success where it was down; the rest can wait for company.
    const urgent = asked || measured.confirmed || (check.down === true && result.ok === true) || ending.aborted
    news = await ledger.keep({ ...measured, result }, event, urgent)
  }
  // That it is down, or back, is the answer, and goes to the same chat.
  if (asked && !news.some(isTold)) news = [...news, ...(await answer(event, check, result, tools))]
  if (news.length > 0) await publish(news)
}

/** What the person who asked is told; nothing where the monitor is gone by now. */
const answer = async (
  { data: { reason, chatId, threadId }, ...event }: Request,
  { monitorId, url }: Check,
  { ok, status, error, totalMs, warning }: ProbeResult,
  { db, sleep }: ProberTools,
): Promise<VigiaEvent[]> => {
  const monitor = await patiently(() => monitorsIn(db).get(monitorId), sleep)
  if (monitor === null || chatId === undefined || reason === 'slot') return []
  const found = { ok: ok === true, status, error, totalMs: Math.round(totalMs ?? 0), ...(warning && { warning }) }
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
        ...found,
        ...(threadId === undefined ? {} : { threadId }),
      },
    }),
  ]
}
