import type { SeenEpisode } from '#database/series/seen.ts'
import type { Show } from '#database/series/show.ts'

/** A series of the year, with what was seen of it. */
export interface SeriesOfYear {
  show: Show
  episodes: number
  minutes: number
}

/** What a chat has seen in a calendar year. */
export interface YearFigures {
  year: number
  episodes: number
  /** The length of the episodes whose length is known. */
  minutes: number
  /** How many episodes have no known length. */
  withoutLength: number
  /** The episodes of each month, January first. */
  months: number[]
  /** The series with the most episodes first. Series that the catalogue lacks are not among them. */
  series: SeriesOfYear[]
  seriesCount: number
  /** Seen episodes of a file without dates: they may be of any year. */
  undated: number
}

/** The figures of a year. Months are those of the zone. Only lengths that TVmaze knows are added. */
export const yearFigures = (
  year: number,
  zone: string,
  { seen, undated }: { seen: readonly SeenEpisode[]; undated: number },
  shows: readonly Show[],
): YearFigures => {
  const months = Array.from({ length: 12 }, () => 0)
  for (const { seenAt } of seen) {
    const { month } = Temporal.Instant.fromEpochMilliseconds(seenAt.getTime()).toZonedDateTimeISO(zone)
    months[month - 1]!++
  }
  const byShow = Map.groupBy(seen, ({ showId }) => showId)
  const lengths = new Map(shows.map(show => [show._id, lengthsOf(show, byShow.get(show._id) ?? [])]))
  const known = [...lengths.values()].flat().filter(minutes => minutes !== null)
  return {
    year,
    episodes: seen.length,
    minutes: sum(known),
    withoutLength: seen.length - known.length,
    months,
    series: shows
      .map(show => {
        const ofShow = lengths.get(show._id)!
        return { show, episodes: ofShow.length, minutes: sum(ofShow.filter(minutes => minutes !== null)) }
      })
      .filter(({ episodes }) => episodes > 0)
      .sort(
        (one, other) =>
          other.episodes - one.episodes || other.minutes - one.minutes || one.show.name.localeCompare(other.show.name),
      ),
    seriesCount: byShow.size,
    undated,
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** The length of each seen episode in minutes; null if TVmaze says neither that of the episode nor the usual one. */
const lengthsOf = (show: Show, seen: readonly SeenEpisode[]): (number | null)[] => {
  const byNumber = new Map(show.episodes.map(episode => [`${episode.season} ${episode.number}`, episode.runtime]))
  return seen.map(({ season, number }) => byNumber.get(`${season} ${number}`) ?? show.runtime ?? null)
}
