import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Args, argsOf, readArgs } from './args.ts'
import { BotApiError } from './bot-api-error.ts'
import type { InjectedError } from './injected-errors.ts'
import { runMethod } from './methods.ts'
import { endPolling, getUpdates } from './polling.ts'
import type { Bot, TelegramState } from './state.ts'

interface ApiResponse {
  status: number
  body: string
  type: string
  retryAfter?: number
}

/** Answers `/bot<token>/<method>` as api.telegram.org does; everything else is its 404. */
export const botApi = (state: TelegramState) => async (request: IncomingMessage, response: ServerResponse) => {
  // Bots call it, pages do not: a page of some site would otherwise speak for the bot, whose token is no secret here.
  if (isFromBrowserPage(request))
    return write(response, errorResponse(new BotApiError(403, 'Forbidden: pages may not call this')))
  const url = new URL(request.url ?? '/', 'http://telegram')
  const [, token = '', method = ''] = /^\/bot([^/]+)\/([^/]*)\/?$/.exec(decodePath(url.pathname)) ?? []
  const bot = state.bots.get(token)
  if (token === '') return write(response, errorResponse(new BotApiError(404, 'Not Found')))
  if (bot === undefined || bot.revoked) return write(response, errorResponse(new BotApiError(401, 'Unauthorized')))
  if (!['GET', 'POST'].includes(request.method ?? ''))
    return write(response, errorResponse(new BotApiError(405, 'Method Not Allowed')))

  const gone = new AbortController()
  response.on('close', () => gone.abort())
  let args: Args
  try {
    args = await readArgs(request, url.searchParams)
  } catch (error) {
    if (error instanceof BotApiError) return write(response, errorResponse(error))
    // The caller hung up while sending.
    return response.destroy()
  }
  await handleCall(state, bot, method, args, response, gone.signal)
}

const isFromBrowserPage = ({ headers }: IncomingMessage) =>
  headers.origin !== undefined || (headers['sec-fetch-site'] ?? 'none') !== 'none'

const handleCall = async (
  state: TelegramState,
  bot: Bot,
  method: string,
  args: Args,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> => {
  const call = { method, params: args.given, body: args.body, at: state.time.now() }
  const fault = bot.faults.take(method, args.integer('chat_id'))
  const answered =
    fault === undefined || fault.delivered ? await execute(state, bot, method, args, gone) : injectedResponse(fault)
  const told = fault?.delivered ? injectedResponse(fault) : answered
  if (fault?.delayMs !== undefined) await delay(state, fault.delayMs)
  bot.calls.add({ ...call, status: fault?.dropConnection ? null : told.status, answer: parsed(answered.body) })
  if (fault?.dropConnection) response.destroy()
  else write(response, told)
}

const execute = async (
  state: TelegramState,
  bot: Bot,
  method: string,
  args: Args,
  gone: AbortSignal,
): Promise<ApiResponse> => {
  try {
    if (method.toLowerCase() === 'getupdates') {
      return json(200, { ok: true, result: await getUpdates(state.time, bot, args, gone) })
    }
    if (method.toLowerCase() === 'setwebhook' && args.has('url')) {
      endPolling(bot, 'terminated by setWebhook request')
    }
    return json(200, { ok: true, ...runMethod(state, bot, method, args) })
  } catch (error) {
    if (error instanceof BotApiError) return errorResponse(error)
    throw error
  }
}

/** Runs a method that came in the answer of a webhook: nobody is told how it went. */
export const runFromWebhook = (
  state: TelegramState,
  bot: Bot,
  method: string,
  given: Record<string, unknown>,
): void => {
  const call = { method, params: given, body: JSON.stringify(given), at: state.time.now() }
  try {
    const answer = runMethod(state, bot, method, argsOf(given))
    bot.calls.add({ ...call, status: 200, answer: { ok: true, ...answer } })
  } catch (error) {
    if (!(error instanceof BotApiError)) throw error
    bot.calls.add({ ...call, status: error.code, answer: parsed(errorResponse(error).body) })
  }
}

const injectedResponse = ({
  status,
  description,
  retryAfter,
  migrateTo,
  body,
  contentType,
}: InjectedError): ApiResponse => {
  const code = status ?? (body === undefined ? 500 : 200)
  if (body !== undefined) return { status: code, body, type: contentType ?? 'text/html' }
  if (code === 429) {
    const seconds = retryAfter ?? 1
    return errorResponse(new BotApiError(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds }))
  }
  const words = description ?? (code >= 500 ? 'Internal Server Error' : 'Bad Request')
  return errorResponse(
    new BotApiError(code, words, migrateTo === undefined ? undefined : { migrate_to_chat_id: migrateTo }),
  )
}

const errorResponse = (refusal: BotApiError): ApiResponse => {
  const { code, message, parameters } = refusal
  const body = {
    ok: false,
    error_code: code,
    description: message,
    ...(parameters === undefined ? {} : { parameters }),
  }
  const retryAfter = parameters?.retry_after
  return { ...json(code, body), ...(retryAfter === undefined ? {} : { retryAfter }) }
}

const json = (status: number, body: object): ApiResponse => ({
  status,
  body: JSON.stringify(body),
  type: 'application/json',
})

const write = (response: ServerResponse, { status, body, type, retryAfter }: ApiResponse): void => {
  response.setHeader('content-type', type)
  response.setHeader('content-length', Buffer.byteLength(body))
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  response.writeHead(status).end(body)
}

const decodePath = (path: string) => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const delay = (state: TelegramState, ms: number) => new Promise<void>(resolve => void state.time.after(ms, resolve))
