/**
 * How long the server of DATABASE_URL or MONGODB_URI may take to answer. Some hosted servers sleep until a client
 * connects.
 */
export const externalServerTimeoutMs = 60_000

const reportEveryMs = 3_000

/** Logs every three seconds that the server of a variable has not answered yet, until `stop` is called. */
export const reportWaiting = (variable: string, timeoutMs: number, log: (line: string) => void): { stop(): void } => {
  const began = performance.now()
  const timer = setInterval(() => {
    const waitedS = Math.round((performance.now() - began) / 1000)
    log(
      `waiting for the server of ${variable}: no answer for ${waitedS} s; the start fails after ${timeoutMs / 1000} s`,
    )
  }, reportEveryMs)
  return { stop: () => clearInterval(timer) }
}
