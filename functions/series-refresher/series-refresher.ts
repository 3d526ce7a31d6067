import { UnportableDocument } from '#database/mongo.ts'
import type { Cursors } from '#database/operations/cursors.ts'
import type { Skip, SkippedRecords } from '#database/operations/skipped-records.ts'
import type { Announcement, Announcements } from '#database/series/announcements.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import type { Follows } from '#database/series/follows.ts'
import type { MissingShows } from '#database/series/missing-shows.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import type { Cause, DataOf, EventOf, VigiaEvent } from '#events/event.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import type { SeriesFollowed } from '#events/series-followed.ts'
import type { EventShow } from '#events/show.ts'
import type { Clock } from '#functions/host/clock.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import type { Logger } from '#functions/host/log.ts'
import type { Publish } from '#functions/host/publish.ts'
import { announcementOf } from '#functions/series/episode-identity.ts'
import { episodeBrief, showBrief } from '#functions/series/event-show.ts'
import { skippedRecords } from '#functions/series/skipped-records.ts'
import { ShowGone, ShowUnreadable, type Tvmaze, TvmazeUnavailable } from '#functions/tvmaze/client.ts'
import { type Change, cameOutUnannounced, changes, isGone, LATE_MS, struck, suspicious } from './changes.ts'
import { heldLongEnough, type Told, telling } from './trouble.ts'
import { updatesSince, wanted } from './wanted.ts'

const JOB = 'series-refresher'
const HOUR_MS = 60 * 60_000
const NEVER = new Date(0)
/** A tick ends well before its delivery would time out; what is left over is found by the next one. */
const BUDGET_MS = 8 * 60_000
/** Shorter than the retries of series.followed take together. */
const RETRIED_MS = 4 * 60_000
/** An event has a size that the broker takes. */
const MOST_EPISODES = 500
const MOST_CHATS = 500
/** In a row: TVMaze is away, and asking on would only be rude. */
const ENOUGH_FAILURES = 3

interface Outside {
  tvmaze: Tvmaze
  catalogue: Catalogue
  follows: Pick<
    Follows,
    | 'followedShows'
    | 'zonesFollowing'
    | 'followersOf'
    | 'titleOf'
    | 'moveSubject'
    | 'nextWaiting'
    | 'isWaiting'
    | 'clearWaiting'
  >
  announcements: Pick<Announcements, 'of' | 'save' | 'markPublished' | 'copyToShow'>
  missingShows: MissingShows
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
  const { tvmaze, catalogue, follows, missingShows, cursors, clock, log } = outside
  const now = clock()
  const skipped = skippedRecords()
  const followed = await follows.followedShows(skipped.skip)
  if (followed.length === 0)
    return skipped.report(tick, { records: outside.skippedRecords, publish: outside.publish, now })
  const cursor = await cursors.reached<{ told?: Told }>(JOB)
  const seen = cursor?.reached ?? NEVER
  const before = cursor?.detail.told ?? null

