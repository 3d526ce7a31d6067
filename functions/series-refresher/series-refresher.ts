import { UnportableDocument } from '#database/mongo.ts'
import type { Skip } from '#database/operations/skipped-records.ts'
import type { Cause } from '#events/event.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import { skippedRecords } from '#functions/series/skipped-records.ts'
import { ShowGone, ShowUnreadable } from '#functions/tvmaze/errors.ts'
import { type Dependencies, nullIfUnavailable } from './dependencies.ts'
import { recordNotFound } from './not-found.ts'
import { changesDates, type FetchedShow, saveFetched, saveShow } from './save-show.ts'
import { isSuspicious } from './show-changes.ts'
import {
  afterList,
  type Edits,
  type ListPeriod,
  type ListsSeen,
  listToRequest,
  showsToFetch,
} from './shows-to-fetch.ts'
import { heldLongEnough, reportTrouble, type TroubleReport } from './trouble-report.ts'

const cursorName = 'series-refresher'
const never = new Date(0)
/**
 * The time limit of a tick and of its calls to TVmaze, well below the timeout of its delivery. The next tick fetches
 * the shows that are left.
 */
const tickBudgetMs = 8 * 60_000
/** After this many failures in a row TVmaze counts as unavailable, and the tick asks for no more shows. */
const maxFailuresInARow = 3

/**
 * The tick, every ten minutes: fetches the followed shows that TVmaze edited, that the catalogue lacks, that have an
 * episode soon, or whose last fetch is long ago. A show that cannot be fetched stays as it is, and the next tick tries
 * again. To report trouble to the operators (trouble-report.ts), throws RetryLater if TVmaze answered no request at
 * all, and Permanent if the new dates are not saved yet because too many shows have new dates at once.
 */
export const seriesRefresher = async (
  tick: Cause,
  { tvmaze: unlimited, ...rest }: Dependencies,
  signal?: AbortSignal,
): Promise<void> => {
  const tvmaze = unlimited.within(tickBudgetMs)
  const deps = { ...rest, tvmaze }
  const { catalogue, follows, missingShows, cursors, publish, clock, log } = deps
  const now = clock()
  const skipped = skippedRecords()
  const reportSkipped = () => skipped.report(tick, { records: deps.skippedRecords, publish, now })

  const followed = await follows.followedShows(skipped.skip)
  if (followed.length === 0) return reportSkipped()
  const cursor = await cursors.reached<{ told?: TroubleReport } & ListsSeen>(cursorName)
  const { told: lastReport = null, ...lists } = cursor?.detail ?? {}

  const period = listToRequest(lists, now)
  const edits = await requestList(period, tvmaze).catch(nullIfUnavailable(log, 'updates'))
  const known = await catalogue.freshness(followed)
  const wanted = showsToFetch(followed, known, edits, now, await missingShows.of(followed))
  const ids = wanted.map(({ id }) => id)
  const run = await fetchAll(tick, ids, deps, skipped.skip, signal)
  log.info({ what: period, wanted: wanted.length, ...run, moved: run.moved.length }, 'fetched shows from TVmaze')

  const isHeld = isSuspicious(run.moved.length, run.fetched) && !heldLongEnough(lastReport, now)
  if (!isHeld)
    for (const show of run.moved) await skipIfUnusable(show.after._id, skipped.skip, saveShow(tick, show, deps))
  await reportSkipped()

  const isComplete = run.failed === 0 && run.left === 0 && !isHeld
  const reached = isComplete && edits !== null ? now : (cursor?.reached ?? never)
  const seen = edits === null ? lists : afterList(lists, edits, isComplete, now)
  const isUnavailable = edits === null && run.fetched === 0
  if (!isUnavailable && !isHeld) return cursors.advance(cursorName, reached, seen)
  const { fail, report } = reportTrouble(isUnavailable ? 'away' : 'held', lastReport, tick.id, now)
  await cursors.advance(cursorName, reached, { ...seen, told: report })
  if (!fail) return
  if (isUnavailable)
    throw new RetryLater(
      'TVmaze does not answer, so no series could be refreshed. The next tick tries again in ten minutes.',
      300,
    )
  throw new Permanent(
    `${run.moved.length} of ${run.fetched} series have new dates at once, which is probably a mistake of TVmaze; the new dates are saved after a day if TVmaze still has them`,
  )
}

const requestList = async (period: ListPeriod, tvmaze: Dependencies['tvmaze']): Promise<Edits> => ({
  period,
  updates: await tvmaze.updates(period === 'all shows' ? undefined : period),
})

/** The result of a tick's requests. The shows in `moved` have a new date and are not saved yet. */
interface Run {
  fetched: number
  failed: number
  left: number
  moved: FetchedShow[]
}

const fetchAll = async (
  tick: Cause,
  ids: readonly number[],
  deps: Dependencies,
  skip: Skip,
  signal?: AbortSignal,
): Promise<Run> => {
  const { tvmaze, catalogue, clock, log } = deps
  const end = clock().getTime() + tickBudgetMs
  const run: Run = { fetched: 0, failed: 0, left: ids.length, moved: [] }
  let failuresInARow = 0
  for (const id of ids) {
    if (failuresInARow >= maxFailuresInARow || clock().getTime() > end || signal?.aborted) break
    run.left--
    const before = await catalogue.show(id, skip)
    try {
      const fetched = { before, after: await tvmaze.show(id) }
      run.fetched++
      failuresInARow = 0
      if (await changesDates(fetched, deps)) run.moved.push(fetched)
      else await skipIfUnusable(id, skip, saveFetched(tick, id, fetched, deps))
    } catch (error) {
      if (error instanceof ShowGone) {
        run.fetched++
        failuresInARow = 0
        await skipIfUnusable(id, skip, recordNotFound(tick, id, before, deps))
      } else if (error instanceof ShowUnreadable) {
        run.fetched++
        skip({ store: 'show', key: String(id), reason: error.message })
      } else {
        nullIfUnavailable(log, `series ${id}`)(error)
        run.failed++
        failuresInARow++
      }
    }
  }
  return run
}

/**
 * Waits for `work`, which saves and publishes one show. If that is not possible, the show is skipped, because another
 * attempt would fail too. The tick goes on with the other shows.
 */
const skipIfUnusable = async (id: number, skip: Skip, work: Promise<void>): Promise<void> => {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Permanent || error instanceof UnportableDocument)) throw error
    skip({ store: 'show', key: String(id), reason: error.message })
  }
}
