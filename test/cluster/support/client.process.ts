import { readFileSync } from 'node:fs'
import { get } from 'node:https'

/**
 * A client that sends requests at a fixed interval, each on a new connection and without waiting for the one before:
 * `client.process.ts <URL> <file of the CA> <interval in ms>`. Writes a RequestRecord for each request, as a line of
 * JSON.
 */
export interface RequestRecord {
  /** Counts from 0 in the order of sending. */
  sequence: number
  /** When it was sent, in ms of Unix time. */
  at: number
  ms: number
  /** The name of the server that answered, or null. */
  answeredBy: string | null
  error?: string
}

/** Longer than any answer takes on a busy machine. Only requests without an answer end by this timeout. */
const timeoutMs = 10_000

if (import.meta.main) {
  const [url, authority, intervalMs] = process.argv.slice(2)
  const ca = readFileSync(authority!)
  let sent = 0
  setInterval(() => {
    const sequence = sent++
    const at = Date.now()
    const done = (answeredBy: string | null, error?: string) => {
      const record: RequestRecord = {
        sequence,
        at,
        ms: Date.now() - at,
        answeredBy,
        ...(error === undefined ? {} : { error }),
      }
      process.stdout.write(`${JSON.stringify(record)}\n`)
    }
    const request = get(url!, { ca, servername: 'kubernetes', agent: false, timeout: timeoutMs }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', part => {
        text += part
      })
      response.once('end', () => done(text))
    })
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
    request.once('error', ({ message }) => done(null, message))
  }, Number(intervalMs))
}
