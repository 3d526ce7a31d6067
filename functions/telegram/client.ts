import { randomUUID } from 'node:crypto'

/**
 * The longest wait that is reported to the caller: a day. A longer wait is shortened; after a day, the caller tries
 * again.
 */
const maxRetryAfterS = 86_400

/**
 * Telegram refused the call. If the call is repeated, Telegram refuses it again, except after 429. refusals.ts says
 * what a refusal means. `description` is Telegram's text, without tokens.
 */
export class TelegramError extends Error {
  override readonly name = 'TelegramError'
  readonly method: string
  readonly code: number
  readonly description: string
  /** Seconds to wait before the next call. Only with 429. */
  readonly retryAfter?: number
  /** The new id of a group that became a supergroup. */
  readonly migrateTo?: number
  constructor(
    method: string,
    code: number,
    description: string,
    more: { retryAfter?: number; migrateTo?: number } = {},
  ) {
    super(`${method}: ${code} ${description}`)
    this.method = method
    this.code = code
    this.description = description
    const { retryAfter } = more
    if (retryAfter !== undefined && retryAfter >= 0) this.retryAfter = Math.min(retryAfter, maxRetryAfterS)
    if (more.migrateTo !== undefined) this.migrateTo = more.migrateTo
  }
}

/**
 * Telegram did not answer the call: a network error, a timeout, a 5xx, or a page of HTML from a proxy. Telegram may
 * have executed the call. `executed` is false if Telegram certainly did not, because there was no connection.
 */
export class TelegramUnreachable extends Error {
  override readonly name = 'TelegramUnreachable'
  readonly method: string
  readonly status: number | null
  readonly executed: 'unknown' | false
  constructor(method: string, reason: string, { status = null, executed = 'unknown' }: Partial<Unanswered> = {}) {
    super(`${method}: ${reason}`)
    this.method = method
    this.status = status
    this.executed = executed
  }
}
type Unanswered = { status: number | null; executed: 'unknown' | false }

/** A file to upload. */
export interface Upload {
  bytes: Buffer
  /** `report.png` */
  name: string
  /** `image/png` */
  type: string
}

export interface Telegram {
  /**
   * Calls a method of the Bot API and returns its `result`. Never repeats the call: the caller decides whether to
   * repeat it. `files` are uploaded as further parameters. Throws TelegramError and TelegramUnreachable.
   */
  call<Result = unknown>(
    method: string,
    params: Record<string, unknown>,
    options?: { timeoutMs?: number; files?: Record<string, Upload> },
  ): Promise<Result>
  /**
   * Downloads a file that was sent to the bot; null if it has more than `maxBytes`. Throws TelegramError and
   * TelegramUnreachable.
   */
  download(fileId: string, options: { maxBytes: number; timeoutMs?: number }): Promise<Buffer | null>
}

const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

const looksLikeToken = /\d{3,}:[\w-]{30,}/g

/**
 * Parameters and files as the body of a request. It is built here because loading FormData costs more than the whole
 * call.
 */
const multipart = (params: Record<string, unknown>, files: Record<string, Upload>) => {
  const boundary = `vigia-${randomUUID()}`
  const part = (name: string, more: string, content: string | Buffer) => [
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([
      ...Object.entries(params).flatMap(([name, value]) =>
        value === undefined ? [] : part(name, '', typeof value === 'object' ? JSON.stringify(value) : String(value)),
      ),
      ...Object.entries(files).flatMap(([name, file]) =>
        part(name, `; filename="${file.name}"\r\ncontent-type: ${file.type}`, file.bytes),
      ),
      Buffer.from(`--${boundary}--\r\n`),
    ]),
  }
}

