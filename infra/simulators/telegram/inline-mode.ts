import { type Args, argsOf } from './args.ts'
import { badRequest } from './bot-api-error.ts'
import type { InlineAnswer, InlineQuery, InlineResult } from './inline-queries.ts'
import { keyboardOf } from './keyboard.ts'
import { type Bot, type Person, queueUpdate, type TelegramState, unixSeconds, userOf } from './state.ts'
import { messageText } from './text.ts'

/** Telegram keeps the inline queries of a person apart from their messages. */
const inlineQueueOffset = 4 * 2 ** 33
/** Telegram drops an inline query that the bot has not received within this time. */
const inlineLifetimeS = 30
const maxQueryLength = 256
const maxResults = 50

/**
 * A person types `@bot query` in any chat. Returns a function that gives the answer, or null while the bot has not
 * answered. Telegram's server answers a query that it keeps an answer for, and does not ask the bot.
 */
export const typeInline = (state: TelegramState, bot: Bot, person: Person, text: string) => {
  const query = text.slice(0, maxQueryLength)
  const now = unixSeconds(state.time)
  const kept = [`${person.id} ${query}`, `* ${query}`].map(key => bot.inline.kept.get(key))
  const known = kept.find(entry => entry !== undefined && entry.until > now)
  if (known !== undefined) return () => known.answer
  const id = String(6_000_000_000_000_000 + state.nextQueryId++)
  const asked: InlineQuery = { personId: person.id, key: query, at: now }
  bot.inline.byId.set(id, asked)
  const inline_query = { id, from: userOf(person), query, offset: '' }
  queueUpdate(bot, { inline_query }, 'inline_query', person.id + inlineQueueOffset, inlineLifetimeS)
  return () => asked.answer ?? null
}

export const answerInlineQuery = (state: TelegramState, bot: Bot, args: Args): true => {
  const query = bot.inline.byId.get(args.text('inline_query_id'))
  const now = unixSeconds(state.time)
  const given = args.json('results')
  if (!Array.isArray(given)) throw badRequest("can't parse inline query results JSON object")
  if (given.length > maxResults) throw badRequest('RESULTS_TOO_MUCH')
  const results = given.map(inlineResult)
  if (new Set(results.map(({ id }) => id)).size < results.length) throw badRequest('RESULT_ID_DUPLICATE')
  if (Buffer.byteLength(args.text('next_offset')) > 64) throw badRequest('NEXT_OFFSET_INVALID')
  const button = startButton(args)
  if (query === undefined || now - query.at > inlineLifetimeS) {
    throw badRequest('query is too old and response timeout expired or query ID is invalid')
  }
  query.answer = { results, button }
  const owner = args.flag('is_personal') ? String(query.personId) : '*'
  const cacheS = args.integer('cache_time') ?? 300
  bot.inline.kept.set(`${owner} ${query.key}`, { answer: query.answer, until: now + cacheS })
  return true
}

const startButton = (args: Args): InlineAnswer['button'] => {
  if (!args.has('button')) return null
  const { text, start_parameter: parameter } = (args.json('button') ?? {}) as Record<string, unknown>
  if (typeof text !== 'string' || text === '')
    throw badRequest('can\'t parse inline query results button: Can\'t find field "text"')
  if (typeof parameter !== 'string' || !/^[\w-]{1,64}$/.test(parameter)) throw badRequest('START_PARAM_INVALID')
  return { text, parameter }
}

/** A result of the type `article`, the only one that Vigia sends. */
const inlineResult = (given: unknown): InlineResult => {
  const refuse = (message: string) => badRequest(`can't parse inline query result: ${message}`)
  if (given === null || typeof given !== 'object') throw refuse('Inline query result must be an object')
  const {
    type,
    id,
    title,
    description = '',
    thumbnail_url,
    input_message_content,
    reply_markup,
  } = given as Record<string, unknown>
  if (type !== 'article') throw refuse('this simulator only supports results of the type article')
  if (typeof id !== 'string' || Buffer.byteLength(id) < 1 || Buffer.byteLength(id) > 64)
    throw badRequest('RESULT_ID_INVALID')
  if (typeof title !== 'string' || title === '') throw badRequest('ARTICLE_TITLE_EMPTY')
  if (input_message_content === null || typeof input_message_content !== 'object')
    throw badRequest('input message content is not specified')
  const { message_text: text, ...content } = input_message_content as Record<string, unknown>
  const message = messageText(argsOf({ ...content, text }))
  return {
    id,
    title,
    description: String(description),
    thumbnail: typeof thumbnail_url === 'string' ? thumbnail_url : null,
    message: { ...message, buttons: keyboardOf(argsOf({ reply_markup })) ?? [] },
  }
}
