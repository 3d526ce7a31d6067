/** One call of the Bot API as it came in and as it was answered. */
export interface Call {
  /** As the caller wrote it. */
  method: string
  params: Record<string, unknown>
  /** The request's body, byte for byte, where it was text; '' for uploads. */
  body: string
  at: Date
  /** The HTTP status of the answer; null where the connection was dropped instead. */
  status: number | null
  answer: unknown
}

export interface CallLog {
  add(call: Call): void
  /** Oldest first; of one method (in any case), or all. */
  list(method?: string): Call[]
  clear(): void
}

// A newcomer's simulator runs for days: the log forgets its oldest calls.
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
