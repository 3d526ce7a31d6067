import type { Search } from '#database/series/searches.ts'
import type { ShowHit } from '#database/series/show.ts'
import { parseTarget } from '#functions/dial/target.ts'
import type { CardPosition, Press } from '#functions/telegram/callback-data.ts'
import { html } from '#functions/telegram/html.ts'
import { searchCatalogue } from './catalogue-search.ts'
import type { ChatContext } from './context.ts'
import type { BotMessages } from './messages/messages.ts'
import { tcpAddressFor } from './monitor-argument.ts'
import { editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { howToSearch } from './settings.ts'
import { followState, showCard } from './show-card.ts'
import { searchTvmaze, showSubject } from './tvmaze-search.ts'

const maxQueryLength = 100

/** A search: the card of the first hit, or a message with the reason why there is none. */
export const search = async (context: ChatContext, typed: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const query = [...typed.replace(/\s+/g, ' ').trim()].slice(0, maxQueryLength).join('')
  if (query === '') return sendReply(howToSearch(context))
  const known = await searchCatalogue(context, query)
  if (known.same.length > 0) return answerFromCatalogue(context, query, known.same)
  const found = await searchTvmaze(context, query, known.similar)
  if ((found === 'unavailable' || found === 'too often') && known.similar.length > 0)
    return answerFromCatalogue(context, query, known.similar)
  if (found === 'too often') return sendReply({ html: html`${messages.searchedTooOften}` })
  if (found === 'gone') return sendReply({ html: messages.showGone() })
  if (found.length === 0) return sendReply({ html: nothingFound(query, messages) })
  const hits = found === 'unavailable' ? null : found
  const id = await deps.searches.keep(chat.id, query, hits)
  return sendReply(await firstCard(context, { id, query, hits }))
}

/**
 * The card of a series in the catalogue, without a call to TVmaze. Its last button asks TVmaze for other series of this
 * name.
 */
const answerFromCatalogue = async (context: ChatContext, query: string, known: ShowHit[]): Promise<Reply> => {
  const hits = known.map(hit => ({ ...hit, onlyCatalogue: true as const }))
  const id = await context.deps.searches.keep(context.chat.id, query, hits)
  return sendReply(await firstCard(context, { id, query, hits }))
}

/** The message for a search without hits. If the query is an address, it was probably meant for /monitorar. */
const nothingFound = (query: string, messages: BotMessages) => {
  const tcp = tcpAddressFor(query)
  if (tcp !== null) return messages.tcpInstead(tcp)
  return /[.:]/.test(query) && parseTarget(query).ok ? messages.looksLikeAddress(query) : messages.nothingFound(query)
}

const firstCard = async (context: ChatContext, { id, hits }: Search): Promise<View> => {
  if (hits === null) {
    const press: Press = { act: 'card', search: id, at: 0 }
    return { html: context.messages.tvmazeDown(), buttons: [[{ text: context.messages.tryAgain, press }]] }
  }
  return showCard(context, hits, { search: id, at: 0 }, await followState(context, hits[0]!.id))
}

/** The card of one show, for a person who opens a link such as https://t.me/<bot>?start=s_82 */
export const searchById = (context: ChatContext, showId: number): Promise<Reply> => search(context, showSubject(showId))

/** Shows another hit of a search. If TVmaze was unavailable the first time, searches again. */
export const turnToCard = async (context: ChatContext, position: CardPosition): Promise<Reply> => {
  const { deps, chat, messages } = context
  const saved = await deps.searches.find(chat.id, position.search)
  if (!saved) return toastReply(messages.searchTooOld)
  if (saved.hits === null) return searchAgain(context, saved)
  if (position.at === saved.hits.length && saved.hits.every(hit => hit.onlyCatalogue))
    return searchOthers(context, saved, saved.hits)
  const hit = saved.hits[position.at]
  if (!hit) return toastReply(messages.searchTooOld)
  return editReply(showCard(context, saved.hits, position, await followState(context, hit.id)))
}

/** Adds the hits of TVmaze to those of the catalogue, and shows the first of them. */
const searchOthers = async (context: ChatContext, { id, query }: Search, known: ShowHit[]): Promise<Reply> => {
  const { deps, chat, messages } = context
  const found = await searchTvmaze(context, query)
  if (found === 'unavailable') return toastReply(messages.tvmazeStillDown)
  if (found === 'too often') return toastReply(messages.searchedTooOften)
  const others = found === 'gone' ? [] : found.filter(hit => known.every(other => other.id !== hit.id))
  if (others.length === 0) return toastReply(messages.noOtherSeries)
  const hits = [...known.map(({ onlyCatalogue: _, ...hit }) => hit), ...others]
  await deps.searches.addHits(chat.id, id, hits)
  const at = known.length
  return editReply(showCard(context, hits, { search: id, at }, await followState(context, hits[at]!.id)))
}

const searchAgain = async (context: ChatContext, { id, query }: Search): Promise<Reply> => {
  const { deps, chat, messages } = context
  const hits = await searchTvmaze(context, query)
  if (hits === 'unavailable') return toastReply(messages.tvmazeStillDown)
  if (hits === 'too often') return toastReply(messages.searchedTooOften)
  if (hits === 'gone') return editReply({ html: messages.showGone() })
  if (hits.length === 0) return editReply({ html: nothingFound(query, messages) })
  await deps.searches.addHits(chat.id, id, hits)
  return editReply(await firstCard(context, { id, query, hits }))
}
