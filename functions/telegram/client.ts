/** A longer wait than a day is taken for a day: then we ask again. */
const LONGEST_WAIT_S = 86_400

/**
 * Telegram said no, and saying the same again will hear the same (but for 429). `description` is its own words, without
 * tokens.
 */
export class TelegramError extends Error {
  override readonly name = 'TelegramError'
  readonly method: string
  readonly code: number
  readonly description: string
  /** Seconds to wait; comes with 429. */
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
    if (retryAfter !== undefined && retryAfter >= 0) this.retryAfter = Math.min(retryAfter, LONGEST_WAIT_S)
    if (more.migrateTo !== undefined) this.migrateTo = more.migrateTo
  }
}

/**
 * No answer of Telegram's own: the network, a timeout, a 5xx, a page of HTML. Whether it acted is unknown unless
 * `acted` is false (the connection never stood).
 */
export class TelegramUnreachable extends Error {
  override readonly name = 'TelegramUnreachable'
  readonly method: string
  readonly status: number | null
  readonly acted: 'unknown' | false
  constructor(method: string, words: string, { status = null, acted = 'unknown' }: Partial<Unanswered> = {}) {
    super(`${method}: ${words}`)
    this.method = method
    this.status = status
    this.acted = acted
  }
}
type Unanswered = { status: number | null; acted: 'unknown' | false }

export interface Telegram {
  /**
   * Calls a method of the Bot API and gives its `result`. Never repeats: who calls decides. Throws TelegramError and
   * TelegramUnreachable.
   */
  call<Result = unknown>(
    method: string,
    params: Record<string, unknown>,
    options?: { timeoutMs?: number },
  ): Promise<Result>
}

const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

const looksLikeToken = /\d{3,}:[\w-]{30,}/g

/** One bot of Telegram's. Plain http is fine as `apiRoot`, for a Bot API server of one's own. */
export const telegram = ({ apiRoot, token }: { apiRoot: string; token: string }): Telegram => {
  const clean = (text: string) => text.replaceAll(token, '***').replace(looksLikeToken, '***').slice(0, 300)
  const root = apiRoot.replace(/\/+$/, '')
  const connections = connectionsTo(root)

  return {
    call: async <Result>(method: string, params: Record<string, unknown>, { timeoutMs = 10_000 } = {}) => {
      const { default: got } = await import('got')
      // The error of got has the address, and thus the token, in its message, its options and its stack: none of it may
      // get out.
      const answer = await got
        .post(`${root}/bot${token}/${method}`, {
          json: params,
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
            { acted: neverConnected.has(code) ? false : 'unknown' },
          )
        })
      const said = parsed(answer.body)
      if (said === null) {
        throw new TelegramUnreachable(method, `an answer that is not Telegram's, status ${answer.statusCode}`, {
          status: answer.statusCode,
        })
      }
      if (said.ok) return said.result as Result
      const code = said.error_code ?? answer.statusCode
      const words = clean(said.description ?? '')
      if (code >= 500) throw new TelegramUnreachable(method, `${code} ${words}`, { status: code })
      throw new TelegramError(method, code, words, {
        ...(said.parameters?.retry_after === undefined ? {} : { retryAfter: said.parameters.retry_after }),
        ...(said.parameters?.migrate_to_chat_id === undefined ? {} : { migrateTo: said.parameters.migrate_to_chat_id }),
      })
    },
  }
}

interface Said {
  ok: boolean
  result?: unknown
  error_code?: number
  description?: string
  parameters?: { retry_after?: number; migrate_to_chat_id?: number }
}

const parsed = (body: string): Said | null => {
  try {
    const said = JSON.parse(body) as Said | null
    return typeof said === 'object' && said !== null && typeof said.ok === 'boolean' ? said : null
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
