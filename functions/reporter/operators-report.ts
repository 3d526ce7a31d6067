import type { Cursors } from '#database/operations/cursors.ts'
import type { figuresIn } from '#database/operations/figures.ts'
import type { DatabaseSizes, OperatorsFigures } from '#database/operations/operators-figures.ts'
import type { Cause } from '#events/event.ts'
import { OperatorsReport } from '#events/operators-report.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Publish } from '#functions/host/publish.ts'
import { lastDue, periodOfDue } from '#functions/report/schedule.ts'

const job = 'operators-report'
/** 08:00 in Brasília. */
const schedule = { frequency: 'daily', weekday: 1, hour: 8 } as const
const zone = 'America/Sao_Paulo'
const tablesShown = 5

interface Dependencies {
  cursors: Pick<Cursors, 'advance' | 'reached'>
  figures: Pick<ReturnType<typeof figuresIn>, 'monitorsByState' | 'recentChecks' | 'outbox' | 'deadLettersByKind'>
  operatorsFigures: OperatorsFigures
  clock: Clock
  publish: Publish
}

/** What is stored for the next report, which compares its own figures with these. */
interface LastReport {
  sizes: DatabaseSizes
  newestEvent: number | null
}

/**
 * Publishes the report for the operators once a day; after a gap only the latest one. The first tick of an installation
 * publishes no report and only stores what the first report compares its figures with.
 */
export const operatorsReport = async (tick: Cause, dependencies: Dependencies): Promise<void> => {
  const { cursors, operatorsFigures, clock, publish } = dependencies
  const now = clock()
  const dueAt = lastDue(schedule, zone, now)
  const last = await cursors.reached<Partial<LastReport>>(job)
  if (last !== null && last.reached >= dueAt) return
  const present: LastReport = {
    sizes: await operatorsFigures.sizes(),
    newestEvent: await operatorsFigures.newestEvent(),
  }
  if (last !== null) await publish([await reportOf(tick, dueAt, present, last.detail, dependencies)])
  await cursors.advance(job, now, present)
}

const reportOf = async (
  tick: Cause,
  dueAt: Date,
  { sizes, newestEvent }: LastReport,
  last: Partial<LastReport>,
  { figures, operatorsFigures }: Dependencies,
) => {
  const { from, to } = periodOfDue(dueAt, schedule, zone)
  const { latenessS } = await figures.recentChecks(dueAt)
  const { kinds, others } = await figures.deadLettersByKind(dueAt)
  const grown = (bytes: number, before: number | undefined) => (before === undefined ? null : bytes - before)
  return OperatorsReport.from(tick, {
    id: `operators/report@${dueAt.toISOString()}`,
    subject: 'operators',
    data: {
      from: from.toISOString(),
      to: to.toISOString(),
      monitors: await figures.monitorsByState(),
      missedChecks: await operatorsFigures.missedChecks(from, to),
      latenessS: { half: latenessS[50], most: latenessS[99], all: latenessS[100] },
      messages: { ...(await operatorsFigures.messages(from, to)), waiting: (await figures.outbox()).waiting },
      deadLetters: kinds,
      otherDeadLetters: others,
      events: newestEvent === null || last.newestEvent == null ? null : Math.max(0, newestEvent - last.newestEvent),
      database: { bytes: sizes.bytes, grown: grown(sizes.bytes, last.sizes?.bytes) },
      tables: Object.entries(sizes.tables)
        .map(([name, bytes]) => ({ name, bytes, grown: grown(bytes, last.sizes?.tables[name]) }))
        .sort((one, other) => other.bytes - one.bytes)
        .slice(0, tablesShown),
    },
  })
}
