import type { Language } from '#database/chats/language.ts'
import type { ShowHit } from '#database/series/show.ts'
import type { CardPosition } from '#functions/telegram/callback-data.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { folded } from '#functions/wording/fold.ts'
import { nameKey, sayCountry } from '#functions/wording/namesakes.ts'
import type { ChatContext } from './context.ts'
import type { BotMessages } from './messages/messages.ts'
import { pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'
import { showSubject } from './tvmaze-search.ts'

/**
 * Whether the chat follows the show of a card. `removed`: the chat stopped following the show just now; the date is the
 * start of the removed follow.
 */
export type FollowState = 'not followed' | 'followed' | 'followed just now' | { removed: Date }

export const followState = async ({ deps, chat }: ChatContext, showId: number): Promise<FollowState> =>
  (await deps.follows.find(chat.id, showSubject(showId))) ? 'followed' : 'not followed'

/** The hit at `position.at` as a card, with buttons to follow the show and to turn to the other hits. */
export const showCard = (
  { chat, messages }: ChatContext,
  hits: ShowHit[],
  position: CardPosition,
  state: FollowState,
  note?: Html,
): View => {
  const hit = hits[position.at]!
  const { name, original } = namesIn(hit, chat.language)
  const inBrackets = [original, hit.premiered?.slice(0, 4)].filter(Boolean).join(', ')
  const hasNamesake = hits.some(other => other.id !== hit.id && nameKey(other.name) === nameKey(hit.name))
  const country = hasNamesake ? sayCountry(hit.country ?? null, chat.language) : null
  const status = messages.status[hit.status as keyof BotMessages['status']] ?? hit.status
  return {
    html: joined([
      html`<b>${name}</b>${inBrackets && ` (${inBrackets})`}`,
      joined([hit.channel, country, status], ' · '),
      note,
    ]),
    photo: hit.image,
    buttons: [
      followRow(hit.id, position, state, messages),
      ...pageRow(position.at, hits.length, at => ({ act: 'card', search: position.search, at })),
      ...(hits.every(({ onlyCatalogue }) => onlyCatalogue) ? [[othersButton(position, hits, messages)]] : []),
      [{ text: 'TVmaze', url: hit.url }],
    ],
  }
}

/** Asks TVmaze for other series with this name: they come after the hits of the catalogue. */
const othersButton = ({ search }: CardPosition, { length }: ShowHit[], messages: BotMessages): Button => ({
  text: messages.otherSeries,
  press: { act: 'card', search, at: length },
})

/** The name in the chat's language, and the original name if it is another one. */
const namesIn = ({ name, namePt }: ShowHit, language: Language) =>
  language === 'pt-BR' && namePt !== undefined && folded(namePt) !== folded(name)
    ? { name: namePt, original: name }
    : { name, original: null }

const followRow = (show: number, { search, at }: CardPosition, state: FollowState, messages: BotMessages): Button[] => {
  const position = { search, at }
  const follow: Button = { text: messages.follow, press: { act: 'follow', show, ...position } }
  const following: Button = { text: messages.following, press: { act: 'nothing' } }
  if (state === 'not followed') return [follow]
  if (state === 'followed')
    return [
      following,
      { text: messages.remove, press: { act: 'unfollow', show, ...position } },
      { text: messages.notices.buttons.open, press: { act: 'notices', show } },
    ]
  if (state === 'followed just now')
    return [following, { text: messages.undo, press: { act: 'unfollow', show, ...position } }]
  return [follow, { text: messages.undo, press: { act: 'refollow', show, ...position, followedAt: state.removed } }]
}
