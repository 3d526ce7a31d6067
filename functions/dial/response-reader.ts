import { DialError } from './dial-error.ts'

/** What we want to know of an HTTP answer. */
export interface ResponseHead {
  status: number
  /** The redirect target as the server sent it, non-ASCII bytes percent-encoded; null without one. */
  location: string | null
  /** Bytes of its body; null where chunks or the end of the connection tell. */
  length: number | null
  /** What came of the body together with the head (Latin-1, a byte a character). */
  body: string
}

/** All heads of an answer together, those of 1xx included: as much as Go reads. */
const maxHeadBytes = 1024 * 1024
/** More of one line is counted and dropped, because it cannot matter and thousands of checks run at once. */
const maxLineBytes = 16 * 1024
/** Answers of 1xx before the final one. */
const maxHints = 1_000

const beginning = 'HTTP/'
// The versions that curl accepts, and 0.9, which some servers say and mean 1.0. Blanks are skipped; a reason need not follow.
const statusLine = /^HTTP\/(?:(?:1\.[01]|2\.0|0\.9) |2[\t ])[\t ]*([1-9]\d\d)(?!\d)/
const isFold = /^[\t ]/

/**
 * Reads the head of an HTTP/1 answer, piece by piece (Latin-1); returns null until the head is complete. The way an answer is cut
 * into pieces makes no difference. Throws a Fault for what is not HTTP, and for a head without end.
 *
 * It accepts what curl accepts, because a site that clients can read is up: line ends without CR, folded lines, blanks in header
 * names, repeated or conflicting lengths. One answer is read per connection, so leniency opens no way for request smuggling.
 * node:http refuses several of these even with `insecureHTTPParser`. test/functions/dial/response-reader-curl.test.ts compares this reader with curl.
 */
export const responseReader = (): ((piece: string) => ResponseHead | null) => {
  let unread = ''
  let bytes = 0
  let hints = 0
  let head: Draft | null = null
  /** The start of a line that is too long to keep. */
  let longLine = ''

  /** The head, where this line completes it. */
  const take = (line: string): Draft | null => {
    if (head === null) {
      // Empty lines before a head are ignored, as browsers do.
      if (line !== '\r') head = begun(line)
      return null
    }
    if (line !== '' && line[0] !== '\r') {
      addTo(head, line)
      return null
    }
    const complete = head
    head = null
    if (complete.status >= 200) return complete
    if (++hints > maxHints) throw new DialError('protocol')
    return null
  }

  return piece => {
    unread += piece
    for (let from = 0; ; ) {
      if (head === null && longLine === '' && !startsLike(unread, from)) throw new DialError('protocol')
      const end = unread.indexOf('\n', from)
      if (bytes + (end < 0 ? unread.length : end + 1) - from > maxHeadBytes) throw new DialError('too-large')
      if (end < 0) {
        unread = unread.slice(from)
        if (unread.length > maxLineBytes) {
          if (unread.includes('\0')) throw new DialError('protocol')
          if (longLine === '') longLine = unread.slice(0, maxLineBytes)
          bytes += unread.length
          unread = ''
        }
        return null
      }
      bytes += end + 1 - from
      const line = unread.slice(from, end)
      if (line.includes('\0')) throw new DialError('protocol')
      const complete = take(longLine || line.slice(0, maxLineBytes))
      longLine = ''
      from = end + 1
      if (complete) return answerOf(complete, unread.slice(from))
    }
  }
}

type Draft = Omit<ResponseHead, 'body'> & { lines: number; encoded: boolean }

/** Whether this can become a status line, or an empty one before it: what speaks something else is known by its first byte. */
const startsLike = (text: string, from: number) => {
  const start = text.slice(from, from + beginning.length)
  return start === beginning.slice(0, start.length) || start.startsWith('\r\n') || text.slice(from) === '\r'
}

const begun = (line: string): Draft => {
  const status = Number(statusLine.exec(line)?.[1])
  // 101: nobody asked for another protocol.
  if (Number.isNaN(status) || status === 101) throw new DialError('protocol')
  return { status, location: null, length: null, lines: 0, encoded: false }
}

const addTo = (head: Draft, line: string) => {
  const colon = line.indexOf(':')
  if (isFold.test(line) ? head.lines === 0 : colon < 0) throw new DialError('protocol')
  head.lines++
  switch (line.slice(0, Math.max(colon, 0)).toLowerCase()) {
    case 'location':
      // The first one counts; an empty one does not.
      head.location ??= escaped(line.slice(colon + 1).trim()) || null
      return
    case 'content-length':
      head.length = lengthIn(line.slice(colon + 1))
      return
    case 'transfer-encoding':
      head.encoded =
        line
          .slice(colon + 1)
          .trim()
          .toLowerCase() !== 'identity'
  }
}

/** Bytes that are not ASCII go back to the server as they came, whatever encoding it means by them. */
const escaped = (value: string) => value.replace(/[\x80-\xff]/g, encodeByte)
const encodeByte = (byte: string) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`

/** The number that a length begins with, so that `2, 2` is 2. One that is too large to be true says nothing. */
const lengthIn = (value: string): number | null => {
  const digits = /^\s*\+?(\d+)/.exec(value)?.[1]
  if (digits === undefined) throw new DialError('protocol')
  const length = Number(digits)
  return Number.isSafeInteger(length) ? length : null
}

const answerOf = ({ status, location, length, encoded }: Draft, body: string): ResponseHead => {
  const bodyless = status === 204 || status === 304
  return { status, location, length: bodyless ? 0 : encoded ? null : length, body }
}
