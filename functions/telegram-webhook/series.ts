import { showIdOf } from '#database/series/follows.ts'
import type { Show } from '#database/series/show.ts'
import { titleOf } from '#functions/series/slots.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { distinctionsBetween, nameKey, withDistinction } from '#functions/wording/namesakes.ts'
import { sayEpisode } from '#functions/wording/series.ts'
import { type ChatContext, queryCatalogue } from './context.ts'
import { nextEpisode, sayWhen } from './episodes.ts'
import { findShow, followedEvent, refusedFollow, restoreFollow } from './follow.ts'
import { label, pageOf, pageRow } from './pages.ts'
import type { Button, Reply, View } from './reply.ts'
import { showSubject } from './tvmaze-search.ts'

const seriesPerPage = 6

/** What a list shows after a press removed a series: a line above the list, and a button that undoes the removal. */
interface RemovalNotice {
  html: Html
  button: Button
}

/** A followed series: its id at TVmaze, and its name at the time of the follow. */
interface FollowedShow {
  id: number
  title: string | null
}

const followedShows = async ({ deps, chat }: ChatContext): Promise<FollowedShow[]> =>
  (await deps.follows.of(chat.id, 'show/')).flatMap(({ subject, title }) => {
    const id = showIdOf(subject)
    return id === null ? [] : [{ id, title }]
  })

/** Says that the chat follows no series, and how to begin. */
export const nothingFollowed = ({ chat, messages }: ChatContext): Html =>
  chat.kind === 'private' ? messages.seriesNone() : messages.seriesNoneInGroup()

/** The series that the chat follows, sorted by name, each with its next episode. */
export const seriesList = async (context: ChatContext, page: number, removal?: RemovalNotice): Promise<View> => {
  const { chat, messages } = context
  const follows = await followedShows(context)
  if (follows.length === 0) {
    return {
      html: joined([removal?.html, nothingFollowed(context)], '\n\n'),
      buttons: removal ? [[removal.button]] : [],
    }
  }
  const sorted = follows.toSorted((one, other) =>
    (one.title ?? '').localeCompare(other.title ?? '', chat.language, { sensitivity: 'base' }),
  )
  const { items, at, pages } = pageOf(sorted, page, seriesPerPage)
  const { isCatalogueAvailable, named: withOthers } = await namesOf(context, withNamesakes(items, sorted))
  const named = withOthers.slice(0, items.length)
  return {
    html: joined(
      [
        removal?.html,
        messages.seriesTitle(follows.length),
        ...named.map(({ show, name, distinction }) =>
          joined([nameLine(name, distinction, show), isCatalogueAvailable && statusLine(context, show)]),
        ),
        !isCatalogueAvailable && messages.catalogueDownNote(),
      ],
      '\n\n',
    ),
    buttons: [
      ...(removal ? [[removal.button]] : []),
      ...named.map(({ id, name, distinction }): Button[] => [
        { text: label(messages.removeNamed(name), distinction), press: { act: 'remove', show: id, page: at } },
      ]),
      ...pageRow(at, pages, to => ({ act: 'series', page: to })),
    ],
  }
}

/**
 * The follows in `some`, then the follows in `all` whose names look the same as a name in `some`. The distinction of a
 * show depends on all shows with the same name.
 */
const withNamesakes = (some: readonly FollowedShow[], all: readonly FollowedShow[]): FollowedShow[] => {
  const names = new Set(some.flatMap(({ title }) => (title === null ? [] : [nameKey(title)])))
  const others = all.filter(
    follow => !some.includes(follow) && follow.title !== null && names.has(nameKey(follow.title)),
  )
  return [...some, ...others]
}

/** The name of each show and its distinction from others with the same name; and whether the catalogue is available. */
const namesOf = async ({ deps, chat, messages }: ChatContext, follows: readonly FollowedShow[]) => {
  const known = await queryCatalogue(deps, catalogue => catalogue.shows(follows.map(({ id }) => id)))
  const shows = new Map(known?.found.map(show => [show._id, show]))
  const named = follows.map(({ id, title }) => {
    const show = shows.get(id)
    return { id, show, name: show ? titleOf(show, chat) : (title ?? messages.unnamedSeries) }
  })
  const distinctions = distinctionsBetween(
    named.map(({ id, name, show }) => ({
      id,
      name,
      premiered: show?.premiered ?? null,
      channel: show?.channel ?? null,
      country: show?.country,
    })),
  )
  return {
    isCatalogueAvailable: known !== null,
    named: named.map(each => ({ ...each, distinction: distinctions.get(each.id) })),
  }
}

const nameLine = (name: string, distinction: string | undefined, show: Show | undefined) =>
  html`${show ? html`<a href="${show.url}"><b>${name}</b></a>` : html`<b>${name}</b>`}${distinction && ` (${distinction})`}`

const statusLine = ({ deps, chat, messages }: ChatContext, show: Show | undefined): Html | string => {
  const now = deps.clock()
  const next = show && nextEpisode(show, now, chat.zone)
  if (next) return messages.next(sayEpisode(next, chat.language), sayWhen(next, chat, messages, now))
  if (!show) return messages.dateBeingLookedUp
  return show.status === 'Ended' ? messages.status.Ended : messages.noDate
}

/** Removes a series without asking for confirmation. The button that undoes the removal is above the list. */
export const removeSeries = async (context: ChatContext, showId: number, page: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const removed = await deps.follows.unfollow(chat.id, showSubject(showId))
  if (!removed)
    return {
      effects: [
        { do: 'toast', text: messages.notFollowing },
        { do: 'edit', view: await seriesList(context, page) },
      ],
    }
  const namesakes = withNamesakes([{ id: showId, title: removed.title }], await followedShows(context))
  const { name, distinction } = (await namesOf(context, namesakes)).named[0]!
  const press = { act: 'restore', show: showId, page, followedAt: removed.followedAt } as const
  const removal = {
    html: messages.removed(withDistinction(name, distinction)),
    button: { text: label(messages.undoRemove(name), distinction), press },
  }
  return {
    effects: [
      { do: 'toast', text: messages.unfollowed },
      { do: 'edit', view: await seriesList(context, page, removal) },
    ],
  }
}

/** Undoes a removal. The button never expires. */
export const restoreSeries = async (
  context: ChatContext,
  showId: number,
  page: number,
  followedAt: Date,
): Promise<Reply> => {
  const show = await findShow(context, showId)
  if (typeof show === 'string') return refusedFollow(context, show)
  const since = await restoreFollow(context, show, followedAt)
  if (typeof since === 'string') return refusedFollow(context, since)
  return {
    effects: [
      { do: 'toast', text: context.messages.restored },
      { do: 'edit', view: await seriesList(context, page) },
    ],
    events: [followedEvent(context, show.id, since)],
  }
}
