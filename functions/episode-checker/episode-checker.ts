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
import { announcedZones, announcementOf, episodeKey, GRACE_MS } from '#functions/series/episode-identity.ts'
import { episodeBrief, showBrief } from '#functions/series/event-show.ts'
import { skippedRecords } from '#functions/series/skipped-records.ts'
import { isZone } from '#functions/wording/dates.ts'
import { type Due, dueIn, type Span } from './due.ts'

const JOB = 'episode-checker'
const DAY_MS = 24 * 60 * 60_000
const EVENTS_KEPT_MS = 30 * DAY_MS
/** An event has a size that the broker takes: what is announced at once beyond these is recorded and not listed. */
const MOST_EPISODES = 500
const MOST_SHOWS = 200

interface Outside {
  db: Postgres
  catalogue: Pick<Catalogue, 'airing' | 'dated'>
  publish: Publish
  clock: Clock
}

/**
 * A tick: announces what came out since the last one. The announcements, their events and the cursor are kept in one
 * transaction, and only then is published what is not known to be: a crash at any point leaves events that the next tick
 * publishes with the same ids, and never one that is both marked and unsaid.
 */
export const episodeChecker = async (tick: Cause, outside: Outside): Promise<void> => {
  const { db, publish, clock } = outside
  const now = clock()
  const skipped = skippedRecords()
  await db.transaction(async tx => {
    await cursorsIn(tx).lock(JOB)
    await look(tx, outside.catalogue, skipped.skip, now)
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
    await announcements.forgetEventsBefore(new Date(now.getTime() - EVENTS_KEPT_MS))
  }
  await skipped.report(tick, { records: skippedRecordsIn(db), publish, now })
}

/** All of them; one that the broker will never take is left out, because it would hold back the others at every tick. */
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

const look = async (tx: Postgres, catalogue: Outside['catalogue'], skip: Skip, now: Date): Promise<void> => {
  const cursors = cursorsIn(tx)
  // Always the whole grace: what TVMaze adds or moves into the past, or the catalogue gets late, is found like that.
  const recent = { from: new Date(now.getTime() - GRACE_MS), to: now }
  // The very first run has missed nothing; that nobody hears of what came before they followed is seen to below.
  const missed = { from: (await cursors.reached(JOB))?.reached ?? recent.from, to: recent.from }

  const follows = followsIn(tx)
  const shows = await showsAround(catalogue, follows, earlier(missed.from, recent.from), now, skip)
  const known = await announcementsIn(tx).of(shows.map(({ show }) => show._id))
  const due = await heardBySomebody(dueIn(recent, shows, known), follows)
  const late = missed.from < missed.to ? await heardBySomebody(dueIn(missed, shows, known), follows) : []
  // Where a zone has heard of an episode, the others get their own event, however late: the folded one goes to all.
  const [folded, apart] = partition(late, ({ show, episodes }) =>
    episodes.every(episode => announcedZones(show, episode, known).size === 0),
  )

  const announcements = announcementsIn(tx)
  const taken = new Set(known.map(({ eventId }) => eventId))
  for (const each of [...due, ...apart]) {
    const event = dueEvent(each, taken)
    await announcements.save(event, recordsOf(each, event.id), now)
  }
  const byShow = [...Map.groupBy(folded, ({ show }) => show._id).values()]
  for (let start = 0; start < byShow.length; start += MOST_SHOWS) {
    const part = byShow.slice(start, start + MOST_SHOWS)
    const event = missedEvent(part, missed, start)
    await announcements.save(
      event,
      part.flat().flatMap(each => recordsOf({ ...each, zone: '' }, event.id)),
      now,
    )
  }
  await cursors.advance(JOB, now)
}

/** Followed shows with what could be due in the span, and the zones of their followers. */
const showsAround = async (catalogue: Outside['catalogue'], follows: Follows, from: Date, to: Date, skip: Skip) => {
  const followed = new Set(await follows.followedShows(skip))
  // Where nobody follows a series the catalogue's driver, half of a cold start, is never loaded.
  if (followed.size === 0) return []
  const skipFollowed: Skip = record => {
    if (followed.has(Number(record.key))) skip(record)
  }
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  const [timed, dated] = await Promise.all([
    catalogue.airing(from, new Date(to.getTime() + 1), skipFollowed),
    // A date lasts from its first zone to its last: a day more at both ends.
    catalogue.dated(day(from.getTime() - DAY_MS), day(to.getTime() + DAY_MS), skipFollowed),
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
      skip({ store: 'chat', key: `zone ${zone}`, reason: 'no such time zone; the default one is used' })
    around.push({ ...each, zones })
  }
  return around
}

/** Leaves out what nobody followed in time; who follows later may change that for no past episode. */
const heardBySomebody = async (due: Due[], follows: Follows): Promise<Due[]> => {
  const heard: Due[] = []
  for (const each of due) {
    const { show, at: before, zone } = each
    const followers = await follows.followersOf(`show/${show._id}`, zone === '' ? { before } : { before, zone })
    if (followers.length > 0) heard.push(each)
  }
  return heard
}

/** The id is the slot's, so that finding it twice is saying it once; episodes that joined a slot after it was told get an event of their own. */
const dueEvent = ({ show, episodes, at, zone, slot }: Due, taken: Set<string>): AnnouncementEvent => {
  const whole = `show/${show._id}@${slot}`
  const data: DataOf<typeof EpisodeDue> = {
    show: showBrief(show),
    episodes: episodes.slice(0, MOST_EPISODES).map(episodeBrief),
    followedBefore: at.toISOString(),
    ...(zone === '' ? {} : { zone }),
  }
  return {
    id: taken.has(whole) ? `${whole}/${episodeKey(episodes[0]!)}` : whole,
    type: EpisodeDue.name,
    subject: `show/${show._id}`,
    data,
  }
}

/** One event, unless so many shows are in it that the broker would not take it: then the others are events of their own. */
const missedEvent = (byShow: Due[][], { from, to }: Span, start: number): AnnouncementEvent => {
  const data: DataOf<typeof EpisodeMissed> = {
    from: from.toISOString(),
    to: to.toISOString(),
    shows: byShow.map(each => {
      // A date without an hour is due once in every zone.
      const episodes = new Map(each.flatMap(due => due.episodes).map(episode => [episode.id, episodeBrief(episode)]))
      return { show: showBrief(each[0]!.show), episodes: [...episodes.values()].slice(0, MOST_EPISODES) }
    }),
  }
  const part = start === 0 ? '' : `/${start}`
  return { id: `episodes@${from.toISOString()}${part}`, type: EpisodeMissed.name, subject: 'episodes', data }
}

const recordsOf = ({ show, episodes, zone }: Due, eventId: string): Announcement[] =>
  episodes.map(episode => announcementOf(show, episode, zone, eventId))

const eventOf = (tick: Cause, { id, type, subject, data }: AnnouncementEvent): VigiaEvent =>
  type === EpisodeDue.name
    ? EpisodeDue.from(tick, { id, subject, data: data as DataOf<typeof EpisodeDue> })
    : EpisodeMissed.from(tick, { id, subject, data: data as DataOf<typeof EpisodeMissed> })

const earlier = (one: Date, other: Date) => new Date(Math.min(one.getTime(), other.getTime()))

const partition = <T>(all: T[], goes: (each: T) => boolean): [T[], T[]] => [
  all.filter(goes),
  all.filter(each => !goes(each)),
]
