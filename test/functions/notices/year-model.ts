import type { NoticeSetting } from '#database/series/notice-settings.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { clocks, comesOut, isQuiet } from './told-model.ts'

/*
 * When each episode of a year is told to a chat whose settings never change, in a simple form: with the clocks of Intl,
 * read every quarter of an hour. All zones differ from UTC by whole quarters.
 */

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
export const quarter = 15 * minute

/** What the clocks of a zone show in each quarter of an hour between two instants. */
export const clocksOfYear = (zone: string, from: number, to: number) => {
  const shown = Array.from({ length: (to - from) / quarter }, (_, at) => clocks(from + at * quarter, zone))
  const indexOf = (at: number) => Math.floor((at - from) / quarter)
  return {
    zone,
    /** The first quarter at or after `at` that is not quiet; `at` itself if it is not quiet. */
    afterQuiet: (at: number, quiet: NoticeSetting['quiet']): number => {
      if (!isQuiet({ quiet, zone }, at)) return at
      let index = indexOf(at) + 1
      while (isQuietAt(shown[index]!.minutes, quiet!)) index++
      return from + index * quarter
    },
    /** The last digest at or before `at`. */
    digestBefore: (at: number, { timing, digestHour, digestWeekday }: NoticeSetting): number => {
      const isDigest = (index: number) => {
        const { minutes, weekday } = shown[index]!
        return minutes === digestHour * 60 && (timing === 'daily' || weekday === digestWeekday)
      }
      let index = indexOf(at)
      while (!isDigest(index)) index--
      return from + index * quarter
    },
  }
}

export type ZoneClocks = ReturnType<typeof clocksOfYear>

const isQuietAt = (minutes: number, { from, to }: { from: number; to: number }) =>
  from < to ? minutes >= from && minutes < to : minutes >= from || minutes < to

/** The first instant at which the clocks of the zone show what they show at `at`, if they show it twice. */
const firstShown = (at: number, zone: string): number => {
  const isShownAlready = (earlier: number) => clocks(at - earlier, zone).offset - clocks(at, zone).offset === earlier
  return at - ([hour / 2, hour].find(isShownAlready) ?? 0)
}

/** When the chat is told about the episode; null if it is not told. */
export const toldAt = (show: Show, episode: Episode, setting: NoticeSetting, zoneClocks: ZoneClocks): number | null => {
  const { zone } = zoneClocks
  const at = episode.airstamp === null ? null : Date.parse(episode.airstamp)
  const out = comesOut({ at, date: episode.airdate }, zone)
  const isFirst = episode.number === 1
  const isLast = episode.number === show.seasons!.find(({ number }) => number === episode.season)!.episodes
  const { episodes, mutedUntil, timing } = setting
  const isWanted = { all: true, premieres: isFirst, finales: isLast, both: isFirst || isLast }[episodes]
  if (out === null || !isWanted || (mutedUntil !== null && out < mutedUntil.getTime())) return null
  const due = () => {
    const dayBefore = out - day
    switch (timing) {
      case 'later':
        return out + setting.laterHours * hour
      case 'hour':
        return at === null ? out : out - hour
      case 'day':
        return firstShown(dayBefore + clocks(out, zone).offset - clocks(dayBefore, zone).offset, zone)
      case 'daily':
      case 'weekly':
        return zoneClocks.digestBefore(out, setting)
      default:
        return out
    }
  }
  return zoneClocks.afterQuiet(Math.max(due(), mutedUntil?.getTime() ?? 0), setting.quiet)
}
