/** An error that a test injects into the next calls of a method. */
export interface InjectedError {
  /** HTTP status of the response; by default 500, or 200 if there is a `body`. */
  status?: number
  description?: string
  /** The number of seconds to wait, in a response with 429. */
  retryAfter?: number
  migrateTo?: number
  /**
   * The body of the response in place of the Bot API's JSON: a proxy's HTML page or half a JSON document, for example.
   */
  body?: string
  contentType?: string
  /** Waits this long before the response. */
  delayMs?: number
  /** Closes the connection without a response. */
  dropConnection?: boolean
  /** The call takes effect although its response is an error, so the caller does not learn of the effect. */
  delivered?: boolean
  /** The number of calls that fail; default 1. */
  times?: number
  /** Only calls to this chat fail. */
  chatId?: number
}

export interface InjectedErrors {
  /** Makes the next calls of a method fail; `*` stands for all methods. Upper and lower case do not matter. */
  failNext(method: string, error?: InjectedError): void
  /** Returns the error for this call, if there is one, and reduces the number of calls that still fail by one. */
  take(method: string, chatId: number | undefined): InjectedError | undefined
  clear(): void
}

export const injectedErrors = (): InjectedErrors => {
  const waiting: { method: string; error: InjectedError; left: number }[] = []
  return {
    failNext: (method, error = {}) => {
      waiting.push({ method: method.toLowerCase(), error, left: error.times ?? 1 })
    },
    take: (method, chatId) => {
      const index = waiting.findIndex(
        entry =>
          (entry.method === '*' || entry.method === method.toLowerCase()) &&
          (entry.error.chatId === undefined || entry.error.chatId === chatId),
      )
      const entry = waiting[index]
      if (entry === undefined) return undefined
      entry.left--
      if (entry.left <= 0) waiting.splice(index, 1)
      return entry.error
    },
    clear: () => void waiting.splice(0),
  }
}
