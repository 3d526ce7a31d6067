import { showIdOf } from '#database/series/follows.ts'
import type { Search } from '#database/series/searches.ts'
import type { Show, ShowHit } from '#database/series/show.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { parseTarget } from '#functions/dial/target.ts'
import type { CardPlace, Press } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { ShowGone, TvmazeUnavailable } from '#functions/tvmaze/client.ts'
import { sayEpisode } from '#functions/wording/series.ts'
import { type ChatContext, queryCatalogue, replyTimeoutsMs } from './context.ts'
import { nextEpisode, sayWhen } from './episodes.ts'
import type { BotMessages } from './messages/messages.ts'
import { pageRow } from './pages.ts'
import { type Button, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { howToSearch } from './settings.ts'
import { nameIn } from './small-talk.ts'
import { TimedOut, withTimeout } from './timeout.ts'
import { tcpInstead } from './typed-monitor.ts'

export const showSubject = (id: number) => `show/${id}`

/** How a card's show and the chat stand: not followed, followed, followed just now, removed just now. */
type Standing = 'stranger' | 'follower' | 'newFollower' | { removed: Date }

const LONGEST_QUERY = 100

/** A search: its first hit as a card, or words on why there is none. */
export const search = async (context: ChatContext, asked: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const query = [...asked.replace(/\s+/g, ' ').trim()].slice(0, LONGEST_QUERY).join('')
  if (query === '') return sendReply(howToSearch(context))
  const hits = await askTvmaze(context, query)
  if (hits === 'too often') return sendReply({ html: html`${messages.searchedTooOften}` })
  if (hits === 'gone') return sendReply({ html: messages.showGone() })
  if (hits?.length === 0) return sendReply({ html: nothing(query, messages) })
  const id = await deps.searches.keep(chat.id, query, hits)
  return sendReply(await firstPage(context, { id, query, hits }))
}

/** What looks like an address and is no series was meant for /monitorar. */
const nothing = (query: string, messages: BotMessages) => {
  const tcp = tcpInstead(query)
  if (tcp !== null) return messages.tcpInstead(tcp)
  return /[.:]/.test(query) && parseTarget(query).ok ? messages.looksLikeAddress(query) : messages.nothingFound(query)
}

const firstPage = async (context: ChatContext, { id, hits }: Search): Promise<View> => {
  if (hits === null) {
    const press: Press = { act: 'card', search: id, at: 0 }
    return { html: context.messages.tvmazeDown(), buttons: [[{ text: context.messages.tryAgain, press }]] }
  }
  return card(context, hits, { search: id, at: 0 }, await standing(context, hits[0]!.id))
}

/** The card of one show, for who comes by a link: https://t.me/<bot>?start=s_82 */
export const showCard = (context: ChatContext, showId: number): Promise<Reply> => search(context, showSubject(showId))

/** Questions to TVMaze that a person has in quick succession: half of what TVMaze allows to all together in that time. */
const SEARCH_BURST = 10

/** Whether this person may ask TVMaze now. Without a limit one person uses up what TVMaze allows to everybody. */
const maySearch = ({ deps, origin, cause }: ChatContext, question: 'first' | 'second'): Promise<boolean> =>
  deps.looks.take(
    [{ subject: `search/${origin.personId}`, seconds: deps.limits.searchSeconds, burst: SEARCH_BURST }],
    question === 'first' ? cause.id : `${cause.id}/second`,
    deps.clock(),
  )

/** Hits, null where TVMaze cannot be asked; `show/82` is that show and nothing else. */
const askTvmaze = async (context: ChatContext, query: string): Promise<ShowHit[] | 'gone' | 'too often' | null> => {
  const { deps } = context
  const id = showIdOf(query)
  try {
    const known = id === null ? undefined : (await queryCatalogue(deps, catalogue => catalogue.show(id)))?.found
    if (known) return [hitOf(known)]
    if (!(await maySearch(context, 'first'))) return 'too often'
    if (id === null) return await searchByName(context, query)
    return [await withTimeout(replyTimeoutsMs.tvmaze, 'TVMaze', deps.tvmaze.card(id))]
  } catch (error) {
    if (error instanceof ShowGone) return 'gone'
    if (error instanceof TvmazeUnavailable || error instanceof TimedOut) return null
    throw error
  }
}

/** A text that begins with a greeting may be a name all the same (`Bom dia, Verônica`): only where nothing is found it is left out. */
const searchByName = async (context: ChatContext, query: string): Promise<ShowHit[]> => {
  const ask = (name: string) => withTimeout(replyTimeoutsMs.tvmaze, 'TVMaze', context.deps.tvmaze.search(name))
  const found = await ask(query)
  const name = found.length > 0 ? null : nameIn(query)
  return name !== null && (await maySearch(context, 'second')) ? ask(name) : found
}

const hitOf = ({ _id, name, url, image, channel, premiered, status }: Show): ShowHit => ({
  id: _id,
  name,
  url,
  image,
  channel,
  premiered,
  status,
  summary: null,
})

const standing = async ({ deps, chat }: ChatContext, showId: number): Promise<Standing> =>
  (await deps.follows.find(chat.id, showSubject(showId))) ? 'follower' : 'stranger'

const sayStatus = (status: string, messages: BotMessages): string =>
  messages.status[status as keyof BotMessages['status']] ?? status

const card = (
  context: ChatContext,
  hits: ShowHit[],
  place: CardPlace,
  how: Standing,
  note?: ReturnType<typeof html>,
): View => {
  const { messages } = context
  const hit = hits[place.at]!
  const year = hit.premiered?.slice(0, 4)
  return {
    html: joined([
      html`<b>${hit.name}</b>${year && ` (${year})`}`,
      joined([hit.channel, sayStatus(hit.status, messages)], ' · '),
      note,
    ]),
    photo: hit.image,
    buttons: [
      followRow(hit.id, place, how, messages),
      ...pageRow(place.at, hits.length, at => ({ act: 'card', search: place.search, at })),
      [{ text: 'TVmaze', url: hit.url }],
    ],
  }
}

const followRow = (show: number, { search, at }: CardPlace, how: Standing, messages: BotMessages): Button[] => {
  const place = { search, at }
  const follow: Button = { text: messages.follow, press: { act: 'follow', show, ...place } }
  const following: Button = { text: messages.following, press: { act: 'nothing' } }
  if (how === 'stranger') return [follow]
  if (how === 'follower') return [following, { text: messages.remove, press: { act: 'unfollow', show, ...place } }]
  if (how === 'newFollower') return [following, { text: messages.undo, press: { act: 'unfollow', show, ...place } }]
  return [follow, { text: messages.undo, press: { act: 'refollow', show, ...place, followedAt: how.removed } }]
}

/** Turns to page `at` of a search, or asks TVMaze again where it did not answer the first time. */
export const turnPage = async (context: ChatContext, place: CardPlace): Promise<Reply> => {
  const { deps, chat, messages } = context
  const kept = await deps.searches.find(chat.id, place.search)
  if (!kept) return toastReply(messages.searchTooOld)
  if (kept.hits === null) return askAgain(context, kept)
  const hit = kept.hits[place.at]
  if (!hit) return toastReply(messages.searchTooOld)
  return editReply(card(context, kept.hits, place, await standing(context, hit.id)))
}

const askAgain = async (context: ChatContext, { id, query }: Search): Promise<Reply> => {
  const { deps, chat, messages } = context
  const hits = await askTvmaze(context, query)
  if (hits === null) return toastReply(messages.tvmazeStillDown)
  if (hits === 'too often') return toastReply(messages.searchedTooOften)
  if (hits === 'gone') return editReply({ html: messages.showGone() })
  if (hits.length === 0) return editReply({ html: nothing(query, messages) })
  await deps.searches.answered(chat.id, id, hits)
  return editReply(await firstPage(context, { id, query, hits }))
}

type CardPress = CardPlace & { show: number }

/** The hits of a card, unless they are forgotten or the button names another show than the card has. */
const hitsOf = async ({ deps, chat }: ChatContext, { show, search: id, at }: CardPress): Promise<ShowHit[] | null> => {
  const hits = (await deps.searches.find(chat.id, id))?.hits
  return hits?.[at]?.id === show ? hits : null
}

/** A series that may be followed: its id now, its name, and its entry in the catalogue. */
interface Offer {
  id: number
  title: string | null
  show: Show | null
}

/**
 * Whether there is such a series: on a card of this chat, among its follows, in the catalogue or at TVMaze. Anybody can make up a
 * button, and what nobody offered is not followed.
 */
export const offerOf = async (
  context: ChatContext,
  showId: number,
  onCard?: string,
): Promise<Offer | 'not offered' | 'TVMaze is away' | 'too often'> => {
  const { deps, chat } = context
  const show = (await queryCatalogue(deps, catalogue => catalogue.show(showId)))?.found ?? null
  if (onCard !== undefined || show !== null) return { id: showId, title: onCard ?? show!.name, show }
  const follow = await deps.follows.find(chat.id, showSubject(showId))
  if (follow !== null) return { id: showId, title: follow.title, show }
  const hits = await askTvmaze(context, showSubject(showId))
  if (hits === null) return 'TVMaze is away'
  if (hits === 'too often') return hits
  if (hits === 'gone') return 'not offered'
  // Another id where TVMaze has merged the series into another one.
  return { id: hits[0]!.id, title: hits[0]!.name, show }
}

/** The note over a button that led to nothing. */
export const refused = (
  { messages, deps: { limits } }: ChatContext,
  why: 'not offered' | 'TVMaze is away' | 'too often' | 'full' | 'waiting',
): Reply => {
  const text = {
    'not offered': messages.oldButton,
    'TVMaze is away': messages.tvmazeStillDown,
    'too often': messages.searchedTooOften,
    full: messages.followsFull(limits.followsPerChat),
    waiting: messages.followsWaiting(limits.waitingFollowsPerChat),
  }[why]
  return { effects: [{ do: 'toast', text, alert: why === 'full' || why === 'waiting' }] }
}

/** Follows, and says what comes next. PressRequest twice it is one follow; the event goes out again, with an id of its own cause. */
export const follow = async (context: ChatContext, press: CardPress): Promise<Reply> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const hits = await hitsOf(context, press)
  const offer = await offerOf(context, press.show, hits?.[press.at]?.name)
  if (typeof offer === 'string') return refused(context, offer)
  const { id, title, show } = offer
  const subject = showSubject(id)
  const kept = await deps.follows.followWithinLimits(
    chat.id,
    subject,
    deps.limits,
    show === null ? now : null,
    follows => follows.follow(chat.id, subject, now, title, context.origin.threadId),
  )
  if (typeof kept === 'string') return refused(context, kept)
  const isNew = kept.done
  const followedAt = isNew ? now : ((await deps.follows.find(chat.id, subject))?.followedAt ?? now)
  const events = [followed(context, id, followedAt)]
  const toast = { do: 'toast', text: isNew ? messages.followed : messages.alreadyFollowing } as const
  if (!hits) {
    return { effects: [toast, { do: 'send', view: { html: messages.followedByName(title) } }], events }
  }
  const view = card(
    context,
    hits,
    press,
    isNew ? 'newFollower' : 'follower',
    whatComesNext(context, show, hits[press.at]!),
  )
  return { effects: [toast, { do: 'edit', view, samePhoto: true }], events }
}