/** A client for one bot. `apiRoot` may be plain http, for a Bot API server that the operator runs. */
export const telegram = ({ apiRoot, token }: { apiRoot: string; token: string }): Telegram => {
  const clean = (text: string) => text.replaceAll(token, '***').replace(looksLikeToken, '***').slice(0, 300)
  const root = apiRoot.replace(/\/+$/, '')
  const connections = connectionsTo(root)

  const client: Telegram = {
    call: async <Result>(method: string, params: Record<string, unknown>, { timeoutMs = 10_000, files = {} } = {}) => {
      const { default: got } = await import('got')
      // Errors of got contain the URL, and so the token, in their message, options and stack. They must not leave this
      // function.
      const response = await got
        .post(`${root}/bot${token}/${method}`, {
          ...(Object.keys(files).length === 0 ? { json: params } : multipart(params, files)),
          agent: await connections(),
          timeout: { request: timeoutMs },
          retry: { limit: 0 },
          throwHttpErrors: false,
          followRedirect: false,
        })
        .catch((error: { code?: string }) => {
          const code = error.code ?? 'no answer'
          throw new TelegramUnreachable(
            method,
            code === 'ETIMEDOUT' ? `no answer within ${timeoutMs / 1000} s` : `no answer (${clean(code)})`,
            { executed: neverConnected.has(code) ? false : 'unknown' },
          )
        })
      const body = parseResponse(response.body)
      if (body === null) {
        throw new TelegramUnreachable(method, `the answer is not from the Bot API (status ${response.statusCode})`, {
          status: response.statusCode,
        })
      }
      if (body.ok) return body.result as Result
      const code = body.error_code ?? response.statusCode
      const description = clean(body.description ?? '')
      if (code >= 500) throw new TelegramUnreachable(method, `${code} ${description}`, { status: code })
      throw new TelegramError(method, code, description, {
        ...(body.parameters?.retry_after === undefined ? {} : { retryAfter: body.parameters.retry_after }),
        ...(body.parameters?.migrate_to_chat_id === undefined ? {} : { migrateTo: body.parameters.migrate_to_chat_id }),
      })
    },

    download: async (fileId, { maxBytes, timeoutMs = 30_000 }) => {
      const { file_path: path, file_size: size = 0 } = await client.call<{ file_path?: string; file_size?: number }>(
        'getFile',
        { file_id: fileId },
      )
      if (path === undefined || !isFilePath(path))
        throw new TelegramUnreachable('getFile', 'the answer has no usable path', { executed: false })
      if (size > maxBytes) return null
      const { default: got } = await import('got')
      const pieces: Buffer[] = []
      let bytes = 0
      try {
        const stream = got.stream(`${root}/file/bot${token}/${path}`, {
          agent: await connections(),
          timeout: { request: timeoutMs },
          retry: { limit: 0 },
          followRedirect: false,
        })
        for await (const piece of stream) {
          bytes += piece.length
          if (bytes > maxBytes) return null
          pieces.push(piece)
        }
      } catch {
        // The error of got is left out, because it contains the URL and the URL contains the token.
        throw new TelegramUnreachable('getFile', 'the file cannot be downloaded', { executed: false })
      }
      return Buffer.concat(pieces)
    },
  }
  return client
}

/** A path of Telegram has no parts that would lead to another address. */
const isFilePath = (path: string) => /^[\w.@%+-]+(?:\/[\w.@%+-]+)*$/.test(path) && !path.includes('..')

interface ResponseBody {
  ok: boolean
  result?: unknown
  error_code?: number
  description?: string
  parameters?: { retry_after?: number; migrate_to_chat_id?: number }
}

/** The response of a Bot API server; null for any other body. */
const parseResponse = (text: string): ResponseBody | null => {
  try {
    const body = JSON.parse(text) as ResponseBody | null
    return typeof body === 'object' && body !== null && typeof body.ok === 'boolean' ? body : null
  } catch {
    return null
  }
}

const connectionsTo = (apiRoot: string) => {
  let agent: Promise<import('got').Agents> | undefined
  const open = async (): Promise<import('got').Agents> =>
    apiRoot.startsWith('https:')
      ? { https: new (await import('node:https')).Agent({ keepAlive: true, maxFreeSockets: 4 }) }
      : { http: new (await import('node:http')).Agent({ keepAlive: true, maxFreeSockets: 4 }) }
  return () => {
    agent ??= open()
    return agent
  }
}
