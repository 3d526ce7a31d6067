import type { Show } from '#database/series/show.ts'
import type { Cause } from '#events/event.ts'
import { toEventShow } from '#functions/series/event-show.ts'
import { ShowGone } from '#functions/tvmaze/errors.ts'
import { type Dependencies, nullIfUnavailable } from './dependencies.ts'
import { mergeInto } from './save-show.ts'
import { goneEvent, inParts } from './series-changed-events.ts'
import { countNotFound, isGone } from './show-changes.ts'

/**
 * Records that TVmaze answered 404 for the show `id`. When the show is gone for good, its followers are moved to the
 * show that TVmaze merged it into, or get a message.
 */
export const recordNotFound = async (
  cause: Cause,
  id: number,
  before: Show | null,
  deps: Dependencies,
): Promise<void> => {
  const { catalogue, missingShows, publish, clock, log } = deps
  if (before === null) return recordNeverFound(cause, id, deps)
  const after = countNotFound(before, clock())
  if (after.gone === true && before.gone !== true) {
    const mergedInto = await findMergedInto(before, deps).catch(
      nullIfUnavailable(log, `the show that series ${before._id} was merged into`),
    )
    // TVmaze is unavailable. The show is saved unchanged, so the next tick asks again.
    if (mergedInto === null) return catalogue.keep(before)
    if (mergedInto !== 'none') return mergeInto(cause, id, before, mergedInto, deps)
    await publish([goneEvent(cause, toEventShow(before), after.missingSince!)])
    await missingShows.markGone(id, clock())
  }
  await catalogue.keep(after)
}

/** Records a 404 for a show that is not in the catalogue. Only its name at the time of the follow is known. */
const recordNeverFound = async (cause: Cause, id: number, deps: Dependencies): Promise<void> => {
  const { follows, missingShows, publish, clock } = deps
  const now = clock()
  const missing = await missingShows.countNotFound(id, now)
  if (missing === null || missing.goneAt !== null || !isGone(missing.notFoundCount, missing.since, now)) return
  const name = (await follows.titleOf(`show/${id}`)) ?? `TVmaze ${id}`
  const show = { id, name, url: `https://www.tvmaze.com/shows/${id}`, image: null, channel: null }
  for (const part of inParts(await missingShows.followersNotNotified(id)))
    await publish([goneEvent(cause, show, `${missing.since.toISOString()}/${part[0]}`, part)])
  await missingShows.markGone(id, now)
}

/**
 * The show that now has this show's id at IMDb or TheTVDB; 'none' if there is no other show. TVmaze merges duplicates,
 * and does not always redirect from the old id to the new one.
 */
const findMergedInto = async ({ _id, imdb, thetvdb }: Show, { tvmaze }: Dependencies): Promise<Show | 'none'> => {
  const found =
    (imdb === null ? null : await tvmaze.lookup({ imdb })) ??
    (thetvdb === null ? null : await tvmaze.lookup({ thetvdb }))
  if (found === null || found.id === _id) return 'none'
  return tvmaze.show(found.id).catch(error => {
    if (error instanceof ShowGone) return 'none'
    throw error
  })
}
