import type { Announcements } from '#database/announcements.ts'
import type { Catalogue, Show } from '#database/catalogue.ts'
import type { Cursors } from '#database/cursors.ts'
import type { Follows } from '#database/follows.ts'
import { Unportable } from '#database/mongo.ts'
import type { Skip, SkippedRecords } from '#database/skipped-records.ts'
import type { Cause, EventOf, VigiaEvent } from '#events/event.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import type { SeriesFollowed } from '#events/series-followed.ts'
import { episodeBrief, showBrief } from '../brief.ts'
import type { Clock } from '../clock.ts'
import { Permanent, RetryLater } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Publish } from '../publish.ts'
import { skippedRecords } from '../skipped.ts'
import { ShowGone, type Tvmaze, TvmazeUnavailable } from '../tvmaze.ts'
import { type Change, changes, struck, suspicious } from './changes.ts'
import { heldLongEnough, type Told, telling } from './trouble.ts'
import { updatesSince, wanted } from './wanted.ts'

const JOB = 'series-refresher'
const HOUR_MS = 60 * 60_000
const NEVER = new Date(0)
/** A tick ends well before its delivery would time out; what is left over is found by the next one. */
const BUDGET_MS = 8 * 60_000
/** In a row: TVMaze is away, and asking on would only be rude. */
const ENOUGH_FAILURES = 3

interface Outside {
  tvmaze: Tvmaze
  catalogue: Catalogue
  follows: Pick<Follows, 'followedShows' | 'move'>
  announcements: Pick<Announcements, 'inherit'>
  cursors: Pick<Cursors, 'reached' | 'advance'>
  skippedRecords: SkippedRecords
  publish: Publish
  clock: Clock
  log: Logger
}

/**
 * The hourly tick: fetches the followed shows that TVMaze edited, that the catalogue lacks, or that nobody looked at for long.
 * What could not be fetched stays as it was and is tried at the next tick. Throws RetryLater when TVMaze gave nothing at all.
 */
export const seriesRefresher = async (tick: Cause, outside: Outside, signal?: AbortSignal): Promise<void> => {
  const { tvmaze, catalogue, follows, cursors, clock, log } = outside
  const now = clock()
  const skipped = skippedRecords()
  const followed = await follows.followedShows(skipped.skip)
  if (followed.length === 0)
    return skipped.report(tick, { records: outside.skippedRecords, publish: outside.publish, now })
  const cursor = await cursors.reached<{ told?: Told }>(JOB)
  const seen = cursor?.reached ?? NEVER
  const before = cursor?.detail.told ?? null

  const known = await catalogue.freshness(followed)
  const updates = await tvmaze.updates(updatesSince(seen, now)).catch(unavailable(log, 'updates'))
  const todo = wanted(followed, known, updates, now)
  const run = await fetchAll(
    tick,
    todo.map(({ id }) => id),
    outside,
    skipped.skip,
    signal,
  )
  log.info({ wanted: todo.length, ...run, moved: run.moved.length }, 'looked at TVMaze')

  const away = updates === null && run.fetched === 0
  const held = suspicious(run.moved.length, run.fetched) && !heldLongEnough(before, now)
  if (!held) for (const show of run.moved) await orSkipped(show.after._id, skipped.skip, renew(tick, show, outside))
  await skipped.report(tick, { records: outside.skippedRecords, publish: outside.publish, now })

  const complete = updates !== null && run.failed === 0 && run.left === 0 && !held
  const reached = complete ? now : seen
  if (!away && !held) return cursors.advance(JOB, reached, {})
  const { tell, told } = telling(away ? 'away' : 'held', before, tick.id, now)
  await cursors.advance(JOB, reached, { told })
  if (!tell) return
  if (away)
    throw new RetryLater('TVMaze does not answer, so no series could be refreshed. It is asked again every hour.', 300)
  throw new Permanent(
    `${run.moved.length} of ${run.fetched} series have new dates at once: held back for a day, in case TVMaze is mistaken`,
  )
}

/** Somebody follows a series: its entry is there at once, unless it is fresh. Throws RetryLater when TVMaze does not answer. */
export const seriesFollowed = async (event: EventOf<typeof SeriesFollowed>, outside: Outside): Promise<void> => {
  const { showId } = event.data
  const { catalogue, tvmaze, clock, log } = outside
  const before = await catalogue.show(showId)
  if (before !== null && clock().getTime() - Date.parse(before.fetchedAt) < HOUR_MS) return
  try {
    await renew(event, { before, after: await tvmaze.show(showId) }, outside)
  } catch (error) {
    if (error instanceof TvmazeUnavailable) {
      throw new RetryLater(`${error.message}: series ${showId} is not in the catalogue yet`, error.retryAfterS ?? 30)
    }
    if (!(error instanceof ShowGone)) throw error
    log.warn({ show: showId }, 'a series was followed that TVMaze has no more')
    if (before !== null) await strike(event, before, outside)
  }
}

