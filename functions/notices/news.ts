import type { NoticeSetting } from '#database/series/notice-settings.ts'
import { isOnSchedule } from '#functions/series/schedules.ts'
import { heldUntil } from './look.ts'

/** What happens to the news about a series: it is told now, later, or not at all. */
export type Fate = 'tell' | 'drop' | { wait: Date }

/**
 * The fate of the news that a series was moved, ended, renewed and so on. A chat that wants only premieres or finales
 * gets the new dates of premieres only, because nothing says yet which episode is a finale. A muted series has no news,
 * and neither has one on none of the schedules that the chat has chosen.
 */
export const fateOfNews = (
  setting: NoticeSetting,
  zone: string,
  now: Date,
  { movedEpisode, schedules }: { movedEpisode: { number: number | null } | null; schedules: readonly string[] },
): Fate => {
  if (!isOnSchedule(schedules, setting)) return 'drop'
  if (setting.mutedUntil !== null && setting.mutedUntil > now) return 'drop'
  const wantsPremieres = setting.episodes === 'premieres' || setting.episodes === 'both'
  if (movedEpisode !== null && setting.episodes !== 'all' && !(wantsPremieres && movedEpisode.number === 1))
    return 'drop'
  const wait = heldUntil(setting, zone, now)
  return wait === null ? 'tell' : { wait }
}
