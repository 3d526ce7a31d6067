/** One call of the Bot API and its response. */
export interface Call {
  /** The name of the method, as the caller wrote it. */
  method: string
  params: Record<string, unknown>
  /** The request's body as text; '' for multipart bodies. */
  body: string
  at: Date
  /** The HTTP status of the response; null if the connection was dropped instead. */
  status: number | null
  answer: unknown
}

export interface CallLog {
  add(call: Call): void
  /** The calls, oldest first; only those of `method` if it is given. Upper and lower case do not matter. */
  list(method?: string): Call[]
  clear(): void
}

// With `npm start` the simulator may run for days, so the log drops its oldest calls.
const maxStoredCalls = 10_000

export const callLog = (): CallLog => {
  const calls: Call[] = []
  return {
    add: call => {
      calls.push(call)
      if (calls.length > maxStoredCalls) calls.splice(0, maxStoredCalls / 10)
    },
    list: method => calls.filter(call => method === undefined || call.method.toLowerCase() === method.toLowerCase()),
    clear: () => void calls.splice(0),
  }
}
