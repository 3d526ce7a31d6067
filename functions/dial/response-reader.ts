import { DialError } from './dial-error.ts'

/** The parts of an HTTP response that a check needs. */
export interface ResponseHead {
  status: number
  /** The redirect target as the server sent it, but with non-ASCII bytes percent-encoded; null without one. */
  location: string | null
  /** Length of the body in bytes; null if the response is chunked or ends with the connection. */
  length: number | null
  /** Whether the body is sent in chunks. */
  chunked: boolean
  /** The Content-Encoding in lower case; '' without one. */
  coding: string
  /** The Content-Type; '' without one. */
  mediaType: string
  /** The part of the body that arrived with the head (Latin-1: one character is one byte). */
  body: string
}

const redirectStatuses = new Set([300, 301, 302, 303, 307, 308])

export const isRedirect = (head: ResponseHead): head is ResponseHead & { location: string } =>
  head.location !== null && redirectStatuses.has(head.status)

/** Limit for all heads of a response together, including 1xx responses. It is the limit of Go's client. */
const maxHeadBytes = 1024 * 1024
/**
 * The maximum number of bytes of a line that are kept. The rest of a longer line is counted and dropped, because the
 * check does not need it and thousands of checks run at once.
 */
const maxLineBytes = 16 * 1024
/** Limit for 1xx responses before the final one. */
const maxInterim = 1_000

const protocolName = 'HTTP/'
// The versions that curl accepts, and 0.9, because some servers send 0.9 and mean 1.0. Blanks are skipped; the reason
// phrase is optional.
const statusLine = /^HTTP\/(?:(?:1\.[01]|2\.0|0\.9) |2[\t ])[\t ]*([1-9]\d\d)(?!\d)/
const foldedLine = /^[\t ]/

/**
 * Reads the head of an HTTP/1 response piece by piece (Latin-1) and returns null until it is complete. It does not
 * matter where the pieces are cut. Throws a DialError if the response is not HTTP or if the head is too long.
 *
 * It accepts everything that curl accepts (line ends without CR, folded lines, blanks in header names, repeated or
 * conflicting lengths), because a site that clients can read is up. Each connection carries one response, so request
 * smuggling is not possible. node:http refuses several of these even with `insecureHTTPParser`.
 * response-reader-curl.test.ts compares this reader with curl.
 */
export const responseReader = (): ((piece: string) => ResponseHead | null) => {
  let unread = ''
  let bytes = 0
  let interim = 0
  let head: PartialHead | null = null
  /** The beginning of a line that is longer than the limit; '' while the line is not longer. */
  let longLine = ''

  /** Adds a line; returns the head if this line completes it. */
  const addLine = (line: string): PartialHead | null => {
    if (head === null) {
      // Browsers ignore empty lines before a head too.
      if (line !== '\r') head = parseStatusLine(line)
      return null
    }
    if (line !== '' && line[0] !== '\r') {
      addHeader(head, line)
      return null
    }
    const complete = head
    head = null
    if (complete.status >= 200) return complete
    if (++interim > maxInterim) throw new DialError('protocol')
    return null
  }

  return piece => {
    unread += piece
    for (let from = 0; ; ) {
      if (head === null && longLine === '' && !mayBeHttp(unread, from)) throw new DialError('protocol')
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
      const complete = addLine(longLine || line.slice(0, maxLineBytes))
      longLine = ''
      from = end + 1
      if (complete) return responseOf(complete, unread.slice(from))
    }
  }
}

type PartialHead = Omit<ResponseHead, 'body'> & { lines: number; encoded: boolean }

/**
 * Whether the text may be the beginning of a status line, or of an empty line before it. Other protocols are detected
 * by their first byte.
 */
const mayBeHttp = (text: string, from: number) => {
  const start = text.slice(from, from + protocolName.length)
  return start === protocolName.slice(0, start.length) || start.startsWith('\r\n') || text.slice(from) === '\r'
}

const parseStatusLine = (line: string): PartialHead => {
  const status = Number(statusLine.exec(line)?.[1])
  // 101 is an error, because the request asks for no other protocol.
  if (Number.isNaN(status) || status === 101) throw new DialError('protocol')
  return { status, location: null, length: null, chunked: false, coding: '', mediaType: '', lines: 0, encoded: false }
}

const addHeader = (head: PartialHead, line: string) => {
  const colon = line.indexOf(':')
  if (foldedLine.test(line) ? head.lines === 0 : colon < 0) throw new DialError('protocol')
  head.lines++
  switch (line.slice(0, Math.max(colon, 0)).toLowerCase()) {
    case 'location':
      // The first Location counts, unless it is empty.
      head.location ??= escapeBytes(line.slice(colon + 1).trim()) || null
      return
    case 'content-length':
      head.length = parseLength(line.slice(colon + 1))
      return
    case 'transfer-encoding': {
      const encoding = line
        .slice(colon + 1)
        .trim()
        .toLowerCase()
      head.encoded = encoding !== 'identity'
      head.chunked = encoding.endsWith('chunked')
      return
    }
    case 'content-encoding':
      head.coding = line
        .slice(colon + 1)
        .trim()
        .toLowerCase()
      return
    case 'content-type':
      head.mediaType = line.slice(colon + 1).trim()
  }
}

/** Percent-encodes bytes that are not ASCII, so that the server gets its own bytes back, whatever their encoding is. */
const escapeBytes = (value: string) => value.replace(/[\x80-\xff]/g, encodeByte)
const encodeByte = (byte: string) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`

/** The number at the beginning of a Content-Length, so `2, 2` is 2. A number that is too large is ignored. */
const parseLength = (value: string): number | null => {
  const digits = /^\s*\+?(\d+)/.exec(value)?.[1]
  if (digits === undefined) throw new DialError('protocol')
  const length = Number(digits)
  return Number.isSafeInteger(length) ? length : null
}

const responseOf = ({ lines, encoded, ...head }: PartialHead, body: string): ResponseHead => {
  const bodyless = head.status === 204 || head.status === 304
  return { ...head, length: bodyless ? 0 : encoded ? null : head.length, body }
}
