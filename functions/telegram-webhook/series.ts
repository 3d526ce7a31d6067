import type { Show } from '#database/catalogue.ts'
import { showIdOf } from '#database/follows.ts'
import { type Html, html, joined } from '../html.ts'
import { sayEpisode } from '../words.ts'
import type { Answer, Button, View } from './bot.ts'
import { fromCatalogue, type Turn } from './desk.ts'
import { nextEpisode, sayWhen, titleOf } from './episodes.ts'
import { label, pageOf, pageRow } from './pages.ts'
import { followedAgain, offerOf, refused, restoreFollow, showSubject } from './search.ts'

const A_PAGE = 6

/** What happened just now, told above the list. */
interface Note {
  html: Html
  button: Button
}

/** The series that the chat follows, by name, with what comes next of each. */
export const seriesList = async (turn: Turn, page: number, note?: Note): Promise<View> => {
  const { desk, chat, words } = turn
  const follows = (await desk.follows.of(chat.id, 'show/')).flatMap(follow => {
    const id = showIdOf(follow.subject)
    return id === null ? [] : [{ ...follow, id }]
  })
  if (follows.length === 0) {
    const nothing = chat.kind === 'private' ? words.seriesNone() : words.seriesNoneInGroup()
    return { html: joined([note?.html, nothing], '\n\n'), buttons: note ? [[note.button]] : [] }
  }
  const sorted = follows.toSorted((one, other) =>
    (one.title ?? '').localeCompare(other.title ?? '', chat.language, { sensitivity: 'base' }),
  )
  const { items, at, pages } = pageOf(sorted, page, A_PAGE)
  const known = await fromCatalogue(desk, catalogue => catalogue.shows(items.map(({ id }) => id)))
  const shows = new Map(known?.found.map(show => [show._id, show]))
  const named = items.map(follow => {
    const { id } = follow
    const show = shows.get(id)
    return { id, show, name: show ? titleOf(show, chat) : (follow.title ?? words.unnamedSeries) }
  })
  return {
    html: joined(
      [
        note?.html,
        words.seriesTitle(follows.length),
        ...named.map(({ show, name }) => joined([nameLine(name, show), known && statusLine(turn, show)])),
        known === null && words.catalogueDownNote(),
      ],
      '\n\n',
    ),
    buttons: [
      ...(note ? [[note.button]] : []),
      ...named.map(({ id, name }): Button[] => [
        { text: label(words.removeNamed(name)), press: { act: 'remove', show: id, page: at } },
      ]),
      ...pageRow(at, pages, to => ({ act: 'series', page: to })),
    ],
  }
}

const nameLine = (name: string, show: Show | undefined) =>
  show ? html`<a href="${show.url}"><b>${name}</b></a>` : html`<b>${name}</b>`

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
  const name = await nameOf(turn, showId, removed.title)
  const press = { act: 'restore', show: showId, page, followedAt: removed.followedAt } as const
  const note = { html: words.removed(name), button: { text: label(words.undoRemove(name)), press } }
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
  const since = await restoreFollow(turn, offer.id, followedAt, offer.title)
  return {
    effects: [
      { do: 'toast', text: turn.words.restored },
      { do: 'edit', view: await seriesList(turn, page) },
    ],
    events: [followedAgain(turn, offer.id, since)],
  }
}

const nameOf = async ({ desk, chat, words }: Turn, showId: number, title: string | null): Promise<string> => {
  const show = (await fromCatalogue(desk, catalogue => catalogue.show(showId)))?.found
  return show ? titleOf(show, chat) : (title ?? words.unnamedSeries)
}
