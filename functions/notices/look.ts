import { longestLookMs } from '#database/series/looks.ts'
import type { NoticeSetting } from '#database/series/notice-settings.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { lastDue, nextDue } from '#functions/report/schedule.ts'
import { dueAt, graceMs } from '#functions/series/episode-identity.ts'
import { knownZone } from '#functions/wording/dates.ts'
import { quietUntil } from './quiet-hours.ts'
import { isWanted } from './wanted.ts'

/*
 * When an episode is told to a chat. These are the only rules about it: an episode is told once, for its date, to a
 * chat that followed the series before the episode came out.
 */

const hourMs = 3_600_000

/** A follow, with what decides about its notices. */
export interface Follow {
  /** IANA name. */
  zone: string
  followedAt: Date
  /** The digests that were due up to this time were sent, or the chat did not want them. */
  toldUntil: Date
  setting: NoticeSetting
}

/** An episode that is to be told now. `at`: when it was due. */
export interface Due {
  episode: Episode
  at: Date
}

/** What a look at a follow finds. */
export interface Look {
  /** The episodes to tell now. */
  due: Due[]
  /** The episodes that were due longer ago, while Vigia did not run. */
  missed: Episode[]
  /** Whether the chat is told in a digest, or got nothing before because of its quiet hours. */
  together: 'daily' | 'weekly' | 'quiet' | null
  /** When to look again, unless something changes before. */
  nextAt: Date
  toldUntil: Date
}

const later = (one: Date, other: Date | null) => (other !== null && other > one ? other : one)
const earliest = (dates: readonly Date[]) => new Date(Math.min(...dates.map(date => date.getTime())))

const dayMs = 24 * hourMs
/** A weekly digest may list episodes from before the digest before it. */
const behindMs = 16 * dayMs
const aheadMs = 9 * dayMs

/** The episodes of a show that may be due at `now` in any zone and with any setting. */
export const episodesAround = ({ episodes }: Show, now: Date): Episode[] => {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  const from = day(now.getTime() - behindMs)
  const to = day(now.getTime() + aheadMs)
  return episodes.filter(({ airdate, airstamp }) => {
    const date = airstamp?.slice(0, 10) ?? airdate
    return date >= from && date <= to
  })
}

/** Until when nothing may be told to the chat; null if it may be told now. */
export const heldUntil = (setting: NoticeSetting, zone: string, now: Date): Date | null =>
  setting.mutedUntil !== null && setting.mutedUntil > now
    ? setting.mutedUntil
    : quietUntil(setting.quiet, now, knownZone(zone))

/**
 * When an episode is told that is not told in a digest: at its time, some hours later, an hour or a day before. If only
 * its date is known, its time is nine o'clock on that day, and an hour before is that time too. Null if it has no date.
 */
export const noticeAt = (episode: Episode, setting: NoticeSetting, zone: string): Date | null => {
  const airs = dueAt(episode, zone)
  if (airs === null) return null
  switch (setting.timing) {
    case 'later':
      return new Date(airs.getTime() + setting.laterHours * hourMs)
    case 'hour':
      return episode.airstamp === null ? airs : new Date(airs.getTime() - hourMs)
    case 'day':
      return new Date(
        Temporal.Instant.fromEpochMilliseconds(airs.getTime()).toZonedDateTimeISO(knownZone(zone)).subtract({ days: 1 })
          .epochMilliseconds,
      )
    default:
      return airs
  }
}

/**
 * Looks at a follow at `now`. `around`: the episodes of the show that may be due. `isTold`: whether the chat was told
 * about an episode on its date already. `lastLook`: all notices that were due before this time are told.
 */
export const lookAt = (
  { zone, followedAt, toldUntil, setting }: Follow,
  { show, around }: { show: Show; around: readonly Episode[] },
  isTold: (episode: Episode) => boolean,
  now: Date,
  lastLook: Date,
): Look => {
  const limit = new Date(now.getTime() + longestLookMs)
  const nothing = { due: [], missed: [], together: null, toldUntil }
  const held = heldUntil(setting, zone, now)
  if (held !== null) return { ...nothing, nextAt: earliest([held, limit]) }
  const open = around.flatMap(episode => {
    const airs = dueAt(episode, zone)
    if (airs === null || airs <= followedAt || (setting.mutedUntil !== null && airs < setting.mutedUntil)) return []
    return isWanted(show, episode, setting) && !isTold(episode) ? [{ episode, airs }] : []
  })
  const { timing } = setting
  if (timing === 'daily' || timing === 'weekly') {
    const schedule = { frequency: timing, weekday: setting.digestWeekday, hour: setting.digestHour }
    const last = lastDue(schedule, zone, now)
    const next = nextDue(schedule, zone, now)
    const nextAt = earliest([next, limit])
    if (last <= toldUntil) return { ...nothing, nextAt }
    // A digest is about the time until the next one, and about what was not known yet at the one before.
    const before = lastDue(schedule, zone, new Date(last.getTime() - 1))
    const from = earliest([new Date(before.getTime() - graceMs), lastLook])
    const due = open
      .filter(({ airs }) => airs > from && airs < next)
      .map(({ episode, airs }) => ({ episode, at: airs }))
    return { due, missed: [], together: timing, nextAt, toldUntil: last }
  }
  const timed = open.map(({ episode }) => ({
    episode,
    at: later(noticeAt(episode, setting, zone)!, setting.mutedUntil),
  }))
  const oldest = new Date(now.getTime() - graceMs)
  const due = timed.filter(({ at }) => at <= now && at > oldest)
  return {
    due,
    missed: timed.filter(({ at }) => at <= oldest && at > lastLook).map(({ episode }) => episode),
    together: due.some(({ at }) => quietUntil(setting.quiet, at, knownZone(zone)) !== null) ? 'quiet' : null,
    nextAt: earliest([limit, ...timed.flatMap(({ at }) => (at > now ? [at] : []))]),
    toldUntil,
  }
}
