/** An error response of the Bot API. `code` is its `error_code` and its HTTP status. */
export class BotApiError extends Error {
  readonly code: number
  readonly parameters: { retry_after?: number; migrate_to_chat_id?: number } | undefined

  constructor(code: number, description: string, parameters?: BotApiError['parameters']) {
    super(description)
    this.code = code
    this.parameters = parameters
  }
}

/**
 * An error with status 400. Like on Telegram's server, the message begins with a lower-case letter, unless it is an
 * error name in capitals.
 */
export const badRequest = (message: string, parameters?: BotApiError['parameters']): BotApiError =>
  new BotApiError(400, `Bad Request: ${/^.[A-Z_]/.test(message) ? message : lowerFirst(message)}`, parameters)

export const forbidden = (message: string): BotApiError => new BotApiError(403, `Forbidden: ${message}`)

export const conflict = (message: string): BotApiError => new BotApiError(409, `Conflict: ${message}`)

export const tooManyRequests = (seconds: number): BotApiError =>
  new BotApiError(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds })

const lowerFirst = (message: string) => message.charAt(0).toLowerCase() + message.slice(1)
