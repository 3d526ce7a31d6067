import { titleOf } from '#functions/series/slots.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { episodeName, sayEpisode } from '#functions/wording/series.ts'
import type { ChatContext } from '../context.ts'
import { label, pageOf, pageRow } from '../pages.ts'
import type { Button, Reply, View } from '../reply.ts'
import { nothingFollowed } from '../series.ts'
import { showOfRange } from './notice-state.ts'
import { progressOf } from './progress.ts'
import { followedShows } from './seen.ts'

const seriesPerPage = 6

/** What the chat has not seen yet, by series: first the series of which it has seen something. */
export const watchlist = async (context: ChatContext, page: number): Promise<View> => {
  const { deps, chat, messages } = context
  const shows = await followedShows(context)
  if (shows === null) return { html: messages.catalogueDown() }
  // A followed series is in the catalogue only when its data has arrived.
  if (shows.length === 0 && (await deps.follows.of(chat.id, 'show/')).length === 0)
    return { html: nothingFollowed(context) }
  const now = deps.clock()
  const seen = Map.groupBy(
    await deps.seen.of(
      chat.id,
      shows.map(({ _id }) => _id),
    ),
    ({ showId }) => showId,
  )
  const open = shows
    .flatMap(show => {
      const progress = progressOf(show, seen.get(show._id) ?? [], now, chat.zone)
      return progress.next === null ? [] : [{ ...progress, show, name: titleOf(show, chat), next: progress.next }]
    })
    .sort(
      (one, other) =>
        Number(other.seen > 0) - Number(one.seen > 0) || one.name.localeCompare(other.name, chat.language),
    )
  if (open.length === 0) return { html: messages.seen.watchlistEmpty() }
  const { items, at, pages } = pageOf(open, page, seriesPerPage)
  return {
    html: joined(
      [
        messages.seen.watchlist(open.length),
        ...items.map(({ show, name, seen, aired, next }) =>
          joined([
            html`<a href="${show.url}"><b>${name}</b></a> · ${messages.seen.progress(seen, aired)}`,
            messages.seen.nextUnseen(
              [sayEpisode(next, chat.language), episodeName(next)].filter(part => part !== null).join(' · '),
            ),
          ]),
        ),
      ],
      '\n\n',
    ),
    buttons: [
      ...items.map(({ show, name, next }): Button[] => [
        {
          text: label(messages.seen.seenButton(sayEpisode(next, chat.language), name)),
          press: { act: 'seenInList', show: show._id, season: next.season, number: next.number!, page: at },
        },
      ]),
      ...pageRow(at, pages, to => ({ act: 'watchlist', page: to })),
    ],
  }
}

/** Marks the next episode of a series as seen, and shows the list with the one after it. */
export const seenInList = async (
  context: ChatContext,
  { show: id, season, number, page }: { show: number; season: number; number: number; page: number },
): Promise<Reply> => {
  const { deps, chat, messages } = context
  const found = await showOfRange(context, { show: id, season, first: number, last: number })
  if ('refused' in found) return found.refused
  const isNew = (await deps.seen.mark(chat.id, [{ showId: id, season, number, seenAt: deps.clock() }])) > 0
  const said = sayEpisode({ season, number }, chat.language)
  return {
    effects: [
      { do: 'toast', text: isNew ? messages.seen.marked(said) : messages.seen.markedBefore(said) },
      { do: 'edit', view: await watchlist(context, page) },
    ],
  }
}
