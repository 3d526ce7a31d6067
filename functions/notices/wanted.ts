import type { NoticeSetting } from '#database/series/notice-settings.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { isOnSchedule, schedulesOf } from '#functions/series/schedules.ts'

/** Whether the episode is the first of its season. */
export const isPremiere = ({ number }: Pick<Episode, 'number'>): boolean => number === 1

/**
 * Whether the episode is the last of its season: it has the number of episodes that TVmaze gives for the season. If
 * TVmaze gives none, the season is complete when the next one has an episode, or when the series has ended.
 */
export const isFinale = (show: Show, { season, number }: Pick<Episode, 'season' | 'number'>): boolean => {
  if (number === null) return false
  const numbered = show.episodes.filter(each => each.number !== null)
  if (numbered.some(each => each.season === season && each.number! > number)) return false
  const count = show.seasons?.find(each => each.number === season)?.episodes ?? null
  if (count !== null) return number >= count
  return show.status === 'Ended' || numbered.some(each => each.season > season)
}

/** Whether a chat with the setting is told about the episode at all, whatever the time. */
export const isWanted = (
  show: Show,
  episode: Episode,
  { episodes, specials, schedules }: Pick<NoticeSetting, 'episodes' | 'schedules' | 'specials'>,
): boolean => {
  if (!isOnSchedule(schedulesOf(show), { schedules })) return false
  if (episode.type === 'insignificant_special') return specials === 'all' && episodes === 'all'
  if (episode.number === null) return specials !== 'none' && episodes === 'all'
  if (episodes === 'all') return true
  const wantsPremieres = episodes !== 'finales'
  const wantsFinales = episodes !== 'premieres'
  return (wantsPremieres && isPremiere(episode)) || (wantsFinales && isFinale(show, episode))
}
