import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { DialError } from './dial-error.ts'
import type { ResponseHead } from './response-reader.ts'

/** A body after decompression. */
export interface HttpBody {
  bytes: Buffer
  /** Whether these are all bytes. The body may be longer than the limit. */
  isComplete: boolean
  /** The Content-Type; '' without one. */
  mediaType: string
}

/** Limit for the line with the length of a chunk, and for each line of a trailer. */
const maxLineLength = 16 * 1024
const maxTrailerLines = 1_000

/**
 * Collects a body piece by piece (Latin-1: one character is one byte), without the framing of its chunks. `add` returns
 * whether the body is complete, or as long as the limit.
 */
export interface BodyCollector {
  add(piece: string): boolean
  /** Whether the body ended as the head said. A body without a length ends with the connection. */
  isEnded(): boolean
  /** Whether the body is longer than the limit, or its framing is. */
  isTooLong(): boolean
  /** The body up to the limit. */
  text(): string
}

export const bodyCollector = (
  { length, chunked }: Pick<ResponseHead, 'length' | 'chunked'>,
  maxBytes: number,
): BodyCollector => {
  const pieces: string[] = []
  let size = 0
  let sentBytes = 0
  const keep = (piece: string) => {
    pieces.push(piece)
    size += piece.length
  }
  const isTooLong = () => size > maxBytes || sentBytes > 2 * maxBytes
  const text = () => pieces.join('').slice(0, maxBytes)
  if (chunked) {
    // Joined piece by piece, because the chunks may be tiny.
    let chunks: string[] = []
    const dechunk = dechunker(data => void chunks.push(data))
    let ended = false
    return {
      add: piece => {
        sentBytes += piece.length
        ended = dechunk(piece)
        keep(chunks.join(''))
        chunks = []
        return ended || isTooLong()
      },
      isEnded: () => ended,
      ...{ isTooLong, text },
    }
  }
  const wanted = length ?? Number.POSITIVE_INFINITY
  return {
    add: piece => {
      keep(piece.slice(0, wanted - size))
      return size >= wanted || isTooLong()
    },
    isEnded: () => length === null || size >= length,
    ...{ isTooLong, text },
  }
}

/** Takes the framing of chunks (RFC 9112, 7.1) away. The returned function returns true after the last chunk. */
const dechunker = (keep: (data: string) => void): ((piece: string) => boolean) => {
  let unread = ''
  /** The bytes of the present chunk that have not arrived. */
  let missing = 0
  let part: 'size' | 'data' | 'end of data' | 'trailer' | 'done' = 'size'
  let trailerLines = 0

  /** The next line, or null if it is not complete. */
  const takeLine = (): string | null => {
    const end = unread.indexOf('\n')
    if ((end < 0 ? unread.length : end) > maxLineLength) throw new DialError('protocol')
    if (end < 0) return null
    const line = unread.slice(0, end).replace(/\r$/, '')
    unread = unread.slice(end + 1)
    return line
  }

  const takeData = (): boolean => {
    const data = unread.slice(0, missing)
    keep(data)
    missing -= data.length
    unread = unread.slice(data.length)
    if (missing > 0) return false
    part = 'end of data'
    return true
  }

  /** Reads one part. Returns false if it needs more bytes, or at the end. */
  const step = (): boolean => {
    if (part === 'done') return false
    if (part === 'data') return takeData()
    const line = takeLine()
    if (line === null) return false
    if (part === 'size') {
      const digits = /^\s*([\da-f]{1,12})\s*(?:;|$)/i.exec(line)?.[1]
      if (digits === undefined) throw new DialError('protocol')
      missing = Number.parseInt(digits, 16)
      part = missing === 0 ? 'trailer' : 'data'
    } else if (part === 'end of data') {
      if (line !== '') throw new DialError('protocol')
      part = 'size'
    } else if (line === '') part = 'done'
    else if (++trailerLines > maxTrailerLines) throw new DialError('protocol')
    return true
  }

  return piece => {
    unread += piece
    while (step());
    return part === 'done'
  }
}

/** A window of 8 MB is the largest that RFC 8878 tells decoders to accept. */
const zstdOptions = { params: { [constants.ZSTD_d_windowLogMax]: 23 } }

const decoders: Record<string, () => NodeJS.ReadWriteStream & AsyncIterable<Buffer>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: () => createZstdDecompress(zstdOptions),
}

/**
 * Decompresses a body up to `maxBytes`. We ask for no compression, but some servers compress all the same. A body in an
 * unknown coding is returned as it is.
 */
export const decodedBody = async (
  raw: Buffer,
  { coding, mediaType }: Pick<ResponseHead, 'coding' | 'mediaType'>,
  isRawComplete: boolean,
  maxBytes: number,
): Promise<HttpBody> => {
  const decoder = decoders[coding]?.()
  if (decoder === undefined || raw.length === 0) return { bytes: raw, isComplete: isRawComplete, mediaType }
  const pieces: Buffer[] = []
  let size = 0
  decoder.end(raw)
  try {
    for await (const piece of decoder) {
      pieces.push(piece)
      size += piece.length
      if (size > maxBytes) break
    }
  } catch {
    if (isRawComplete) throw new DialError('protocol')
  }
  return {
    bytes: Buffer.concat(pieces).subarray(0, maxBytes),
    isComplete: isRawComplete && size <= maxBytes,
    mediaType,
  }
}
