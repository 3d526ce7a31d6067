import { Fault } from './safe-faults.ts'

/** What we want to know of an HTTP answer. */
export interface AnswerHead {
  status: number
  /** Where it sends us, as it was written; null where it does not say. */
  location: string | null
  /** Bytes of its body; null where chunks or the end of the connection tell. */
  length: number | null
  /** What came of the body together with the head (Latin-1, a byte a character). */
  body: string
}

const mostBytes = 16 * 1024
/** Answers of 1xx before the real one; without an end to them a server could keep us busy for nothing. */
const mostHints = 16

const beginning = 'HTTP/'
// Two versions more than there are: some servers say 2.0 and mean 1.1.
const statusLine = /^HTTP\/(?:1\.[01]|2\.0|0\.9) ([1-9]\d\d)(?: [^\r]*)?\r$/
const headerLine = /^[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r$/
const ofInterest = /^(location|content-length|transfer-encoding):[\t ]*(.*)\r$/i

/**
 * Reads the head of an HTTP/1 answer, piece by piece (Latin-1); answers null until it is complete. However an answer is cut into
 * pieces, it is read the same. Throws a Fault for what is no HTTP, and for a head without end. It takes and refuses what node:http
 * does, which is made for more: a check wants the status and nothing else, and costs a fifth less without it.
 */
export const answerReader = (): ((piece: string) => AnswerHead | null) => {
  let unread = ''
  let bytes = 0
  let hints = 0
  let head: Draft | null = null

  /** The head, where this line completes it. */
  const take = (line: string): Draft | null => {
    if (head === null) {
      // Empty lines before it are one too many of what came last.
      if (line !== '\r') head = begun(line)
      return null
    }
    if (line !== '\r') {
      addTo(head, line)
      return null
    }
    const complete = head
    head = null
    bytes = 0
    if (complete.status >= 200) return complete
    if (++hints > mostHints) throw new Fault('protocol')
    return null
  }

  return piece => {
    unread += piece
    for (let from = 0; ; ) {
      if (head === null && !startsLike(unread, from)) throw new Fault('protocol')
      const end = unread.indexOf('\n', from)
      if (bytes + (end < 0 ? unread.length : end + 1) - from > mostBytes) throw new Fault('too-large')
      if (end < 0) {
        unread = unread.slice(from)
        return null
      }
      bytes += end + 1 - from
      const complete = take(unread.slice(from, end))
      from = end + 1
      if (complete) return answerOf(complete, unread.slice(from))
    }
  }
}

type Draft = Omit<AnswerHead, 'body'> & { encoded: boolean }

/** Whether this can become a status line, or an empty one before it: what speaks something else is known by its first byte. */
const startsLike = (text: string, from: number) =>
  text.startsWith(beginning, from) ||
  beginning.startsWith(text.slice(from, from + beginning.length)) ||
  text.slice(from, from + 2) === '\r\n' ||
  text.slice(from) === '\r'

const begun = (line: string): Draft => {
  const status = Number(statusLine.exec(line)?.[1])
  // 101: nobody asked for another protocol.
  if (Number.isNaN(status) || status === 101) throw new Fault('protocol')
  return { status, location: null, length: null, encoded: false }
}

const addTo = (head: Draft, line: string) => {
  if (!headerLine.test(line)) throw new Fault('protocol')
  const found = ofInterest.exec(line)
  if (found === null) return
  const [, name, value] = found as unknown as [string, string, string]
  switch (name.toLowerCase()) {
    case 'location':
      // Header values come as Latin-1; what servers mean is UTF-8.
      head.location ??= Buffer.from(value, 'latin1').toString().trimEnd()
      return
    case 'content-length':
      if (head.length !== null || head.encoded || !/^\d{1,19}[\t ]*$/.test(value)) throw new Fault('protocol')
      head.length = Number(value)
      return
    default:
      if (head.length !== null || value === '') throw new Fault('protocol')
      head.encoded = true
  }
}

const answerOf = ({ status, location, length }: Draft, body: string): AnswerHead => ({
  status,
  location,
  length: status === 204 || status === 304 ? 0 : length,
  body,
})
