import type { Chat } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import type { Show, ShowHit } from '#database/series/show.ts'
import type { Cause } from '#events/event.ts'
import { showLink } from '#functions/telegram/deep-links.ts'
import { cut, html, joined, plain } from '#functions/telegram/html.ts'
import { inlineKeyboard, maxTextLength } from '#functions/telegram/message.ts'
import { refusalKindOf } from '#functions/telegram/refusals.ts'
import { smallerPoster } from '#functions/tvmaze/poster.ts'
import { knownZone } from '#functions/wording/dates.ts'
import { sayEpisode } from '#functions/wording/series.ts'
import { type ChatContext, type Dependencies, queryCatalogue } from './context.ts'
import type { Update } from './deferred-update.ts'
import { nextEpisode, sayWhen } from './episodes.ts'
import { type BotMessages, botMessages } from './messages/messages.ts'
import { languageOf } from './parse-update.ts'
import type { TelegramApi } from './telegraf-client.ts'
import { searchTvmaze } from './tvmaze-search.ts'

const maxQueryLength = 100
/** How long Telegram gives a person the same results for the same query without asking the bot. */
const keptSeconds = { results: 300, excuse: 5 }
/** The time zone of people who have not used the bot. */
const defaultZone = 'America/Sao_Paulo'

/** What a person types after the name of the bot in any chat: `@VigiaBot severance`. */
export interface InlineQuery {
  id: string
  text: string
  person: { id: number; language: Language; name: string }
}

/** The inline query in an update; null for other updates. Throws a TypeError if a field has another type. */
export const inlineQueryOf = ({ inline_query: query }: Update): InlineQuery | null => {
  if (query === undefined || query === null) return null
  const {
    id,
    query: typed,
    from,
  } = query as {
    id: string
    query: string
    from: { id: number; first_name?: string; language_code?: string }
  }
  if (typeof id !== 'string' || !Number.isSafeInteger(from.id)) throw new TypeError('the inline query has no id')
  const text = [...typed.replace(/[\s\p{Cf}]+/gu, ' ').trim()].slice(0, maxQueryLength).join('')
  return { id, text, person: { id: from.id, language: languageOf(from.language_code), name: from.first_name ?? '' } }
}

interface InlineDependencies {
  deps: Dependencies
  cause: Cause
  api: TelegramApi
  signal: AbortSignal
}

/**
 * Answers an inline query with the series of that name. A person sends a result to the chat in which they type; its
 * button opens the bot with the card of the series. The results are in the language and the zone of the person.
 */
export const answerInline = async (query: InlineQuery, dependencies: InlineDependencies): Promise<void> => {
  const { api, signal } = dependencies
  const context = await contextOf(query, dependencies)
  const answer = await answerFor(context, query.text, await api.botName(signal))
  // Personal: the language and the zone differ from person to person.
  const params = { inline_query_id: query.id, is_personal: true, ...answer }
  await api.call('answerInlineQuery', params, signal).catch(error => {
    // The person has typed on, so nobody waits for this answer.
    if (refusalKindOf(error) !== 'query-expired') throw error
  })
}

/** A person outside of any chat. A person who has never used the bot is not saved. */
const contextOf = async (
  { person }: InlineQuery,
  { deps, cause, api, signal }: InlineDependencies,
): Promise<ChatContext> => {
  const known = await deps.chats.find(person.id)
  const chat: Chat = known ?? {
    id: person.id,
    kind: 'private',
    language: person.language,
    zone: defaultZone,
    unreachableSince: null,
  }
  const never = async () => false
  const readFile = () => Promise.reject(new Error('an inline query has no file'))
  return {
    deps,
    chat,
    cause,
    messages: botMessages[chat.language],
    origin: { chatId: person.id, kind: 'private', personId: person.id, language: chat.language, name: person.name },
    mayChange: never,
    deleteMessage: never,
    readFile,
    telegram: {
      administers: never,
      isMember: never,
      deleteMessage: never,
      readFile,
      botName: () => api.botName(signal),
    },
  }
}

const answerFor = async (context: ChatContext, text: string, botName: string) => {
  const { inline } = context.messages
  if (text === '') return excuse(inline.how)
  const found = await searchTvmaze(context, text)
  if (found === 'too often') return excuse(inline.tooOften)
  if (found === 'unavailable') return excuse(inline.unavailable)
  if (found === 'gone' || found.length === 0) return excuse(inline.nothing)
  const known = await queryCatalogue(context.deps, catalogue => catalogue.shows(found.map(({ id }) => id)))
  const shows = new Map(known?.found.map(show => [show._id, show]))
  const results = found.map(hit => resultOf(context, hit, shows.get(hit.id), botName))
  return { results, cache_time: keptSeconds.results }
}

/** No results, and the reason on a button that opens the bot. */
const excuse = (text: string) => ({
  results: [],
  cache_time: keptSeconds.excuse,
  button: { text, start_parameter: 'inline' },
})

const resultOf = (context: ChatContext, hit: ShowHit, show: Show | undefined, botName: string) => {
  const { chat, deps, messages } = context
  const year = hit.premiered?.slice(0, 4)
  const title = year === undefined ? hit.name : `${hit.name} (${year})`
  const status = messages.status[hit.status as keyof BotMessages['status']] ?? hit.status
  const about = joined([hit.channel, status], ' · ')
  const now = deps.clock()
  const reader = { ...chat, zone: knownZone(chat.zone) }
  const next = show && nextEpisode(show, now, reader.zone)
  const coming = next && messages.next(sayEpisode(next, chat.language), sayWhen(next, reader, messages, now))
  return {
    type: 'article',
    id: `s_${hit.id}`,
    title,
    description: plain(joined([coming, about])),
    ...(hit.image === null ? {} : { thumbnail_url: smallerPoster(hit.image) ?? hit.image }),
    input_message_content: {
      message_text: cut(
        joined([html`📺 <b>${hit.name}</b>${year && ` (${year})`}`, about, coming && html`🗓 ${coming}`]),
        maxTextLength,
      ),
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
    },
    reply_markup: inlineKeyboard([
      [
        { text: messages.follow, url: showLink(botName, hit.id) },
        { text: 'TVmaze', url: hit.url },
      ],
    ]),
  }
}
