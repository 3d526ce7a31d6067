import { type Announcement, type AnnouncementEvent, announcementsIn } from '#database/announcements.ts'
import type { Catalogue, Episode, Show } from '#database/catalogue.ts'
import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/cursors.ts'
import { type Follows, followsIn } from '#database/follows.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import type { Cause, DataOf, VigiaEvent } from '#events/event.ts'
import { episodeBrief, showBrief } from '../brief.ts'
import type { Clock } from '../clock.ts'
import type { Publish } from '../publish.ts'
import { type Due, dueIn, episodeKey, GRACE_MS } from './due.ts'

const JOB = 'episode-checker'
const DAY_MS = 24 * 60 * 60_000
const EVENTS_KEPT_MS = 30 * DAY_MS

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
export const episodeChecker = async (tick: Cause, { db, catalogue, publish, clock }: Outside): Promise<void> => {
  const now = clock()
  await db.transaction(async tx => {
    await cursorsIn(tx).hold(JOB)
    await look(tx, catalogue, now)
  })
  const announcements = announcementsIn(db)
  const events = await announcements.unpublished()
  await publish(events.map(event => eventOf(tick, event)))
  if (events.length > 0) {
    await announcements.published(
      events.map(({ id }) => id),
      now,
    )
    await announcements.forgetEventsBefore(new Date(now.getTime() - EVENTS_KEPT_MS))
  }
}

const look = async (tx: Postgres, catalogue: Outside['catalogue'], now: Date): Promise<void> => {
  const cursors = cursorsIn(tx)
  // Always the whole grace: what TVMaze adds or moves into the past, or the catalogue gets late, is found like that.
  const recent = { from: new Date(now.getTime() - GRACE_MS), to: now }
  // The very first run has missed nothing; that nobody hears of what came before they followed is seen to below.
  const missed = { from: (await cursors.reached(JOB))?.reached ?? recent.from, to: recent.from }

  const follows = followsIn(tx)
  const shows = await showsAround(catalogue, follows, earlier(missed.from, recent.from), now)
  const known = await announcementsIn(tx).of(shows.map(({ show }) => show._id))
  const due = await heardBySomebody(dueIn(recent, shows, known), follows)
  const late = missed.from < missed.to ? await heardBySomebody(dueIn(missed, shows, known), follows) : []
  // Where a zone has heard of an episode, the others get their own event, however late: the folded one goes to all.
  const [folded, apart] = partition(late, ({ show, episodes }) =>
    episodes.every(episode => !known.some(each => each.showId === show._id && each.episodeId === episode.id)),
  )

  const announcements = announcementsIn(tx)
  const taken = new Set(known.map(({ eventId }) => eventId))
  for (const each of [...due, ...apart]) {
    const event = dueEvent(each, taken)
    await announcements.keep(event, recordsOf(each, event.id), now)
  }
  if (folded.length > 0) {
    const event = missedEvent(folded, missed)
    await announcements.keep(
      event,
      folded.flatMap(each => recordsOf({ ...each, zone: '' }, event.id)),
      now,
    )
  }
  await cursors.advance(JOB, now)
}

/** Followed shows with what could be due in the span, and the zones of their followers. */
const showsAround = async (catalogue: Outside['catalogue'], follows: Follows, from: Date, to: Date) => {
  const followed = new Set(await follows.followedShows())
  // Where nobody follows a series the catalogue's driver, half of a cold start, is never loaded.
  if (followed.size === 0) return []
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  const [timed, dated] = await Promise.all([
    catalogue.airing(from, new Date(to.getTime() + 1)),
    // A date lasts from its first zone to its last: a day more at both ends.
    catalogue.dated(day(from.getTime() - DAY_MS), day(to.getTime() + DAY_MS)),
  ])
  const found = new Map<number, { show: Show; episodes: Episode[] }>()
  for (const { show, episodes } of [...timed, ...dated]) {
    if (!followed.has(show._id)) continue
    const before = found.get(show._id)
    found.set(show._id, { show, episodes: [...(before?.episodes ?? []), ...episodes] })
  }
  const around = []
  for (const each of found.values()) around.push({ ...each, zones: await follows.zonesFollowing(each.show._id) })
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
    episodes: episodes.map(episodeBrief),
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

const missedEvent = (folded: Due[], { from, to }: { from: Date; to: Date }): AnnouncementEvent => {
  const data: DataOf<typeof EpisodeMissed> = {
    from: from.toISOString(),
    to: to.toISOString(),
    shows: [...Map.groupBy(folded, ({ show }) => show._id).values()].map(each => {
      // A date without an hour is due once in every zone.
      const episodes = new Map(each.flatMap(due => due.episodes).map(episode => [episode.id, episodeBrief(episode)]))
      return { show: showBrief(each[0]!.show), episodes: [...episodes.values()] }
    }),
  }
  return { id: `episodes@${from.toISOString()}`, type: EpisodeMissed.name, subject: 'episodes', data }
}

const recordsOf = ({ show, episodes, zone }: Due, eventId: string): Announcement[] =>
  episodes.map(episode => ({ showId: show._id, episodeId: episode.id, episode: episodeKey(episode), zone, eventId }))

const eventOf = (tick: Cause, { id, type, subject, data }: AnnouncementEvent): VigiaEvent =>
  type === EpisodeDue.name
    ? EpisodeDue.from(tick, { id, subject, data: data as DataOf<typeof EpisodeDue> })
    : EpisodeMissed.from(tick, { id, subject, data: data as DataOf<typeof EpisodeMissed> })

const earlier = (one: Date, other: Date) => new Date(Math.min(one.getTime(), other.getTime()))

const partition = <T>(all: T[], goes: (each: T) => boolean): [T[], T[]] => [
  all.filter(goes),
  all.filter(each => !goes(each)),
]
