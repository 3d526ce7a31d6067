import type { ShowHit } from '#database/series/show.ts'
import type { CardPosition } from '#functions/telegram/callback-data.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
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
  { messages }: ChatContext,
  hits: ShowHit[],
  position: CardPosition,
  state: FollowState,
  note?: Html,
): View => {
  const hit = hits[position.at]!
  const year = hit.premiered?.slice(0, 4)
  const status = messages.status[hit.status as keyof BotMessages['status']] ?? hit.status
  return {
    html: joined([html`<b>${hit.name}</b>${year && ` (${year})`}`, joined([hit.channel, status], ' · '), note]),
    photo: hit.image,
    buttons: [
      followRow(hit.id, position, state, messages),
      ...pageRow(position.at, hits.length, at => ({ act: 'card', search: position.search, at })),
      [{ text: 'TVmaze', url: hit.url }],
    ],
  }
}

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
