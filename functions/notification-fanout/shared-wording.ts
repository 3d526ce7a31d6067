import type { Chat } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import type { DataOf } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import type { EventEpisode } from '#events/show.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { dayOf, sayDate } from '#functions/wording/dates.ts'
import { tellInstantInZone } from '#functions/wording/times.ts'

/** The chat that a text is written for. */
export type Recipient = Pick<Chat, 'id' | 'language' | 'zone'>

/** A message without its chat. */
export type Wording = Omit<DataOf<typeof MessageRequested>, 'chatId'>

/** One text in each language. */
export type Texts = Record<Language, Html>

/** When an episode comes out: date and time in the recipient's zone, or only the date where no time was announced. */
export const sayWhen = (
  { airstamp, airdate }: Pick<EventEpisode, 'airstamp' | 'airdate'>,
  { language, zone }: Recipient,
  now: Date,
): Html => {
  if (airstamp !== null) return tellInstantInZone(airstamp, { language, zone, now })
  if (airdate === '') return html`${{ 'pt-BR': 'ainda sem data', en: 'no date yet' }[language]}`
  const today = dayOf(now, zone)
  const near = sayDate(airdate, { language, today })
  const date = sayDate(airdate, { language })
  const day = airdate === today ? `${near} (${date})` : near
  return { 'pt-BR': html`${day} · horário não divulgado`, en: html`${day} · time not announced` }[language]
}

/** The button with a link to TVmaze. TVmaze's licence (CC BY-SA 4.0) requires this link wherever its data is shown. */
export const tvmazeButton = (url: string) => [[{ text: 'TVmaze', url }]]
