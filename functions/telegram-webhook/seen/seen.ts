import { showIdOf } from '#database/series/follows.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { titleOf } from '#functions/series/slots.ts'
import type { EpisodeRange } from '#functions/telegram/callback-data.ts'
import { type Html, html, joined, plain } from '#functions/telegram/html.ts'
import { episodeName, sayEpisode, sayEpisodes } from '#functions/wording/series.ts'
import { type ChatContext, queryCatalogue } from '../context.ts'
import { sayWhen } from '../episodes.ts'
import { forEver } from '../notices/notice-argument.ts'
import { seriesNamed } from '../notices/notices.ts'
import { label } from '../pages.ts'
import { type Reply, sendReply, toastReply, type View } from '../reply.ts'
import { namedEpisodes } from './episode-argument.ts'
import { currentButtons, inRange, showOfRange } from './notice-state.ts'
import { nextAfter } from './progress.ts'

/** Marks the episodes of a notice as seen. The reply names the next episode. A second press changes nothing. */
export const markSeen = async (context: ChatContext, range: EpisodeRange, messageId: number): Promise<Reply> => {
  const { chat, messages } = context
  const found = await showOfRange(context, range)
  if ('refused' in found) return found.refused
  const { show, episodes } = found
  const isNew = (await mark(context, show, episodes)) > 0
  const said = sayEpisodes(episodes, chat.language)
  const text = isNew
    ? `${messages.seen.marked(said)} ${plain(await sayNext(context, show, episodes.at(-1)!))}`
    : messages.seen.markedBefore(said)
  return {
    effects: [
      { do: 'toast', text: text.slice(0, 200) },
      { do: 'buttons', buttons: await currentButtons(context, show, range, messageId) },
    ],
  }
}

/** Mutes the series of a notice, until the person ends the silence. */
export const muteShow = async (context: ChatContext, range: EpisodeRange, messageId: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const found = await showOfRange(context, range)
  if ('refused' in found) return found.refused
  if (!(await context.mayChange())) return toastReply(messages.notices.administratorsOnly, true)
  await deps.noticeSettings.change(chat.id, range.show, { mutedUntil: forEver }, deps.clock())
  return {
    effects: [
      { do: 'toast', text: messages.seen.muted(titleOf(found.show, chat)).slice(0, 200) },
      { do: 'buttons', buttons: await currentButtons(context, found.show, range, messageId) },
    ],
  }
}

const mark = ({ deps, chat }: ChatContext, show: Show, episodes: readonly Episode[]): Promise<number> =>
  deps.seen.mark(
    chat.id,
    episodes.map(({ season, number }) => ({ showId: show._id, season, number: number!, seenAt: deps.clock() })),
  )

/** The next episode after the last one that was seen, as a sentence. */
const sayNext = async ({ deps, chat, messages }: ChatContext, show: Show, last: Episode): Promise<Html> => {
  const next = nextAfter(show, await deps.seen.of(chat.id, [show._id]), { season: last.season, number: last.number! })
  if (next === null) return html`${messages.seen.allSeen}`
  const dated = next.airdate !== '' || next.airstamp !== null
  const parts = [
    sayEpisode(next, chat.language),
    episodeName(next),
    dated ? sayWhen(next, chat, messages, deps.clock()) : messages.noDate,
  ]
  return messages.seen.next(joined(parts, ' · '))
}

/** Handles /visto: marks an episode or a season as seen. */
export const seenCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { chat, messages } = context
  const named = namedEpisodes(argument)
  if (named === null) return sendReply({ html: messages.seen.how() })
  const unknown = joined([messages.seen.unknown(label(argument)), messages.seen.how()], '\n\n')
  const shows = await followedShows(context)
  if (shows === null) return sendReply({ html: messages.catalogueDown() })
  const ids = named.rest === '' ? null : new Set((await seriesNamed(context, named.rest)).map(({ id }) => id))
  const range = { season: named.season, first: named.number ?? 1, last: named.number ?? 99_999 }
  const candidates = shows
    .filter(({ _id }) => ids === null || ids.has(_id))
    .map(show => ({ show, episodes: inRange(show, range) }))
    .filter(({ episodes }) => episodes.length > 0)
  const [only] = candidates
  if (only === undefined) return sendReply({ html: unknown })
  if (candidates.length > 1)
    return sendReply({
      html: messages.seen.whichSeries(sayEpisodes(only.episodes, chat.language)),
      buttons: candidates.slice(0, 8).map(({ show, episodes }) => [
        {
          text: label(titleOf(show, chat)),
          press: { act: 'seen' as const, ...rangeOf(show, episodes) },
        },
      ]),
    })
  await mark(context, only.show, only.episodes)
  return sendReply(await seenView(context, only.show, only.episodes))
}

const rangeOf = (show: Show, episodes: readonly Episode[]): EpisodeRange => ({
  show: show._id,
  season: episodes[0]!.season,
  first: episodes[0]!.number!,
  last: episodes.at(-1)!.number!,
})

const seenView = async (context: ChatContext, show: Show, episodes: readonly Episode[]): Promise<View> => {
  const { chat, messages } = context
  return {
    html: messages.seen.seenNow(
      titleOf(show, chat),
      sayEpisodes(episodes, chat.language),
      await sayNext(context, show, episodes.at(-1)!),
    ),
    buttons: [[{ text: messages.undo, press: { act: 'unseen', ...rangeOf(show, episodes) } }]],
  }
}

/** Undoes /visto. */
export const unmarkSeen = async (context: ChatContext, range: EpisodeRange): Promise<Reply> => {
  const { deps, chat, messages } = context
  const found = await showOfRange(context, range)
  if ('refused' in found) return found.refused
  const { show, episodes } = found
  await deps.seen.unmark(
    chat.id,
    show._id,
    episodes.map(({ season, number }) => ({ season, number: number! })),
  )
  const html = messages.seen.undone(titleOf(show, chat), sayEpisodes(episodes, chat.language))
  return { effects: [{ do: 'edit', view: { html } }] }
}

/** The shows that the chat follows and the catalogue has; null if the catalogue is unavailable. */
export const followedShows = async ({ deps, chat }: ChatContext): Promise<Show[] | null> => {
  const ids = (await deps.follows.of(chat.id, 'show/')).flatMap(({ subject }) => showIdOf(subject) ?? [])
  const known = await queryCatalogue(deps, catalogue => catalogue.shows(ids))
  return known?.found ?? null
}