const followed = ({ chat, cause }: ChatContext, showId: number, followedAt: Date) =>
  SeriesFollowed.from(cause, {
    subject: showSubject(showId),
    data: { chatId: chat.id, showId, followedAt: followedAt.toISOString() },
  })

const whatComesNext = ({ deps, chat, messages }: ChatContext, show: Show | null, hit: ShowHit) => {
  const now = deps.clock()
  const next = show && nextEpisode(show, now, chat.zone)
  if (next) return messages.nextEpisode(sayEpisode(next, chat.language), sayWhen(next, chat, messages, now))
  if (hit.status === 'Ended') return messages.nextEnded()
  return show ? messages.nextUnknown() : messages.nextComing()
}

export const unfollow = async (context: ChatContext, press: CardPress): Promise<Reply> => {
  const { deps, chat, messages } = context
  const [hits, removed] = await Promise.all([
    hitsOf(context, press),
    deps.follows.unfollow(chat.id, showSubject(press.show)),
  ])
  const toast = { do: 'toast', text: removed ? messages.unfollowed : messages.notFollowing } as const
  if (!hits) return { effects: [toast] }
  const view = card(context, hits, press, removed ? { removed: removed.followedAt } : 'stranger')
  return { effects: [toast, { do: 'edit', view, samePhoto: true }] }
}

