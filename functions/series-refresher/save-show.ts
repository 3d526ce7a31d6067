import type { Announcement } from '#database/series/announcements.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import type { Cause, DataOf } from '#events/event.ts'
import { announcementOf } from '#functions/series/episode-identity.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'
import { comparableName } from '#functions/wording/fold.ts'
import type { Dependencies } from './dependencies.ts'
import { changedEvent, inParts, mergedEvent } from './series-changed-events.ts'
import { lateEpisodes, maxLateMs, showChanges } from './show-changes.ts'

/** The highest number of episodes in one event, so that the broker accepts the size of the event. */
const maxEpisodesPerEvent = 500

/** A show as the catalogue has it (null if the catalogue does not have it), and as TVmaze has it now. */
export interface FetchedShow {
  before: Show | null
  after: Show
}

/**
 * Saves TVmaze's response to a request for the show `id`. A response with another id means that TVmaze merged the show
 * into the show with that id.
 */
export const saveFetched = async (
  cause: Cause,
  id: number,
  fetched: FetchedShow,
  deps: Dependencies,
): Promise<void> => {
  await deps.missingShows.clearMissing(id)
  await deps.follows.clearWaiting(id, deps.clock())
  if (fetched.after._id === id) return saveShow(cause, fetched, deps)
  return mergeInto(cause, id, fetched.before, fetched.after, deps)
}

/**
 * Publishes the changes of a show, then writes the show to the catalogue. After a crash in between, the next attempt
 * finds the same changes again and publishes them with the same ids.
 */
export const saveShow = async (cause: Cause, { before, after }: FetchedShow, deps: Dependencies): Promise<void> => {
  const { catalogue, announcements, follows, looks, seriesNames, publish, clock } = deps
  if (before !== null) {
    const now = clock()
    const announced = await announcements.of([after._id])
    const found = showChanges(before, after, now, announcedBeforeEdit(after, announced))
    await publish(found.map(change => changedEvent(cause, after, change)))
    const late = lateEpisodes(before, after, now, announced, await follows.zonesFollowing(after._id))
    if (late.length > 0) await announceLate(cause, after, late, deps)
  }
  await catalogue.keep(after)
  await seriesNames.save(after._id, namesOf(after))
  // Also if the show seems unchanged, because the process may have ended after an earlier write.
  await looks.showChanged(after._id)
}

/** The names by which a search finds the show. */
const namesOf = ({ name, names }: Show): string[] =>
  [name, names.pt ?? '', ...(names.others ?? [])].map(comparableName).filter(Boolean)

/** Whether TVmaze's edit changes the date of an episode that followers wait for. */
export const changesDates = async (
  { before, after }: FetchedShow,
  { announcements, clock }: Dependencies,
): Promise<boolean> => {
  if (before?._id !== after._id) return false
  const announced = announcedBeforeEdit(after, await announcements.of([after._id]))
  return showChanges(before, after, clock(), announced).some(({ change }) => change === 'moved')
}

const lateEventId = ({ _id, updated }: Show) => `show/${_id}@${updated}/late`

/**
 * The announcements from before TVmaze's edit of the show. `announced` also contains those that an earlier attempt to
 * handle the same edit saved, if it crashed before it wrote the show to the catalogue. They are left out.
 */
const announcedBeforeEdit = (after: Show, announced: Announcement[]) =>
  announced.filter(({ eventId }) => eventId !== lateEventId(after))

/**
 * Announces late episodes. The announcements are saved before the show is written to the catalogue, so that the
 * episode-checker does not announce the episodes again.
 */
const announceLate = async (cause: Cause, show: Show, late: Episode[], deps: Dependencies): Promise<void> => {
  const { announcements, publish, clock } = deps
  const now = clock()
  const data: DataOf<typeof EpisodeMissed> = {
    why: 'late',
    from: new Date(now.getTime() - maxLateMs).toISOString(),
    to: now.toISOString(),
    shows: [{ show: toEventShow(show), episodes: late.slice(0, maxEpisodesPerEvent).map(toEventEpisode) }],
  }
  const event = { id: lateEventId(show), subject: `show/${show._id}`, data }
  const records = late.map(episode => announcementOf(show, episode, null, event.id))
  await announcements.save({ ...event, type: EpisodeMissed.name }, records, now)
  await publish([EpisodeMissed.from(cause, event)])
  await announcements.markPublished([event.id], now)
}

/**
 * Moves the followers of the show `id` to the show that TVmaze merged it into. The followers get a message only if the
 * two shows have different names. The event is published before the move, because afterwards the former followers
 * cannot be distinguished from the others. Episodes that were announced under the old id are not announced again.
 */
export const mergeInto = async (
  cause: Cause,
  id: number,
  before: Show | null,
  mergedInto: Show,
  deps: Dependencies,
): Promise<void> => {
  const { catalogue, follows, announcements, noticeSettings, seen, seriesNames, publish } = deps
  const known = await catalogue.show(mergedInto._id)
  await announcements.copyToShow(id, mergedInto._id)
  await saveShow(cause, { before: known, after: mergedInto }, deps)
  const formerName = before?.name ?? (await follows.titleOf(`show/${id}`))
  if (formerName !== null && comparableName(formerName) !== comparableName(mergedInto.name)) {
    const chats = (await follows.followersOf(`show/${id}`)).map(chat => chat.id)
    for (const part of inParts(chats)) await publish([mergedEvent(cause, id, formerName, mergedInto, part)])
  }
  await noticeSettings.moveShow(id, mergedInto._id)
  await seen.moveShow(id, mergedInto._id)
  await follows.moveSubject(`show/${id}`, `show/${mergedInto._id}`)
  await seriesNames.forget(id)
  await catalogue.forget(id)
}
