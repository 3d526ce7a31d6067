import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Args, argsOf, readArgs } from './args.ts'
import { BotApiError, tooManyRequests } from './bot-api-error.ts'
import { fileAt } from './files.ts'
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

/** Answers `/bot<token>/<method>` and `/file/bot<token>/<path>`, and other paths with 404, like api.telegram.org. */
export const botApi = (state: TelegramState) => async (request: IncomingMessage, response: ServerResponse) => {
  const refuse = (error: BotApiError) => write(response, errorResponse(error))
  // Web pages may not call the API. Otherwise any web page could act as the bot, because the token of a simulated bot
  // is not secret.
  if (isFromBrowserPage(request))
    return refuse(new BotApiError(403, 'Forbidden: web pages may not call the simulated Bot API'))
  const url = new URL(request.url ?? '/', 'http://telegram')
  const [, fileToken, filePath = ''] = /^\/file\/bot([^/]+)\/(.+)$/.exec(decodePath(url.pathname)) ?? []
  if (fileToken !== undefined) return sendFile(response, state.bots.get(fileToken), filePath)
  const [, token = '', method = ''] = /^\/bot([^/]+)\/([^/]*)\/?$/.exec(decodePath(url.pathname)) ?? []
  const bot = state.bots.get(token)
  if (token === '') return refuse(new BotApiError(404, 'Not Found'))
  if (bot === undefined || bot.revoked) return refuse(new BotApiError(401, 'Unauthorized'))
  if (!['GET', 'POST'].includes(request.method ?? '')) return refuse(new BotApiError(405, 'Method Not Allowed'))

  const closed = new AbortController()
  response.on('close', () => closed.abort())
  let args: Args
  try {
    args = await readArgs(request, url.searchParams)
  } catch (error) {
    if (error instanceof BotApiError) return refuse(error)
    // The caller closed the connection while it was sending the body.
    return response.destroy()
  }
  await handleCall(state, bot, method, args, response, closed.signal)
}

const sendFile = (response: ServerResponse, bot: Bot | undefined, path: string): void => {
  const bytes = bot === undefined || bot.revoked ? null : fileAt(bot, path)
  if (bytes === null) write(response, errorResponse(new BotApiError(404, 'Not Found')))
  else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes)
}

const isFromBrowserPage = ({ headers }: IncomingMessage) =>
  headers.origin !== undefined || (headers['sec-fetch-site'] ?? 'none') !== 'none'

/** Runs the call, or applies the error that a test injected for it. Logs the call and writes the response. */
const handleCall = async (
  state: TelegramState,
  bot: Bot,
  method: string,
  args: Args,
  response: ServerResponse,
  closed: AbortSignal,
): Promise<void> => {
  const call = { method, params: args.values, body: args.body, at: state.time.now() }
  const injected = bot.injectedErrors.take(method, args.integer('chat_id'))
  const isExecuted = injected === undefined || injected.delivered === true
  const outcome = isExecuted ? await execute(state, bot, method, args, closed) : injectedResponse(injected)
  const sent = injected === undefined ? outcome : injectedResponse(injected)
  if (injected?.delayMs !== undefined) await delay(state, injected.delayMs)
  bot.calls.add({ ...call, status: injected?.dropConnection ? null : sent.status, answer: parsed(outcome.body) })
  if (injected?.dropConnection) response.destroy()
  else write(response, sent)
}

const execute = async (
  state: TelegramState,
  bot: Bot,
  method: string,
  args: Args,
  closed: AbortSignal,
): Promise<ApiResponse> => {
  try {
    if (method.toLowerCase() === 'getupdates') {
      return json(200, { ok: true, result: await getUpdates(state.time, bot, args, closed) })
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

/**
 * Runs the method that a webhook's response names. The result goes into the call log, but not to the bot, as on
 * Telegram.
 */
export const runFromWebhook = (
  state: TelegramState,
  bot: Bot,
  method: string,
  values: Record<string, unknown>,
): void => {
  const call = { method, params: values, body: JSON.stringify(values), at: state.time.now() }
  try {
    const fields = runMethod(state, bot, method, argsOf(values))
    bot.calls.add({ ...call, status: 200, answer: { ok: true, ...fields } })
  } catch (error) {
    if (!(error instanceof BotApiError)) throw error
    bot.calls.add({ ...call, status: error.code, answer: parsed(errorResponse(error).body) })
  }
}

const injectedResponse = (error: InjectedError): ApiResponse => {
  const { status, description, retryAfter, migrateTo, body, contentType } = error
  const code = status ?? (body === undefined ? 500 : 200)
  if (body !== undefined) return { status: code, body, type: contentType ?? 'text/html' }
  if (code === 429) return errorResponse(tooManyRequests(retryAfter ?? 1))
  const text = description ?? (code >= 500 ? 'Internal Server Error' : 'Bad Request')
  const parameters = migrateTo === undefined ? undefined : { migrate_to_chat_id: migrateTo }
  return errorResponse(new BotApiError(code, text, parameters))
}

const errorResponse = ({ code, message, parameters }: BotApiError): ApiResponse => {
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
