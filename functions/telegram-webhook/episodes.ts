import type { Chat } from '#database/chats/chats.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { dayOf, sayDate } from '#functions/wording/dates.ts'
import { tellInstant } from '#functions/wording/times.ts'
import type { BotMessages } from './messages/messages.ts'

/**
 * The first episode that airs after `now`, or null. An episode without an hour counts until its date in `zone` is over.
 */
export const nextEpisode = (show: Show, now: Date, zone: string): Episode | null => {
  const today = dayOf(now, zone)
  const sortKey = ({ airstamp, airdate }: Episode) => (airstamp === null ? airdate : dayOf(airstamp, zone))
  return (
    show.episodes
      .filter(({ airstamp, airdate }) => (airstamp === null ? airdate >= today : Date.parse(airstamp) > now.getTime()))
      .sort(
        (one, other) =>
          sortKey(one).localeCompare(sortKey(other)) ||
          (one.airstamp ?? '').localeCompare(other.airstamp ?? '') ||
          one.season - other.season ||
          (one.number ?? Infinity) - (other.number ?? Infinity),
      )[0] ?? null
  )
}

/**
 * When an episode airs, in the chat's zone: `sex., 21 nov · 22:00`. For an episode without an hour, the date and
 * `horário não divulgado`.
 */
export const sayWhen = ({ airstamp, airdate }: Episode, chat: Chat, messages: BotMessages, now: Date): Html =>
  airstamp === null
    ? html`${sayDate(airdate, { language: chat.language, today: dayOf(now, chat.zone) })} (${messages.hourUnknown})`
    : tellInstant(airstamp, { zone: chat.zone, language: chat.language, now })
