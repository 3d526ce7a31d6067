import type { Show, ShowHit } from '#database/series/show.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import type { CardPosition } from '#functions/telegram/callback-data.ts'
import { sayEpisode } from '#functions/wording/series.ts'
import { type ChatContext, queryCatalogue } from './context.ts'
import { nextEpisode, sayWhen } from './episodes.ts'
import { type Reply, toastReply } from './reply.ts'
import { showCard } from './show-card.ts'
import { searchTvmaze, showSubject } from './tvmaze-search.ts'

type CardPress = CardPosition & { show: number }

/** A show that exists: its current id, its name, and its entry in the catalogue (null if it has none). */
interface KnownShow {
  id: number
  title: string | null
  show: Show | null
}

/** Why a press on follow or undo had no effect. */
type FollowRefusal = 'unknown show' | 'TVmaze unavailable' | 'too often' | 'full' | 'waiting'

/**
 * Follows a show. The reply says when the next episode comes out. A second press adds no second follow, but publishes
 * the event again, with an id that comes from the second press.
 */
export const follow = async (context: ChatContext, press: CardPress): Promise<Reply> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const hits = await hitsOfCard(context, press)
  const known = await findShow(context, press.show, hits?.[press.at]?.name)
  if (typeof known === 'string') return refusedFollow(context, known)
  const { id, title, show } = known
  const subject = showSubject(id)
  const saved = await deps.follows.followWithinLimits(
    chat.id,
    subject,
    deps.limits,
    show === null ? now : null,
    follows => follows.follow(chat.id, subject, now, title, context.origin.threadId),
  )
  if (typeof saved === 'string') return refusedFollow(context, saved)
  const isNew = saved.done
  const followedAt = isNew ? now : ((await deps.follows.find(chat.id, subject))?.followedAt ?? now)
  const events = [followedEvent(context, id, followedAt)]
  const toast = { do: 'toast', text: isNew ? messages.followed : messages.alreadyFollowing } as const
  if (!hits) {
    return { effects: [toast, { do: 'send', view: { html: messages.followedByName(title) } }], events }
  }
  const note = whatComesNext(context, show, hits[press.at]!)
  const view = showCard(context, hits, press, isNew ? 'followed just now' : 'followed', note)
  return { effects: [toast, { do: 'edit', view, samePhoto: true }], events }
}

/** Stops following the show of a card. */
export const unfollow = async (context: ChatContext, press: CardPress): Promise<Reply> => {
  const { deps, chat, messages } = context
  const [hits, removed] = await Promise.all([
    hitsOfCard(context, press),
    deps.follows.unfollow(chat.id, showSubject(press.show)),
  ])
  const toast = { do: 'toast', text: removed ? messages.unfollowed : messages.notFollowing } as const
  if (!hits) return { effects: [toast] }
  const view = showCard(context, hits, press, removed ? { removed: removed.followedAt } : 'not followed')
  return { effects: [toast, { do: 'edit', view, samePhoto: true }] }
}

/** Undoes a removal: the show counts as followed since the original date. */
export const refollow = async (context: ChatContext, press: CardPress & { followedAt: Date }): Promise<Reply> => {
  const { messages } = context
  const hits = await hitsOfCard(context, press)
  const known = await findShow(context, press.show, hits?.[press.at]?.name)
  if (typeof known === 'string') return refusedFollow(context, known)
  const followedAt = await restoreFollow(context, known, press.followedAt)
  if (typeof followedAt === 'string') return refusedFollow(context, followedAt)
  const events = [followedEvent(context, known.id, followedAt)]
  const toast = { do: 'toast', text: messages.restored } as const
  if (!hits) return { effects: [toast], events }
  const view = showCard(context, hits, press, 'followed')
  return { effects: [toast, { do: 'edit', view, samePhoto: true }], events }
}

/** The hits of a card; null if the search is deleted, or if the show of the button is not the show of the card. */
const hitsOfCard = async ({ deps, chat }: ChatContext, { show, search, at }: CardPress): Promise<ShowHit[] | null> => {
  const hits = (await deps.searches.find(chat.id, search))?.hits
  return hits?.[at]?.id === show ? hits : null
}

/**
 * Finds a show on a card of this chat (`titleOnCard`), in the catalogue, among the chat's follows or at TVmaze. The
 * search is necessary because a person can forge a button press with the id of a show that does not exist.
 */
export const findShow = async (
  context: ChatContext,
  showId: number,
  titleOnCard?: string,
): Promise<KnownShow | FollowRefusal> => {
  const { deps, chat } = context
  const show = (await queryCatalogue(deps, catalogue => catalogue.show(showId)))?.found ?? null
  if (titleOnCard !== undefined || show !== null) return { id: showId, title: titleOnCard ?? show!.name, show }
  const follow = await deps.follows.find(chat.id, showSubject(showId))
  if (follow !== null) return { id: showId, title: follow.title, show }
  const hits = await searchTvmaze(context, showSubject(showId))
  if (hits === 'unavailable') return 'TVmaze unavailable'
  if (hits === 'too often') return hits
  if (hits === 'gone') return 'unknown show'
  // TVmaze returns another id if it merged the show into another one.
  return { id: hits[0]!.id, title: hits[0]!.name, show }
}

/**
 * Follows a show since `followedAt`, as if it was never removed. The date comes from a button press, which may be
 * forged, so a date in the future is replaced by the present.
 */
export const restoreFollow = async (
  { deps, chat, origin }: ChatContext,
  { id, title, show }: KnownShow,
  followedAt: Date,
): Promise<Date | 'full' | 'waiting'> => {
  const now = deps.clock()
  const since = followedAt > now ? now : followedAt
  const subject = showSubject(id)
  const saved = await deps.follows.followWithinLimits(
    chat.id,
    subject,
    deps.limits,
    show === null ? now : null,
    follows => follows.restore(chat.id, subject, since, title, origin.threadId),
  )
  return typeof saved === 'string' ? saved : since
}

/** The toast for a button that had no effect. */
export const refusedFollow = ({ messages, deps: { limits } }: ChatContext, reason: FollowRefusal): Reply => {
  const text = {
    'unknown show': messages.oldButton,
    'TVmaze unavailable': messages.tvmazeStillDown,
    'too often': messages.searchedTooOften,
    full: messages.followsFull(limits.followsPerChat),
    waiting: messages.followsWaiting(limits.waitingFollowsPerChat),
  }[reason]
  return toastReply(text, reason === 'full' || reason === 'waiting')
}

/** The event that makes the series-refresher fetch the show. */
export const followedEvent = ({ chat, cause }: ChatContext, showId: number, followedAt: Date) =>
  SeriesFollowed.from(cause, {
    subject: showSubject(showId),
    data: { chatId: chat.id, showId, followedAt: followedAt.toISOString() },
  })

const whatComesNext = ({ deps, chat, messages }: ChatContext, show: Show | null, hit: ShowHit) => {
  const now = deps.clock()
  const next = show && nextEpisode(show, now, chat.zone)
  if (next) return messages.nextEpisode(sayEpisode(next, chat.language), sayWhen(next, chat, messages, now))
  if (hit.status === 'Ended') return messages.nextEnded()
  return show ? messages.nextUnknown() : messages.nextBeingLookedUp()
}
