import { readFileSync } from 'node:fs'
import { get } from 'node:https'

/**
 * Asks again and again, on a new connection each time and without waiting for the one before: `client.process.ts <URL> <authority> <every
 * ms>`. Writes a line of JSON for each, an `Asked`.
 */
export interface Asked {
  /** Counts from 0 in the order of sending. */
  nth: number
  /** When it was sent, in ms of Unix time. */
  at: number
  ms: number
  /** The name of who answered, or null. */
  answer: string | null
  error?: string
}

/** An end for requests that nobody will answer; longer than a busy machine is about one that somebody does. */
const patienceMs = 10_000

if (import.meta.main) {
  const [url, authority, everyMs] = process.argv.slice(2)
  const ca = readFileSync(authority!)
  let sent = 0
  setInterval(() => {
    const nth = sent++
    const at = Date.now()
    const done = (answer: string | null, error?: string) => {
      const asked: Asked = { nth, at, ms: Date.now() - at, answer, ...(error === undefined ? {} : { error }) }
      process.stdout.write(`${JSON.stringify(asked)}\n`)
    }
    const asking = get(url!, { ca, servername: 'kubernetes', agent: false, timeout: patienceMs }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', part => {
        text += part
      })
      response.once('end', () => done(text))
    })
    asking.once('timeout', () => asking.destroy(new Error(`no answer within ${patienceMs / 1000} s`)))
    asking.once('error', ({ message }) => done(null, message))
  }, Number(everyMs))
}
