import type { NoticeSetting } from '#database/series/notice-settings.ts'
import type { Channel, Show } from '#database/series/show.ts'

/** The schedule with the series of several countries, such as those of worldwide streaming services. */
export const globalSchedule = 'global'

/** The schedule of a network or of a streaming service. */
export const scheduleOfChannel = ({ kind, id }: Channel): string => `${kind === 'network' ? 'n' : 'w'}${id}`

/** Whether a text can be a schedule: `BR`, `global`, `n12`, `w1`. */
export const isSchedule = (text: string): boolean =>
  text === globalSchedule || /^(?:[A-Z]{2}|[nw][1-9]\d{0,9})$/.test(text)

/** The schedules of a show: of its network and its streaming service, and of their countries. Empty if unknown. */
export const schedulesOf = ({ channels = [] }: Pick<Show, 'channels'>): string[] => [
  ...new Set(channels.flatMap(channel => [channel.country ?? globalSchedule, scheduleOfChannel(channel)])),
]

/**
 * Whether a show is on one of the schedules that a chat has chosen. A show whose channel is not known is told, so that
 * no episode is lost because of missing data.
 */
export const isOnSchedule = (ofShow: readonly string[], { schedules }: Pick<NoticeSetting, 'schedules'>): boolean =>
  schedules.length === 0 || ofShow.length === 0 || ofShow.some(schedule => schedules.includes(schedule))