interface Renewal {
  before: Show | null
  after: Show
}

/** How far a run came. What has a new date is not written yet. */
interface Run {
  fetched: number
  failed: number
  left: number
  moved: Renewal[]
}

const fetchAll = async (
  tick: Cause,
  ids: readonly number[],
  outside: Outside,
  skip: Skip,
  signal?: AbortSignal,
): Promise<Run> => {
  const { tvmaze, catalogue, clock, log } = outside
  const end = clock().getTime() + BUDGET_MS
  const run: Run = { fetched: 0, failed: 0, left: ids.length, moved: [] }
  let inARow = 0
  for (const id of ids) {
    if (inARow >= ENOUGH_FAILURES || clock().getTime() > end || signal?.aborted) break
    run.left--
    const before = await catalogue.show(id, skip)
    try {
      const after = await tvmaze.show(id)
      run.fetched++
      inARow = 0
      const isMoved = before !== null && changes(before, after, clock()).some(({ change }) => change === 'moved')
      if (isMoved) run.moved.push({ before, after })
      else await orSkipped(id, skip, renew(tick, { before, after }, outside))
    } catch (error) {
      if (error instanceof ShowGone) {
        run.fetched++
        inARow = 0
        if (before !== null) await strike(tick, before, outside)
      } else {
        unavailable(log, `series ${id}`)(error)
        run.failed++
        inARow++
      }
    }
  }
  return run
}

/** Goes on with the other series where this one cannot be kept or told of, whoever asks again. */
const orSkipped = async (id: number, skip: Skip, work: Promise<void>): Promise<void> => {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Permanent || error instanceof Unportable)) throw error
    skip({ store: 'show', key: String(id), reason: error.message })
  }
}

/** Look, do, keep: a crash before the show is written finds the same changes again and publishes them with the same ids. */
const renew = async (
  cause: Cause,
  { before, after }: Renewal,
  { catalogue, publish, clock }: Outside,
): Promise<void> => {
  const news = before === null ? [] : changes(before, after, clock())
  await publish(news.map(change => changed(cause, after, change)))
  await catalogue.keep(after)
}

const strike = async (cause: Cause, before: Show, outside: Outside): Promise<void> => {
  const { catalogue, publish, clock, log } = outside
  const after = struck(before, clock())
  if (after.gone === true && before.gone !== true) {
    const heir = await heirOf(before, outside).catch(unavailable(log, `who is series ${before._id} now`))
    // Nobody can say yet: it is asked again at the next tick.
    if (heir === null) return catalogue.keep(before)
    if (heir !== 'none') return inherit(before, heir, outside)
    await publish([
      SeriesChanged.from(cause, {
        id: `show/${after._id}@${after.missingSince}/gone`,
        subject: `show/${after._id}`,
        data: { change: 'gone', show: showBrief(after) },
      }),
    ])
  }
  await catalogue.keep(after)
}

/** The show that has the other ids of this one: TVMaze merges what was listed twice, and does not redirect. */
const heirOf = async ({ _id, imdb, thetvdb }: Show, { tvmaze }: Outside): Promise<Show | 'none'> => {
  const found =
    (imdb === null ? null : await tvmaze.lookup({ imdb })) ??
    (thetvdb === null ? null : await tvmaze.lookup({ thetvdb }))
  if (found === null || found.id === _id) return 'none'
  return tvmaze.show(found.id).catch(error => {
    if (error instanceof ShowGone) return 'none'
    throw error
  })
}

/** Its followers follow the other from now on, and need not know. What they have heard of is not told again. */
const inherit = async (before: Show, heir: Show, { catalogue, follows, announcements }: Outside): Promise<void> => {
  await catalogue.keep(heir)
  await announcements.inherit(before._id, heir._id)
  await follows.move(`show/${before._id}`, `show/${heir._id}`)
}

const changed = (cause: Cause, show: Show, news: Change): VigiaEvent =>
  SeriesChanged.from(cause, {
    // TVMaze's edit names it: found twice it is one, and moved back and forth it is two.
    id: `show/${show._id}@${show.updated}/${news.change}`,
    subject: `show/${show._id}`,
    data: {
      change: news.change,
      show: showBrief(show),
      ...(news.change === 'moved'
        ? {
            episode: episodeBrief(news.episode),
            before: { airdate: news.before.airdate, airstamp: news.before.airstamp },
          }
        : {}),
    },
  })

const unavailable =
  (log: Logger, what: string) =>
  (error: unknown): null => {
    if (!(error instanceof TvmazeUnavailable)) throw error
    log.warn({ what, status: error.status }, error.message)
    return null
  }
