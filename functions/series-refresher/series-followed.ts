import type { EventOf } from '#events/event.ts'
import type { SeriesFollowed } from '#events/series-followed.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import { ShowGone, ShowUnreadable, TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import type { Dependencies } from './dependencies.ts'
import { recordNotFound } from './not-found.ts'
import { saveFetched } from './save-show.ts'

const freshMs = 60 * 60_000
/** A failed fetch is retried until this long after the follow. The broker's retries of series.followed end later. */
const retryMs = 4 * 60_000

/**
 * The time limit of all calls for one event, well below the timeout of its delivery. If TVmaze is so slow that the
 * calls need more time, the broker delivers the event again.
 */
const callsBudgetMs = 100_000

/**
 * Fetches a show soon after a chat followed it, unless it was fetched within the last hour. If several shows wait for
 * their first fetch, each event fetches the next show of the queue, so that many follows of one chat do not delay the
 * other chats. Throws RetryLater if TVmaze is unavailable.
 */
export const seriesFollowed = async (
  event: EventOf<typeof SeriesFollowed>,
  { tvmaze, ...rest }: Dependencies,
): Promise<void> => {
  const deps = { ...rest, tvmaze: tvmaze.within(callsBudgetMs) }
  const { showId } = event.data
  const { follows } = deps
  const next = await follows.nextWaiting([...inProgress])
  if (next !== null) await fetchFollowed(event, next, deps)
  if (next !== showId && !(await follows.isWaiting(showId))) await fetchFollowed(event, showId, deps)
}

/** The shows that this process fetches at the moment. */
const inProgress = new Set<number>()

const fetchFollowed = async (event: EventOf<typeof SeriesFollowed>, showId: number, deps: Dependencies) => {
  inProgress.add(showId)
  try {
    await fetchUnlessFresh(event, showId, deps)
    await deps.follows.clearWaiting(showId, deps.clock())
  } finally {
    inProgress.delete(showId)
  }
}

const fetchUnlessFresh = async (event: EventOf<typeof SeriesFollowed>, showId: number, deps: Dependencies) => {
  const { catalogue, tvmaze, clock, log } = deps
  const before = await catalogue.show(showId)
  if (before !== null && clock().getTime() - Date.parse(before.fetchedAt) < freshMs) return
  try {
    await saveFetched(event, showId, { before, after: await tvmaze.show(showId) }, deps)
  } catch (error) {
    if (error instanceof ShowUnreadable) throw new Permanent(error.message)
    if (error instanceof TvmazeUnavailable) {
      // The broker's retries end soon after this time. A dead letter for each show would not help the operators,
      // because the next tick fetches the show.
      if (clock().getTime() - Date.parse(event.time) > retryMs) {
        log.warn(
          { show: showId, tvmazeStatus: error.status },
          'TVmaze did not answer for a followed series; the next tick fetches it',
        )
        return
      }
      throw new RetryLater(`${error.message}: series ${showId} is not in the catalogue yet`, error.retryAfterS ?? 30)
    }
    if (!(error instanceof ShowGone)) throw error
    log.warn({ show: showId }, 'TVmaze does not have the followed series any more')
    await recordNotFound(event, showId, before, deps)
  }
}
