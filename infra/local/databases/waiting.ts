/** How long a server of DATABASE_URL or MONGODB_URI may take for its first answer: some sleep until they are asked. */
export const patienceForGivenMs = 60_000

const sayEveryMs = 3_000

/** Says again and again, in `log`, that the server of a variable has not answered yet, until it is stopped. */
export const sayWaiting = (variable: string, patienceMs: number, log: (line: string) => void): { stop(): void } => {
  const began = performance.now()
  const timer = setInterval(() => {
    const waitedS = Math.round((performance.now() - began) / 1000)
    log(`waiting for the server of ${variable}: no answer for ${waitedS} s, gives up after ${patienceMs / 1000} s`)
  }, sayEveryMs)
  return { stop: () => clearInterval(timer) }
}
