import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { type Skip, skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { type AnnouncementEvent, announcementsIn } from '#database/series/announcements.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import { type FollowToLook, type Looked, longestLookMs, looksIn } from '#database/series/looks.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { EpisodeDigest } from '#events/episode-digest.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import type { Cause, DataOf, VigiaEvent } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import { Permanent } from '#functions/host/errors.ts'
import type { Publish } from '#functions/host/publish.ts'
import { episodesAround, lookAt } from '#functions/notices/look.ts'
import { announcementsOf, graceMs, wentTo } from '#functions/series/episode-identity.ts'
import { skippedRecords } from '#functions/series/skipped-records.ts'
import { isZone } from '#functions/wording/dates.ts'
import { type Found, noticesFor } from './notices.ts'
import { release } from './waiting.ts'

const cursorName = 'episode-checker'
const dayMs = 24 * 60 * 60_000
const keepEventsMs = 30 * dayMs
/** All due follows of a chat are looked at in one transaction, so that they can share a message. */
const chatsPerBatch = 200
/** A tick begins no further batch after this time; the next tick looks at the other chats. */
const tickBudgetMs = 60_000

/** What the rule reads, writes and calls. */
interface Dependencies {
  db: Postgres
  catalogue: Pick<Catalogue, 'shows'>
  publish: Publish
  clock: Clock
}

/**
 * Handles a tick: looks at the follows for which something may be due, and announces what is. One transaction writes
 * the announcements, their events and the times of the next looks. Afterwards all events that are not marked as
 * published are published. After a crash at any point, the next tick publishes the rest with the same ids, so that
 * every saved announcement gets its event.
 */
export const episodeChecker = async (tick: Cause, deps: Dependencies): Promise<void> => {
  const { db, publish, clock } = deps
  const now = clock()
  const skipped = skippedRecords()
  for (let isComplete = false; !isComplete && clock().getTime() - now.getTime() <= tickBudgetMs; )
    isComplete = await db.transaction(async tx => {
      await cursorsIn(tx).lock(cursorName)
      return lookAtBatch(tx, deps.catalogue, skipped.skip, now)
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

/**
 * Looks at the due follows of some chats, and saves what is to be announced. Returns true if no other follow is due;
 * the cursor is then moved to `now`.
 */
const lookAtBatch = async (
  tx: Postgres,
  catalogue: Dependencies['catalogue'],
  skip: Skip,
  now: Date,
): Promise<boolean> => {
  const cursors = cursorsIn(tx)
  // All notices that were due before the last complete tick are told. At the first tick nothing counts as missed.
  const lastLook = (await cursors.reached(cursorName))?.reached ?? now
  const follows = await looksIn(tx).due(now, chatsPerBatch)
  const shows = await showsOf(follows, catalogue, skip, now)
  const chatIds = [...new Set(follows.map(({ chatId }) => chatId))]
  const announced = await announcementsIn(tx).toChats([...shows.keys()], chatIds)
  const toldOf = Map.groupBy(announced, ({ showId, chatId }) => `${showId} ${chatId}`)

  const looked: Looked[] = []
  const found: Found[] = []
  for (const follow of follows) {
    const { chatId, zone, subject, showId, toldUntil, isReachable } = follow
    if (!isZone(zone))
      skip({
        store: 'chat',
        key: `zone ${zone}`,
        reason: 'this time zone does not exist, so the default time zone is used; correct the zone of these chats',
      })
    const known = showId === null ? undefined : shows.get(showId)
    if (showId === null) skip({ store: 'follow', key: subject, reason: 'the subject is not the id of a series' })
    if (known === undefined || !isReachable) {
      looked.push({ chatId, subject, nextAt: new Date(now.getTime() + longestLookMs), toldUntil })
      continue
    }
    const told = [...(toldOf.get(`${showId} ${chatId}`) ?? []), ...(toldOf.get(`${showId} null`) ?? [])]
    const isTold = (episode: Episode) =>
      announcementsOf(known.show, episode, told).some(announcement => wentTo(announcement, follow))
    const look = lookAt(follow, known, isTold, now, lastLook)
    looked.push({ chatId, subject, nextAt: look.nextAt, toldUntil: look.toldUntil })
    if (look.due.length + look.missed.length > 0) found.push({ follow, show: known.show, ...look })
  }

  const isComplete = chatIds.length < chatsPerBatch
  const waiting = { waitingNotices: waitingNoticesIn(tx), noticeSettings: noticeSettingsIn(tx) }
  const released = await release(now, isComplete ? null : chatIds, waiting)
  const usedIds = new Set(announced.map(({ eventId }) => eventId))
  const missed = { from: lastLook, to: new Date(now.getTime() - graceMs) }
  const notices = noticesFor(found, released.news, usedIds, missed, now)
  for (const { event, announcements } of notices) await announcementsIn(tx).save(event, announcements, now)
  for (const event of released.events) await announcementsIn(tx).save(event, [], now)
  await looksIn(tx).save(looked)
  if (isComplete) await cursors.advance(cursorName, now)
  return isComplete
}

/** The shows of the follows that the catalogue has, each with the episodes that may be due. */
const showsOf = async (
  follows: readonly FollowToLook[],
  catalogue: Dependencies['catalogue'],
  skip: Skip,
  now: Date,
): Promise<Map<number, { show: Show; around: Episode[] }>> => {
  const ids = [...new Set(follows.flatMap(({ showId, isReachable }) => (isReachable ? (showId ?? []) : [])))]
  // Without a look the catalogue is not queried, because loading the MongoDB driver takes half the time of a cold
  // start.
  if (ids.length === 0) return new Map()
  const shows = await catalogue.shows(ids, skip)
  return new Map(shows.map(show => [show._id, { show, around: episodesAround(show, now) }]))
}

const eventOf = (tick: Cause, { id, type, subject, data }: AnnouncementEvent): VigiaEvent => {
  switch (type) {
    case EpisodeDue.name:
      return EpisodeDue.from(tick, { id, subject, data: data as DataOf<typeof EpisodeDue> })
    case EpisodeDigest.name:
      return EpisodeDigest.from(tick, { id, subject, data: data as DataOf<typeof EpisodeDigest> })
    default:
      return EpisodeMissed.from(tick, { id, subject, data: data as DataOf<typeof EpisodeMissed> })
  }
}
