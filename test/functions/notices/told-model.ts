import type { NoticeChange, QuietHours } from '#database/series/notice-settings.ts'

/*
 * Who is told about which episode and when, in a simple form: without a database, and with the clocks of Intl. Times
 * are milliseconds. The model is asked every half hour.
 */

export interface ModelEpisode {
  name: string
  number: number
  /** Null if only the date is known. */
  at: number | null
  /** `YYYY-MM-DD`; '' if there is no date. */
  date: string
}

export interface ModelChat {
  id: number
  zone: string
  followedAt: number
  general: NoticeChange
  own: NoticeChange
  quiet: QuietHours | null
  /** The digest that was sent last. */
  digestAt: number
  /** What was told, with the date for which it was told. */
  told: { name: string; at: number | null; date: string }[]
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
export const step = 30 * minute

const formats = new Map<string, Intl.DateTimeFormat>()
/** What the clocks of the zone show: minutes after midnight, the weekday (1 is Monday), and the offset from UTC. */
export const clocks = (at: number, zone: string) => {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit' },
      ...{ day: '2-digit', hour: '2-digit', minute: '2-digit' },
    })
  formats.set(zone, format)
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const shown = Date.UTC(parts.year!, parts.month! - 1, parts.day!, parts.hour!, parts.minute!)
  const weekday = new Date(shown).getUTCDay()
  return {
    minutes: parts.hour! * 60 + parts.minute!,
    weekday: weekday === 0 ? 7 : weekday,
    offset: shown - Math.floor(at / minute) * minute,
  }
}

/** When an episode comes out for a chat: at its instant, or at nine o'clock on its date. */
export const comesOut = ({ at, date }: Pick<ModelEpisode, 'at' | 'date'>, zone: string): number | null => {
  if (at !== null) return at
  if (date === '') return null
  const nine = Date.parse(`${date}T09:00:00Z`)
  return nine - clocks(nine - clocks(nine, zone).offset, zone).offset
}

const settingOf = ({ general, own }: ModelChat) => {
  const pick = <Key extends keyof NoticeChange>(key: Key, usual: NonNullable<NoticeChange[Key]>) =>
    own[key] ?? general[key] ?? usual
  const muted = [general.mutedUntil, own.mutedUntil].flatMap(until => (until ? [until.getTime()] : []))
  return {
    timing: pick('timing', 'air'),
    laterHours: pick('laterHours', 2),
    digestHour: pick('digestHour', 9),
    digestWeekday: pick('digestWeekday', 1),
    episodes: pick('episodes', 'all'),
    mutedUntil: Math.max(...muted, Number.NEGATIVE_INFINITY),
  }
}

export const isQuiet = ({ quiet, zone }: Pick<ModelChat, 'quiet' | 'zone'>, at: number): boolean => {
  if (quiet === null) return false
  const { minutes } = clocks(at, zone)
  return quiet.from < quiet.to
    ? minutes >= quiet.from && minutes < quiet.to
    : minutes >= quiet.from || minutes < quiet.to
}

/** Whether the chat knows the episode with its present date; another hour of the same night is not another date. */
const isTold = ({ told }: ModelChat, { name, at, date }: ModelEpisode): boolean =>
  told.some(one => {
    const isLater = date > one.date && (at === null || one.at === null || at - one.at >= 12 * hour)
    return one.name === name && !isLater
  })

/** The names of the episodes that the chat is told about now. */
export const tell = (chat: ModelChat, episodes: readonly ModelEpisode[], now: number): string[] => {
  const setting = settingOf(chat)
  const { timing, mutedUntil } = setting
  if (now < mutedUntil || isQuiet(chat, now)) return []
  const open = episodes.flatMap(episode => {
    const out = comesOut(episode, chat.zone)
    const isPremiere = episode.number === 1
    if (out === null || out <= chat.followedAt || out < mutedUntil || isTold(chat, episode)) return []
    return setting.episodes === 'all' || isPremiere ? [{ episode, out }] : []
  })
  let due: ModelEpisode[]
  if (timing === 'daily' || timing === 'weekly') {
    const isDigest = (at: number) => {
      const { minutes, weekday } = clocks(at, chat.zone)
      return minutes === setting.digestHour * 60 && (timing === 'daily' || weekday === setting.digestWeekday)
    }
    const find = (from: number, by: number) => {
      let at = from
      while (!isDigest(at)) at += by
      return at
    }
    const last = find(now, -step)
    if (last <= chat.digestAt) return []
    const [before, next] = [find(last - step, -step), find(now + step, step)]
    chat.digestAt = last
    due = open.filter(({ out }) => out > before - 36 * hour && out < next).map(({ episode }) => episode)
  } else {
    const noticeOf = (episode: ModelEpisode, out: number) => {
      if (timing === 'later') return out + setting.laterHours * hour
      if (timing === 'hour' && episode.at !== null) return out - hour
      const dayBefore = out - day
      if (timing === 'day') return dayBefore + clocks(out, chat.zone).offset - clocks(dayBefore, chat.zone).offset
      return out
    }
    due = open
      .filter(({ episode, out }) => {
        const at = Math.max(noticeOf(episode, out), mutedUntil)
        return at <= now && at > now - 36 * hour
      })
      .map(({ episode }) => episode)
  }
  for (const { name, at, date } of due) chat.told.push({ name, at, date })
  return due.map(({ name }) => name)
}
