import { showIdOf } from '#database/series/follows.ts'
import type { Search } from '#database/series/searches.ts'
import type { Show, ShowHit } from '#database/series/show.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { parseTarget } from '#functions/dial/target.ts'
import type { CardPlace, Press } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { ShowGone, TvmazeUnavailable } from '#functions/tvmaze/client.ts'
import { sayEpisode } from '#functions/wording/words.ts'
import type { Answer, Button, View } from './bot.ts'
import { fromCatalogue, PATIENCE_MS, TookTooLong, type Turn, within } from './context.ts'
import { nextEpisode, sayWhen } from './episodes.ts'
import { pageRow } from './pages.ts'
import { howToSearch } from './settings.ts'
import { nameIn } from './small-talk.ts'
import { tcpInstead } from './typed-monitor.ts'
import type { Words } from './words/words.ts'

export const showSubject = (id: number) => `show/${id}`

/** How a card's show and the chat stand: not followed, followed, followed just now, removed just now. */
type Standing = 'stranger' | 'follower' | 'newFollower' | { removed: Date }

const LONGEST_QUERY = 100

/** A search: its first hit as a card, or words on why there is none. */
export const search = async (turn: Turn, asked: string): Promise<Answer> => {
  const { desk, chat, words } = turn
  const query = [...asked.replace(/\s+/g, ' ').trim()].slice(0, LONGEST_QUERY).join('')
  if (query === '') return { effects: [{ do: 'send', view: howToSearch(turn) }] }
  const hits = await askTvmaze(turn, query)
  if (hits === 'too often') return { effects: [{ do: 'send', view: { html: html`${words.searchedTooOften}` } }] }
  if (hits === 'gone') return { effects: [{ do: 'send', view: { html: words.showGone() } }] }
  if (hits?.length === 0) return { effects: [{ do: 'send', view: { html: nothing(query, words) } }] }
  const id = await desk.searches.keep(chat.id, query, hits)
  return { effects: [{ do: 'send', view: await firstPage(turn, { id, query, hits }) }] }
}

/** What looks like an address and is no series was meant for /monitorar. */
const nothing = (query: string, words: Words) => {
  const tcp = tcpInstead(query)
  if (tcp !== null) return words.tcpInstead(tcp)
  return /[.:]/.test(query) && parseTarget(query).ok ? words.looksLikeAddress(query) : words.nothingFound(query)
}

const firstPage = async (turn: Turn, { id, hits }: Search): Promise<View> => {
  if (hits === null) {
    const press: Press = { act: 'card', search: id, at: 0 }
    return { html: turn.words.tvmazeDown(), buttons: [[{ text: turn.words.tryAgain, press }]] }
  }
  return card(turn, hits, { search: id, at: 0 }, await standing(turn, hits[0]!.id))
}

/** The card of one show, for who comes by a link: https://t.me/<bot>?start=s_82 */
export const showCard = (turn: Turn, showId: number): Promise<Answer> => search(turn, showSubject(showId))

/** Questions to TVMaze that a person has in quick succession: half of what TVMaze allows to all together in that time. */
const SEARCH_BURST = 10

/** Whether this person may ask TVMaze now. Without a limit one person uses up what TVMaze allows to everybody. */
const maySearch = ({ desk, place, cause }: Turn, question: 'first' | 'second'): Promise<boolean> =>
  desk.looks.take(
    [{ subject: `search/${place.personId}`, seconds: desk.limits.searchSeconds, burst: SEARCH_BURST }],
    question === 'first' ? cause.id : `${cause.id}/second`,
    desk.clock(),
  )

/** Hits, null where TVMaze cannot be asked; `show/82` is that show and nothing else. */
const askTvmaze = async (turn: Turn, query: string): Promise<ShowHit[] | 'gone' | 'too often' | null> => {
  const { desk } = turn
  const id = showIdOf(query)
  try {
    const known = id === null ? undefined : (await fromCatalogue(desk, catalogue => catalogue.show(id)))?.found
    if (known) return [hitOf(known)]
    if (!(await maySearch(turn, 'first'))) return 'too often'
    if (id === null) return await searchByName(turn, query)
    return [await within(PATIENCE_MS.tvmaze, 'TVMaze', desk.tvmaze.card(id))]
  } catch (error) {
    if (error instanceof ShowGone) return 'gone'
    if (error instanceof TvmazeUnavailable || error instanceof TookTooLong) return null
    throw error
  }
}

