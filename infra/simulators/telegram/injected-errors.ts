/** What goes wrong at the next calls of a method. */
export interface InjectedError {
  /** HTTP status of the answer; default 500. With 429, `retryAfter` counts. */
  status?: number
  description?: string
  retryAfter?: number
  migrateTo?: number
  /** The answer's body as it is, instead of the Bot API's JSON: an HTML page of some proxy, half a JSON document. */
  body?: string
  contentType?: string
  /** Waits this long before the answer. */
  delayMs?: number
  /** No answer: the connection is cut. */
  dropConnection?: boolean
  /** The call takes effect, and only then goes wrong: the caller cannot know. */
  delivered?: boolean
  /** How many calls; default 1. */
  times?: number
  /** Only calls to this chat. */
  chatId?: number
}

export interface InjectedErrors {
  /** `method` in any case, or `*` for all. */
  failNext(method: string, fault?: InjectedError): void
  /** The fault that meets this call, if any; uses it up. */
  take(method: string, chatId: number | undefined): InjectedError | undefined
  clear(): void
}

export const injectedErrors = (): InjectedErrors => {
  const waiting: { method: string; fault: InjectedError; left: number }[] = []
  return {
    failNext: (method, fault = {}) => {
      waiting.push({ method: method.toLowerCase(), fault, left: fault.times ?? 1 })
    },
    take: (method, chatId) => {
      const index = waiting.findIndex(
        entry =>
          (entry.method === '*' || entry.method === method.toLowerCase()) &&
          (entry.fault.chatId === undefined || entry.fault.chatId === chatId),
      )
      const entry = waiting[index]
      if (entry === undefined) return undefined
      entry.left--
      if (entry.left <= 0) waiting.splice(index, 1)
      return entry.fault
    },
    clear: () => void waiting.splice(0),
  }
}
