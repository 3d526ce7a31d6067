import { showIdOf } from '#database/series/follows.ts'
import type { Show } from '#database/series/show.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { distinctions, nameKey, withNote } from '#functions/wording/namesakes.ts'
import { sayEpisode } from '#functions/wording/words.ts'
import type { Answer, Button, View } from './bot.ts'
import { fromCatalogue, type Turn } from './context.ts'
import { nextEpisode, sayWhen, titleOf } from './episodes.ts'
import { label, pageOf, pageRow } from './pages.ts'
import { followedAgain, offerOf, refused, restoreFollow, showSubject } from './search.ts'

const A_PAGE = 6

/** What happened just now, told above the list. */
interface Note {
  html: Html
  button: Button
}

/** A followed series: TVMaze's id, and what it was called when it was followed. */
interface FollowedShow {
  id: number
  title: string | null
}

const followedShows = async ({ desk, chat }: Turn): Promise<FollowedShow[]> =>
  (await desk.follows.of(chat.id, 'show/')).flatMap(({ subject, title }) => {
    const id = showIdOf(subject)
    return id === null ? [] : [{ id, title }]
  })

/** The series that the chat follows, by name, with what comes next of each. */
export const seriesList = async (turn: Turn, page: number, note?: Note): Promise<View> => {
  const { chat, words } = turn
  const follows = await followedShows(turn)
  if (follows.length === 0) {
    const nothing = chat.kind === 'private' ? words.seriesNone() : words.seriesNoneInGroup()
    return { html: joined([note?.html, nothing], '\n\n'), buttons: note ? [[note.button]] : [] }
  }
  const sorted = follows.toSorted((one, other) =>
    (one.title ?? '').localeCompare(other.title ?? '', chat.language, { sensitivity: 'base' }),
  )
  const { items, at, pages } = pageOf(sorted, page, A_PAGE)
  const { isKnown, named: all } = await namesOf(turn, withNamesakes(items, sorted))
  const named = all.slice(0, items.length)
  return {
    html: joined(
      [
        note?.html,
        words.seriesTitle(follows.length),
        ...named.map(({ show, name, note: which }) =>
          joined([nameLine(name, which, show), isKnown && statusLine(turn, show)]),
        ),
        !isKnown && words.catalogueDownNote(),
      ],
      '\n\n',
    ),
    buttons: [
      ...(note ? [[note.button]] : []),
      ...named.map(({ id, name, note: which }): Button[] => [
        { text: label(words.removeNamed(name), which), press: { act: 'remove', show: id, page: at } },
      ]),
      ...pageRow(at, pages, to => ({ act: 'series', page: to })),
    ],
  }
}

/** These follows, then the others whose name looks the same: what tells them apart depends on all of them. */
const withNamesakes = (some: readonly FollowedShow[], all: readonly FollowedShow[]): FollowedShow[] => {
  const names = new Set(some.flatMap(({ title }) => (title === null ? [] : [nameKey(title)])))
  const others = all.filter(
    follow => !some.includes(follow) && follow.title !== null && names.has(nameKey(follow.title)),
  )
  return [...some, ...others]
}

/** What each show is called, and what tells it from others of its name. */
const namesOf = async ({ desk, chat, words }: Turn, follows: readonly FollowedShow[]) => {
  const known = await fromCatalogue(desk, catalogue => catalogue.shows(follows.map(({ id }) => id)))
  const shows = new Map(known?.found.map(show => [show._id, show]))
  const named = follows.map(({ id, title }) => {
    const show = shows.get(id)
    return { id, show, name: show ? titleOf(show, chat) : (title ?? words.unnamedSeries) }
  })
  const notes = distinctions(
    named.map(({ id, name, show }) => ({
      id,
      name,
      premiered: show?.premiered ?? null,
      channel: show?.channel ?? null,
    })),
  )
  return { isKnown: known !== null, named: named.map(each => ({ ...each, note: notes.get(each.id) })) }
}

const nameLine = (name: string, note: string | undefined, show: Show | undefined) =>
  html`${show ? html`<a href="${show.url}"><b>${name}</b></a>` : html`<b>${name}</b>`}${note && ` (${note})`}`

const statusLine = ({ desk, chat, words }: Turn, show: Show | undefined): Html | string => {
  const now = desk.clock()
  const next = show && nextEpisode(show, now, chat.zone)
  if (next) return words.next(sayEpisode(next, chat.language), sayWhen(next, chat, words, now))
  if (!show) return words.dateComing
  return show.status === 'Ended' ? words.status.Ended : words.noDate
}

/** Removes at once; the way back stands above the list. */
export const removeSeries = async (turn: Turn, showId: number, page: number): Promise<Answer> => {
  const { desk, chat, words } = turn
  const removed = await desk.follows.unfollow(chat.id, showSubject(showId))
  if (!removed)
    return {
      effects: [
        { do: 'toast', text: words.notFollowing },
        { do: 'edit', view: await seriesList(turn, page) },
      ],
    }
  const namesakes = withNamesakes([{ id: showId, title: removed.title }], await followedShows(turn))
  const { name, note: which } = (await namesOf(turn, namesakes)).named[0]!
  const press = { act: 'restore', show: showId, page, followedAt: removed.followedAt } as const
  const note = {
    html: words.removed(withNote(name, which)),
    button: { text: label(words.undoRemove(name), which), press },
  }
  return {
    effects: [
      { do: 'toast', text: words.unfollowed },
      { do: 'edit', view: await seriesList(turn, page, note) },
    ],
  }
}

/** Undoes a removal, however long ago it was. */
export const restoreSeries = async (turn: Turn, showId: number, page: number, followedAt: Date): Promise<Answer> => {
  const offer = await offerOf(turn, showId)
  if (typeof offer === 'string') return refused(turn, offer)
  const since = await restoreFollow(turn, offer, followedAt)
  if (typeof since === 'string') return refused(turn, since)
  return {
    effects: [
      { do: 'toast', text: turn.words.restored },
      { do: 'edit', view: await seriesList(turn, page) },
    ],
    events: [followedAgain(turn, offer.id, since)],
  }
}