/** A text that begins with a greeting may be a name all the same (`Bom dia, Verônica`): only where nothing is found it is left out. */
const searchByName = async (turn: Turn, query: string): Promise<ShowHit[]> => {
  const ask = (words: string) => within(PATIENCE_MS.tvmaze, 'TVMaze', turn.desk.tvmaze.search(words))
  const found = await ask(query)
  const name = found.length > 0 ? null : nameIn(query)
  return name !== null && (await maySearch(turn, 'second')) ? ask(name) : found
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

const standing = async ({ desk, chat }: Turn, showId: number): Promise<Standing> =>
  (await desk.follows.find(chat.id, showSubject(showId))) ? 'follower' : 'stranger'

const sayStatus = (status: string, words: Words): string => words.status[status as keyof Words['status']] ?? status

const card = (turn: Turn, hits: ShowHit[], place: CardPlace, how: Standing, note?: ReturnType<typeof html>): View => {
  const { words } = turn
  const hit = hits[place.at]!
  const year = hit.premiered?.slice(0, 4)
  return {
    html: joined([
      html`<b>${hit.name}</b>${year && ` (${year})`}`,
      joined([hit.channel, sayStatus(hit.status, words)], ' · '),
      note,
    ]),
    photo: hit.image,
    buttons: [
      followRow(hit.id, place, how, words),
      ...pageRow(place.at, hits.length, at => ({ act: 'card', search: place.search, at })),
      [{ text: 'TVmaze', url: hit.url }],
    ],
  }
}

const followRow = (show: number, { search, at }: CardPlace, how: Standing, words: Words): Button[] => {
  const place = { search, at }
  const follow: Button = { text: words.follow, press: { act: 'follow', show, ...place } }
  const following: Button = { text: words.following, press: { act: 'nothing' } }
  if (how === 'stranger') return [follow]
  if (how === 'follower') return [following, { text: words.remove, press: { act: 'unfollow', show, ...place } }]
  if (how === 'newFollower') return [following, { text: words.undo, press: { act: 'unfollow', show, ...place } }]
  return [follow, { text: words.undo, press: { act: 'refollow', show, ...place, followedAt: how.removed } }]
}

/** Turns to page `at` of a search, or asks TVMaze again where it did not answer the first time. */
export const turnPage = async (turn: Turn, place: CardPlace): Promise<Answer> => {
  const { desk, chat, words } = turn
  const kept = await desk.searches.find(chat.id, place.search)
  if (!kept) return { effects: [{ do: 'toast', text: words.searchTooOld }] }
  if (kept.hits === null) return askAgain(turn, kept)
  const hit = kept.hits[place.at]
  if (!hit) return { effects: [{ do: 'toast', text: words.searchTooOld }] }
  return { effects: [{ do: 'edit', view: card(turn, kept.hits, place, await standing(turn, hit.id)) }] }
}

const askAgain = async (turn: Turn, { id, query }: Search): Promise<Answer> => {
  const { desk, chat, words } = turn
  const hits = await askTvmaze(turn, query)
  if (hits === null) return { effects: [{ do: 'toast', text: words.tvmazeStillDown }] }
  if (hits === 'too often') return { effects: [{ do: 'toast', text: words.searchedTooOften }] }
  if (hits === 'gone') return { effects: [{ do: 'edit', view: { html: words.showGone() } }] }
  if (hits.length === 0) return { effects: [{ do: 'edit', view: { html: nothing(query, words) } }] }
  await desk.searches.answered(chat.id, id, hits)
  return { effects: [{ do: 'edit', view: await firstPage(turn, { id, query, hits }) }] }
}

type CardPress = CardPlace & { show: number }

/** The hits of a card, unless they are forgotten or the button names another show than the card has. */
const hitsOf = async ({ desk, chat }: Turn, { show, search: id, at }: CardPress): Promise<ShowHit[] | null> => {
  const hits = (await desk.searches.find(chat.id, id))?.hits
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
  turn: Turn,
  showId: number,
  onCard?: string,
): Promise<Offer | 'not offered' | 'TVMaze is away' | 'too often'> => {
  const { desk, chat } = turn
  const show = (await fromCatalogue(desk, catalogue => catalogue.show(showId)))?.found ?? null
  if (onCard !== undefined || show !== null) return { id: showId, title: onCard ?? show!.name, show }
  const follow = await desk.follows.find(chat.id, showSubject(showId))
  if (follow !== null) return { id: showId, title: follow.title, show }
  const hits = await askTvmaze(turn, showSubject(showId))
  if (hits === null) return 'TVMaze is away'
  if (hits === 'too often') return hits
  if (hits === 'gone') return 'not offered'
  // Another id where TVMaze has merged the series into another one.
  return { id: hits[0]!.id, title: hits[0]!.name, show }
}

/** The note over a button that led to nothing. */
export const refused = (
  { words, desk: { limits } }: Turn,
  why: 'not offered' | 'TVMaze is away' | 'too often' | 'full' | 'waiting',
): Answer => {
  const text = {
    'not offered': words.oldButton,
    'TVMaze is away': words.tvmazeStillDown,
    'too often': words.searchedTooOften,
    full: words.followsFull(limits.followsPerChat),
    waiting: words.followsWaiting(limits.waitingFollowsPerChat),
  }[why]
  return { effects: [{ do: 'toast', text, alert: why === 'full' || why === 'waiting' }] }
}

/** Follows, and says what comes next. Pressed twice it is one follow; the event goes out again, with an id of its own cause. */
export const follow = async (turn: Turn, press: CardPress): Promise<Answer> => {
  const { desk, chat, words } = turn
  const now = desk.clock()
  const hits = await hitsOf(turn, press)
  const offer = await offerOf(turn, press.show, hits?.[press.at]?.name)
  if (typeof offer === 'string') return refused(turn, offer)
  const { id, title, show } = offer
  const subject = showSubject(id)
  const kept = await desk.follows.followWithinLimits(
    chat.id,
    subject,
    desk.limits,
    show === null ? now : null,
    follows => follows.follow(chat.id, subject, now, title, turn.place.threadId),
  )
  if (typeof kept === 'string') return refused(turn, kept)
  const isNew = kept.done
  const followedAt = isNew ? now : ((await desk.follows.find(chat.id, subject))?.followedAt ?? now)
  const events = [followed(turn, id, followedAt)]
  const toast = { do: 'toast', text: isNew ? words.followed : words.alreadyFollowing } as const
  if (!hits) {
    return { effects: [toast, { do: 'send', view: { html: words.followedByName(title) } }], events }
  }
  const view = card(turn, hits, press, isNew ? 'newFollower' : 'follower', whatComesNext(turn, show, hits[press.at]!))
  return { effects: [toast, { do: 'edit', view, samePhoto: true }], events }
}

const followed = ({ chat, cause }: Turn, showId: number, followedAt: Date) =>
  SeriesFollowed.from(cause, {
    subject: showSubject(showId),
    data: { chatId: chat.id, showId, followedAt: followedAt.toISOString() },
  })

const whatComesNext = ({ desk, chat, words }: Turn, show: Show | null, hit: ShowHit) => {
  const now = desk.clock()
  const next = show && nextEpisode(show, now, chat.zone)
  if (next) return words.nextEpisode(sayEpisode(next, chat.language), sayWhen(next, chat, words, now))
  if (hit.status === 'Ended') return words.nextEnded()
  return show ? words.nextUnknown() : words.nextComing()
}

export const unfollow = async (turn: Turn, press: CardPress): Promise<Answer> => {
  const { desk, chat, words } = turn
  const [hits, removed] = await Promise.all([
    hitsOf(turn, press),
    desk.follows.unfollow(chat.id, showSubject(press.show)),
  ])
  const toast = { do: 'toast', text: removed ? words.unfollowed : words.notFollowing } as const
  if (!hits) return { effects: [toast] }
  const view = card(turn, hits, press, removed ? { removed: removed.followedAt } : 'stranger')
  return { effects: [toast, { do: 'edit', view, samePhoto: true }] }
}

/** Undoes a removal: followed since when it was. */
export const refollow = async (turn: Turn, press: CardPress & { followedAt: Date }): Promise<Answer> => {
  const { words } = turn
  const hits = await hitsOf(turn, press)
  const offer = await offerOf(turn, press.show, hits?.[press.at]?.name)
  if (typeof offer === 'string') return refused(turn, offer)
  const followedAt = await restoreFollow(turn, offer, press.followedAt)
  if (typeof followedAt === 'string') return refused(turn, followedAt)
  const events = [followed(turn, offer.id, followedAt)]
  const toast = { do: 'toast', text: words.restored } as const
  if (!hits) return { effects: [toast], events }
  return { effects: [toast, { do: 'edit', view: card(turn, hits, press, 'follower'), samePhoto: true }], events }
}

/** Follows as if it had never stopped. The date comes from a button, so it may be made up: it is never in the future. */
export const restoreFollow = async (
  { desk, chat, place }: Turn,
  { id, title, show }: Offer,
  followedAt: Date,
): Promise<Date | 'full' | 'waiting'> => {
  const now = desk.clock()
  const since = followedAt > now ? now : followedAt
  const subject = showSubject(id)
  const kept = await desk.follows.followWithinLimits(
    chat.id,
    subject,
    desk.limits,
    show === null ? now : null,
    follows => follows.restore(chat.id, subject, since, title, place.threadId),
  )
  return typeof kept === 'string' ? kept : since
}

/** The news that a series is followed again. */
export const followedAgain = followed