  const known = await catalogue.freshness(followed)
  const missing = await missingShows.of(followed)
  const updates = await tvmaze.updates(updatesSince(seen, now)).catch(unavailable(log, 'updates'))
  const todo = wanted(followed, known, updates, now, missing)
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

/**
 * Somebody follows a series: its entry is there soon, unless it is fresh. Where several wait for their first look, each event brings one
 * look, at the one whose turn it is: many follows of one chat hold up no other chat. Throws RetryLater when TVMaze does not answer.
 */
export const seriesFollowed = async (event: EventOf<typeof SeriesFollowed>, outside: Outside): Promise<void> => {
  const { showId } = event.data
  const { follows } = outside
  const next = await follows.nextWaiting([...looking])
  if (next !== null) await look(event, next, outside)
  if (next !== showId && !(await follows.isWaiting(showId))) await look(event, showId, outside)
}

/** Series that this process asks for right now. */
const looking = new Set<number>()

const look = async (event: EventOf<typeof SeriesFollowed>, showId: number, outside: Outside): Promise<void> => {
  looking.add(showId)
  try {
    await lookOnce(event, showId, outside)
    await outside.follows.clearWaiting(showId, outside.clock())
  } finally {
    looking.delete(showId)
  }
}

const lookOnce = async (event: EventOf<typeof SeriesFollowed>, showId: number, outside: Outside): Promise<void> => {
  const { catalogue, tvmaze, clock, log } = outside
  const before = await catalogue.show(showId)
  if (before !== null && clock().getTime() - Date.parse(before.fetchedAt) < HOUR_MS) return
  try {
    await taken(event, showId, { before, after: await tvmaze.show(showId) }, outside)
  } catch (error) {
    if (error instanceof ShowUnreadable) throw new Permanent(error.message)
    if (error instanceof TvmazeUnavailable) {
      // The broker's patience is about to end: the hourly round fetches it, and a dead letter for each series would help nobody.
      if (clock().getTime() - Date.parse(event.time) > RETRIED_MS) {
        log.warn({ show: showId, status: error.status }, 'a series that was followed is left to the hourly round')
        return
      }
      throw new RetryLater(`${error.message}: series ${showId} is not in the catalogue yet`, error.retryAfterS ?? 30)
    }
    if (!(error instanceof ShowGone)) throw error
    log.warn({ show: showId }, 'a series was followed that TVMaze has no more')
    await strike(event, showId, before, outside)
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
      const renewal = { before, after }
      if (await isMoved(renewal, outside)) run.moved.push(renewal)
      else await orSkipped(id, skip, taken(tick, id, renewal, outside))
    } catch (error) {
      if (error instanceof ShowGone) {
        run.fetched++
        inARow = 0
        await orSkipped(id, skip, strike(tick, id, before, outside))
      } else if (error instanceof ShowUnreadable) {
        run.fetched++
        skip({ store: 'show', key: String(id), reason: error.message })
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
    if (!(error instanceof Permanent || error instanceof UnportableDocument)) throw error
    skip({ store: 'show', key: String(id), reason: error.message })
  }
}

const isMoved = async ({ before, after }: Renewal, { announcements, clock }: Outside): Promise<boolean> =>
  before?._id === after._id &&
  changes(before, after, clock(), beforeEdit(after, await announcements.of([after._id]))).some(
    ({ change }) => change === 'moved',
  )

const lateId = ({ _id, updated }: Show) => `show/${_id}@${updated}/late`

/** What was announced before this edit: a crash may have left the announcement that the edit itself leads to. */
const beforeEdit = (after: Show, known: Announcement[]) => known.filter(({ eventId }) => eventId !== lateId(after))

/** What TVMaze answered for `id` is kept; where the answer has another id, the one was merged into the other. */
const taken = async (cause: Cause, id: number, renewal: Renewal, outside: Outside): Promise<void> => {
  await outside.missingShows.clearMissing(id)
  await outside.follows.clearWaiting(id, outside.clock())
  if (renewal.after._id === id) return renew(cause, renewal, outside)
  return inherit(cause, id, renewal.before, renewal.after, outside)
}

/** Look, do, keep: a crash before the show is written finds the same changes again and publishes them with the same ids. */
const renew = async (cause: Cause, { before, after }: Renewal, outside: Outside): Promise<void> => {
  const { catalogue, announcements, follows, publish, clock } = outside
  if (before !== null) {
    const now = clock()
    const known = await announcements.of([after._id])
    await publish(changes(before, after, now, beforeEdit(after, known)).map(change => changed(cause, after, change)))
    const late = cameOutUnannounced(before, after, now, known, await follows.zonesFollowing(after._id))
    if (late.length > 0) await tellLate(cause, after, late, outside)
  }
  await catalogue.keep(after)
}

/** Kept as announced before the catalogue has them, so that the episode checker does not announce them too. */
const tellLate = async (cause: Cause, show: Show, late: Episode[], outside: Outside): Promise<void> => {
  const { announcements, publish, clock } = outside
  const now = clock()
  const data: DataOf<typeof EpisodeMissed> = {
    why: 'late',
    from: new Date(now.getTime() - LATE_MS).toISOString(),
    to: now.toISOString(),
    shows: [{ show: showBrief(show), episodes: late.slice(0, MOST_EPISODES).map(episodeBrief) }],
  }
  const event = { id: lateId(show), subject: `show/${show._id}`, data }
  const records = late.map(episode => announcementOf(show, episode, '', event.id))
  await announcements.save({ ...event, type: EpisodeMissed.name }, records, now)
  await publish([EpisodeMissed.from(cause, event)])
  await announcements.markPublished([event.id], now)
}

const strike = async (cause: Cause, id: number, before: Show | null, outside: Outside): Promise<void> => {
  const { catalogue, missingShows, publish, clock, log } = outside
  if (before === null) return strikeUnknown(cause, id, outside)
  const after = struck(before, clock())
  if (after.gone === true && before.gone !== true) {
    const heir = await heirOf(before, outside).catch(unavailable(log, `who is series ${before._id} now`))
    // Nobody can say yet: it is asked again at the next tick.
    if (heir === null) return catalogue.keep(before)
    if (heir !== 'none') return inherit(cause, id, before, heir, outside)
    await publish([gone(cause, showBrief(before), after.missingSince!)])
    await missingShows.markGone(id, clock())
  }
  await catalogue.keep(after)
}

/** TVMaze never answered for it: what its followers called it is all that is known. */
const strikeUnknown = async (cause: Cause, id: number, outside: Outside): Promise<void> => {
  const { follows, missingShows, publish, clock } = outside
  const now = clock()
  const missing = await missingShows.countNotFound(id, now)
  if (missing === null || missing.goneAt !== null || !isGone(missing.notFoundCount, missing.since, now)) return
  const name = (await follows.titleOf(`show/${id}`)) ?? `TVmaze ${id}`
  const show = { id, name, url: `https://www.tvmaze.com/shows/${id}`, image: null, channel: null }
  const chats = await missingShows.followersNotNotified(id)
  for (let start = 0; start < chats.length; start += MOST_CHATS) {
    const part = chats.slice(start, start + MOST_CHATS)
    await publish([gone(cause, show, `${missing.since.toISOString()}/${part[0]}`, part)])
  }
  await missingShows.markGone(id, now)
}

const gone = (cause: Cause, show: EventShow, since: string, chats?: number[]): VigiaEvent =>
  SeriesChanged.from(cause, {
    id: `show/${show.id}@${since}/gone`,
    subject: `show/${show.id}`,
    data: { change: 'gone', show, ...(chats === undefined ? {} : { chats }) },
  })

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

/**
 * Its followers follow the other from now on, and need to know only where that one has another name. What they have heard of is not told
 * again. They are told first: after the move nobody could say who they were.
 */
const inherit = async (cause: Cause, id: number, before: Show | null, heir: Show, outside: Outside): Promise<void> => {
  const { catalogue, follows, announcements, publish } = outside
  const known = await catalogue.show(heir._id)
  await announcements.copyToShow(id, heir._id)
  await renew(cause, { before: known, after: heir }, outside)
  const formerName = before?.name ?? (await follows.titleOf(`show/${id}`))
  if (formerName !== null && plainName(formerName) !== plainName(heir.name)) {
    const chats = (await follows.followersOf(`show/${id}`)).map(chat => chat.id)
    for (let start = 0; start < chats.length; start += MOST_CHATS) {
      const part = chats.slice(start, start + MOST_CHATS)
      await publish([merged(cause, id, formerName, heir, part)])
    }
  }
  await follows.moveSubject(`show/${id}`, `show/${heir._id}`)
  await catalogue.forget(id)
}

const plainName = (name: string) =>
  name
    .normalize('NFKD')
    .replace(/[^\p{Letter}\p{Number}]/gu, '')
    .toLowerCase()

const merged = (cause: Cause, id: number, formerName: string, heir: Show, chats: number[]): VigiaEvent =>
  SeriesChanged.from(cause, {
    id: `show/${id}/merged/${heir._id}/${chats[0]}`,
    subject: `show/${heir._id}`,
    data: { change: 'merged', show: showBrief(heir), formerName, chats },
  })

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
      ...(news.change === 'ended' && news.last !== null ? { episode: episodeBrief(news.last) } : {}),
    },
  })

const unavailable =
  (log: Logger, what: string) =>
  (error: unknown): null => {
    if (!(error instanceof TvmazeUnavailable)) throw error
    log.warn({ what, status: error.status }, error.message)
    return null
  }
