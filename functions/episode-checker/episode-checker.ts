import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { type Skip, skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { type Announcement, type AnnouncementEvent, announcementsIn } from '#database/series/announcements.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import { type Follows, followsIn } from '#database/series/follows.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import type { Cause, DataOf, VigiaEvent } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import { Permanent } from '#functions/host/errors.ts'
import type { Publish } from '#functions/host/publish.ts'
import { announcedZones, announcementOf, episodeKey, graceMs } from '#functions/series/episode-identity.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'
import { skippedRecords } from '#functions/series/skipped-records.ts'
import { isZone } from '#functions/wording/dates.ts'
import { type DueEpisodes, dueIn, type Span } from './due.ts'

const cursorName = 'episode-checker'
const dayMs = 24 * 60 * 60_000
const keepEventsMs = 30 * dayMs
/**
 * The highest number of episodes in one event, so that the broker accepts the size of the event. Further episodes count
 * as announced but are not listed.
 */
const maxEpisodesPerEvent = 500
const maxShowsPerEvent = 200

/** What the rule reads, writes and calls. */
interface Dependencies {
  db: Postgres
  catalogue: Pick<Catalogue, 'airing' | 'dated'>
  publish: Publish
  clock: Clock
}

/**
 * Handles a tick: announces the episodes that came out since the last tick. One transaction writes the announcements,
 * their events and the cursor. Afterwards all events that are not marked as published are published. After a crash at
 * any point, the next tick publishes the rest with the same ids, so that every saved announcement gets its event.
 */
export const episodeChecker = async (tick: Cause, deps: Dependencies): Promise<void> => {
  const { db, publish, clock } = deps
  const now = clock()
  const skipped = skippedRecords()
  await db.transaction(async tx => {
    await cursorsIn(tx).lock(cursorName)
    await announceDue(tx, deps.catalogue, skipped.skip, now)
  })
  const announcements = announcementsIn(db)
  const events = await announcements.unpublished()
  await publishEach(
    events.map(event => eventOf(tick, event)),
    publish,
    skipped.skip,
  )
  if (events.length > 0) {
    await announcements.markPublished(
      events.map(({ id }) => id),
      now,
    )
    await announcements.forgetEventsBefore(new Date(now.getTime() - keepEventsMs))
  }
  await skipped.report(tick, { records: skippedRecordsIn(db), publish, now })
}

/**
 * Publishes the events. An event that the broker refuses for good is skipped, because it would hold back the others at
 * every tick.
 */
const publishEach = async (events: VigiaEvent[], publish: Publish, skip: Skip): Promise<void> => {
  try {
    await publish(events)
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    for (const event of events) {
      await publish([event]).catch(refusal => {
        if (!(refusal instanceof Permanent)) throw refusal
        skip({ store: 'announcement_event', key: event.id, reason: refusal.message })
      })
    }
  }
}

/** Announces the episodes that are due at `now`: writes the announcements, the events to publish and the cursor. */
const announceDue = async (
  tx: Postgres,
  catalogue: Dependencies['catalogue'],
  skip: Skip,
  now: Date,
): Promise<void> => {
  const cursors = cursorsIn(tx)
  // Every tick looks at the whole grace period, because TVmaze may add episodes that are in the past already, or move
  // episodes into the past, and the catalogue may get these changes late.
  const recent = { from: new Date(now.getTime() - graceMs), to: now }
  // The time from the last tick to the beginning of the grace period. This span is empty at the first run, and if the
  // last tick was within the grace period.
  const missed = { from: (await cursors.reached(cursorName))?.reached ?? recent.from, to: recent.from }

  const follows = followsIn(tx)
  const shows = await showsAround(catalogue, follows, earlier(missed.from, recent.from), now, skip)
  const announced = await announcementsIn(tx).of(shows.map(({ show }) => show._id))
  const due = await withFollowers(dueIn(recent, shows, announced), follows)
  const late = missed.from < missed.to ? await withFollowers(dueIn(missed, shows, announced), follows) : []
  // The late episodes are folded into one message, which goes to the followers in all zones. If the followers in one
  // zone have the announcement of an episode already, the other zones get separate events, because the folded message
  // would repeat the announcement in that zone.
  const [folded, separate] = partition(late, ({ show, episodes }) =>
    episodes.every(episode => announcedZones(show, episode, announced).size === 0),
  )

  const announcements = announcementsIn(tx)
  const usedIds = new Set(announced.map(({ eventId }) => eventId))
  for (const each of [...due, ...separate]) {
    const event = dueEvent(each, usedIds)
    await announcements.save(event, recordsOf(each, event.id), now)
  }
  const byShow = [...Map.groupBy(folded, ({ show }) => show._id).values()]
  for (let start = 0; start < byShow.length; start += maxShowsPerEvent) {
    const part = byShow.slice(start, start + maxShowsPerEvent)
    const event = missedEvent(part, missed, start)
    await announcements.save(
      event,
      part.flat().flatMap(each => recordsOf({ ...each, zone: '' }, event.id)),
      now,
    )
  }
  await cursors.advance(cursorName, now)
}

/**
 * The followed shows, each with the episodes that may be due between `from` and `to`, and with the zones of its
 * followers.
 */
const showsAround = async (
  catalogue: Dependencies['catalogue'],
  follows: Follows,
  from: Date,
  to: Date,
  skip: Skip,
) => {
  const followed = new Set(await follows.followedShows(skip))
  // If no chat follows any show, the catalogue is not queried, because loading the MongoDB driver takes half the time
  // of a cold start.
  if (followed.size === 0) return []
  const skipFollowed: Skip = record => {
    if (followed.has(Number(record.key))) skip(record)
  }
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  const [timed, dated] = await Promise.all([
    catalogue.airing(from, new Date(to.getTime() + 1), skipFollowed),
    // A date begins and ends at different instants in different zones, so one more day is read at both ends.
    catalogue.dated(day(from.getTime() - dayMs), day(to.getTime() + dayMs), skipFollowed),
  ])
  const found = new Map<number, { show: Show; episodes: Episode[] }>()
  for (const { show, episodes } of [...timed, ...dated]) {
    if (!followed.has(show._id)) continue
    const before = found.get(show._id)
    found.set(show._id, { show, episodes: [...(before?.episodes ?? []), ...episodes] })
  }
  const around = []
  for (const each of found.values()) {
    const zones = await follows.zonesFollowing(each.show._id)
    for (const zone of zones.filter(zone => !isZone(zone)))
      skip({
        store: 'chat',
        key: `zone ${zone}`,
        reason: 'this time zone does not exist, so the default time zone is used; correct the zone of these chats',
      })
    around.push({ ...each, zones })
  }
  return around
}

/**
 * The entries of `due` whose show was followed by at least one chat before the episodes were due. Chats that followed
 * the show later do not count.
 */
const withFollowers = async (due: DueEpisodes[], follows: Follows): Promise<DueEpisodes[]> => {
  const followed: DueEpisodes[] = []
  for (const each of due) {
    const { show, at: before, zone } = each
    const followers = await follows.followersOf(`show/${show._id}`, zone === '' ? { before } : { before, zone })
    if (followers.length > 0) followed.push(each)
  }
  return followed
}

/**
 * The event for due episodes. Its id comes from the slot, so a slot that is found twice makes one event. Episodes that
 * join a slot after its announcement get another event.
 */
const dueEvent = ({ show, episodes, at, zone, slot }: DueEpisodes, usedIds: Set<string>): AnnouncementEvent => {
  const slotId = `show/${show._id}@${slot}`
  const data: DataOf<typeof EpisodeDue> = {
    show: toEventShow(show),
    episodes: episodes.slice(0, maxEpisodesPerEvent).map(toEventEpisode),
    followedBefore: at.toISOString(),
    ...(zone === '' ? {} : { zone }),
  }
  return {
    id: usedIds.has(slotId) ? `${slotId}/${episodeKey(episodes[0]!)}` : slotId,
    type: EpisodeDue.name,
    subject: `show/${show._id}`,
    data,
  }
}

/**
 * The event for one folded message about missed episodes. `start` is the index of its first show among all shows with
 * missed episodes: 0, unless the shows do not fit into one event.
 */
const missedEvent = (byShow: DueEpisodes[][], { from, to }: Span, start: number): AnnouncementEvent => {
  const data: DataOf<typeof EpisodeMissed> = {
    from: from.toISOString(),
    to: to.toISOString(),
    shows: byShow.map(dues => {
      // An episode without an hour is due once in every zone, so `dues` contains it several times.
      const episodes = new Map(dues.flatMap(due => due.episodes).map(episode => [episode.id, toEventEpisode(episode)]))
      return { show: toEventShow(dues[0]!.show), episodes: [...episodes.values()].slice(0, maxEpisodesPerEvent) }
    }),
  }
  const part = start === 0 ? '' : `/${start}`
  return { id: `episodes@${from.toISOString()}${part}`, type: EpisodeMissed.name, subject: 'episodes', data }
}

const recordsOf = ({ show, episodes, zone }: DueEpisodes, eventId: string): Announcement[] =>
  episodes.map(episode => announcementOf(show, episode, zone, eventId))

const eventOf = (tick: Cause, { id, type, subject, data }: AnnouncementEvent): VigiaEvent =>
  type === EpisodeDue.name
    ? EpisodeDue.from(tick, { id, subject, data: data as DataOf<typeof EpisodeDue> })
    : EpisodeMissed.from(tick, { id, subject, data: data as DataOf<typeof EpisodeMissed> })

const earlier = (one: Date, other: Date) => new Date(Math.min(one.getTime(), other.getTime()))

const partition = <T>(all: T[], isFirst: (each: T) => boolean): [T[], T[]] => [
  all.filter(isFirst),
  all.filter(each => !isFirst(each)),
]
