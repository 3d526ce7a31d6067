import {
  TelegramError,
  TelegramUnreachable,
  telegram as telegramClient,
  type Upload,
} from '#functions/telegram/client.ts'

/** The timeout of a call. The caller's signal may end it earlier. */
const callTimeoutMs = 6_000

/** The Bot API, as the webhook calls it through Telegraf. */
export interface TelegramApi {
  /** Calls a method of the Bot API; `signal` cancels the call. Throws TelegramError and TelegramUnreachable. */
  call(method: string, params: Record<string, unknown>, signal: AbortSignal): Promise<unknown>
  /** Downloads a file, at most `maxBytes` of it. Throws TelegramError and TelegramUnreachable. */
  readFile(fileId: string, maxBytes: number, signal: AbortSignal): Promise<Buffer>
  /** Calls a method with files as further parameters. Throws like `call`. */
  upload(method: string, params: Record<string, unknown>, files: Record<string, Upload>): Promise<unknown>
  /** The bot's user name; asks Telegram (getMe) once. */
  botName(signal: AbortSignal): Promise<string>
}

/** Makes a client of the Bot API with Telegraf. Of this library, other modules load only `telegraf/filters`. */
export const telegrafClient = async ({ token, apiRoot }: { token: string; apiRoot: string }): Promise<TelegramApi> => {
  const { Telegram, TelegramError: TelegrafError } = await import('telegraf')
  // Telegraf resolves paths against the root, so the root ends in a slash.
  const telegram = new Telegram(token, { apiRoot: apiRoot.replace(/\/*$/, '/'), webhookReply: false })
  let knownName = ''

  const call: TelegramApi['call'] = async (method, params, signal) => {
    const callSignal = AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)])
    try {
      // The cast is needed because Telegraf has types only for the methods that existed at its last release.
      return await telegram.callApi(method as 'sendMessage', params as never, { signal: callSignal as never })
    } catch (error) {
      if (!(error instanceof TelegrafError)) throw unreachable(method, error, callSignal)
      const { code, description, parameters } = error
      if (code >= 500) throw new TelegramUnreachable(method, `${code} ${description}`, { status: code })
      throw new TelegramError(method, code, (description ?? '').replaceAll(token, '***'), {
        ...(parameters?.retry_after === undefined ? {} : { retryAfter: parameters.retry_after }),
        ...(parameters?.migrate_to_chat_id === undefined ? {} : { migrateTo: parameters.migrate_to_chat_id }),
      })
    }
  }

  const botName: TelegramApi['botName'] = async signal => {
    if (knownName === '') knownName = ((await call('getMe', {}, signal)) as { username: string }).username
    return knownName
  }

  const readFile: TelegramApi['readFile'] = async (fileId, maxBytes, signal) => {
    const { file_path: path } = (await call('getFile', { file_id: fileId }, signal)) as { file_path: string }
    const callSignal = AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)])
    try {
      const response = await fetch(`${apiRoot.replace(/\/*$/, '')}/file/bot${token}/${path}`, { signal: callSignal })
      if (!response.ok) throw new Error(String(response.status))
      const pieces: Uint8Array[] = []
      let bytes = 0
      for await (const piece of response.body ?? []) {
        pieces.push(piece)
        bytes += piece.length
        if (bytes > maxBytes) break
      }
      return Buffer.concat(pieces).subarray(0, maxBytes)
    } catch {
      // The error of fetch is left out, because it may contain the URL and the URL contains the token.
      throw new TelegramUnreachable('getFile', 'the file cannot be downloaded', { executed: false })
    }
  }

  // Our own client, because it uploads files in the way that the outbox does.
  const upload: TelegramApi['upload'] = (method, params, files) =>
    telegramClient({ apiRoot, token }).call(method, params, { files, timeoutMs: callTimeoutMs })

  return { call, upload, readFile, botName }
}

const unreachable = (method: string, error: unknown, callSignal: AbortSignal): TelegramUnreachable => {
  // Keep only the code, because the library's message contains the URL and the URL contains the token.
  const code = (error as { code?: unknown }).code
  const failure = typeof code === 'string' ? `no answer (${code})` : 'the answer is not readable'
  const reason = callSignal.aborted ? 'no answer in time' : failure
  return new TelegramUnreachable(method, reason, { executed: code === 'ECONNREFUSED' ? false : 'unknown' })
}