/** Undoes a removal: followed since when it was. */
export const refollow = async (context: ChatContext, press: CardPress & { followedAt: Date }): Promise<Reply> => {
  const { messages } = context
  const hits = await hitsOf(context, press)
  const offer = await offerOf(context, press.show, hits?.[press.at]?.name)
  if (typeof offer === 'string') return refused(context, offer)
  const followedAt = await restoreFollow(context, offer, press.followedAt)
  if (typeof followedAt === 'string') return refused(context, followedAt)
  const events = [followed(context, offer.id, followedAt)]
  const toast = { do: 'toast', text: messages.restored } as const
  if (!hits) return { effects: [toast], events }
  return { effects: [toast, { do: 'edit', view: card(context, hits, press, 'follower'), samePhoto: true }], events }
}

/** Follows as if it had never stopped. The date comes from a button, so it may be made up: it is never in the future. */
export const restoreFollow = async (
  { deps, chat, origin }: ChatContext,
  { id, title, show }: Offer,
  followedAt: Date,
): Promise<Date | 'full' | 'waiting'> => {
  const now = deps.clock()
  const since = followedAt > now ? now : followedAt
  const subject = showSubject(id)
  const kept = await deps.follows.followWithinLimits(
    chat.id,
    subject,
    deps.limits,
    show === null ? now : null,
    follows => follows.restore(chat.id, subject, since, title, origin.threadId),
  )
  return typeof kept === 'string' ? kept : since
}

/** The news that a series is followed again. */
export const followedAgain = followed
