import { setImmediate } from 'node:timers/promises'
import type { ListedSeries } from '#database/series/imports.ts'
import { jsonDepth } from '#functions/host/json-depth.ts'
import { tableSink } from './csv-formats.ts'
import { readJson } from './json-formats.ts'
import { RefusedFile } from './refused-file.ts'
import { type SeriesCollector, seriesCollector } from './series-collector.ts'

/** Takes the bytes of one file of an archive, or of the only file. */
interface ByteSink {
  write(bytes: Uint8Array): void
  end(): void
}

/** The inflated bytes of all files of an archive that are read. */
const maxInflatedBytes = 64 * 1024 * 1024
/** JSON is parsed as a whole, so its limit is lower. */
const maxJsonBytes = 16 * 1024 * 1024
const maxJsonLevels = 32
const maxEntries = 5_000
/** Pieces of an archive are small, because a piece of a compression bomb inflates to a thousand times its size. */
const pieceBytes = 4_096

/**
 * The series in a file: a ZIP of TV Time or of another tracker, one of its CSV or JSON files, or a list of names. What
 * the file contains decides, and its name only where the content leaves a doubt. Throws RefusedFile.
 */
export const readSeries = async (fileName: string, bytes: Buffer): Promise<ListedSeries[]> => {
  const collector = seriesCollector()
  if (isZip(bytes)) await readZip(bytes, collector)
  else if (/\.zip$/i.test(fileName)) throw new RefusedFile('brokenZip')
  else await readAlone(bytes, collector)
  const series = collector.series()
  if (series.length === 0) throw new RefusedFile('noSeries')
  return series
}

const isZip = (bytes: Uint8Array) => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

const readAlone = async (bytes: Buffer, collector: SeriesCollector) => {
  const isJson = /^\s*[[{]/.test(
    bytes
      .subarray(0, 1_024)
      .toString('latin1')
      .replace(/^\u00ef\u00bb\u00bf/, ''),
  )
  const sink = isJson ? jsonSink(collector) : textSink(tableSink(collector, true))
  for (let from = 0; from < bytes.length; from += 65_536) {
    sink.write(bytes.subarray(from, from + 65_536))
    await setImmediate()
  }
  sink.end()
}

/** Decodes UTF-8, or UTF-16 with its mark. Refuses other bytes, because titles would be wrong. */
const textSink = (sink: { write(text: string): void; end(): void }): ByteSink => {
  let decoder: TextDecoder | undefined
  const decode = (bytes: Uint8Array | null) => {
    decoder ??= new TextDecoder(encodingOf(bytes ?? new Uint8Array()), { fatal: true })
    try {
      const text = bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true })
      if (!text.includes('\0')) return text
    } catch {
      // The decoder's error names no place, and the explanation needs none.
    }
    throw new RefusedFile('wrongEncoding')
  }
  return {
    write: bytes => sink.write(decode(bytes)),
    end: () => {
      sink.write(decode(null))
      sink.end()
    },
  }
}

const encodingOf = ([first, second]: Uint8Array): string =>
  first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'

const jsonSink = (collector: SeriesCollector): ByteSink => {
  const pieces: Uint8Array[] = []
  let size = 0
  return {
    write: bytes => {
      size += bytes.length
      if (size > maxJsonBytes) throw new RefusedFile('inflatesTooMuch')
      // A copy, because the inflater uses its buffer again.
      pieces.push(bytes.slice())
    },
    end: () => {
      const bytes = Buffer.concat(pieces)
      if (jsonDepth(bytes) > maxJsonLevels) throw new RefusedFile('brokenJson')
      let text = ''
      textSink({ write: piece => (text += piece), end: () => {} }).write(bytes)
      readJson(parsed(text), collector)
    },
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new RefusedFile('brokenJson')
  }
}

/** Whether a JSON file of an archive may have series. Archives of trackers also have settings, comments and films. */
const mayHaveSeries = (name: string) => /show|serie|watch|anime|simkl|histor/i.test(name) && !/movie|film/i.test(name)

/** The reader of a file of an archive; null if the file is of no use. */
const sinkFor = (path: string, collector: SeriesCollector): ByteSink | null => {
  const name = path.split('/').at(-1)!
  if (path.startsWith('__MACOSX/') || name.startsWith('.')) return null
  if (/\.csv$/i.test(name)) return textSink(tableSink(collector, false))
  return /\.json$/i.test(name) && mayHaveSeries(name) ? jsonSink(collector) : null
}

const hasUnsafePath = (path: string) =>
  /^(?:[/\\]|[a-z]:)/i.test(path) || path.split(/[/\\]/).includes('..') || path.includes('\0')

const readZip = async (bytes: Buffer, collector: SeriesCollector): Promise<void> => {
  // Bit 0 of the flags in the header of the first file.
  if ((bytes[6]! & 1) === 1) throw new RefusedFile('encrypted')
  const { Unzip, UnzipInflate } = await import('fflate')
  let inflated = 0
  let entries = 0
  let nested = 0
  let read = 0
  const open = new Set<string>()
  const unzip = new Unzip(file => {
    if (++entries > maxEntries) throw new RefusedFile('inflatesTooMuch')
    if (hasUnsafePath(file.name)) throw new RefusedFile('unsafeNames')
    if (/\.zip$/i.test(file.name)) nested++
    const sink = sinkFor(file.name, collector)
    if (sink === null) return
    read++
    open.add(file.name)
    file.ondata = (error, piece, isLast) => {
      if (error) throw error
      inflated += piece.length
      if (inflated > maxInflatedBytes) throw new RefusedFile('inflatesTooMuch')
      sink.write(piece)
      if (!isLast) return
      open.delete(file.name)
      sink.end()
    }
    file.start()
  })
  unzip.register(UnzipInflate)
  try {
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      unzip.push(bytes.subarray(from, from + pieceBytes), from + pieceBytes >= bytes.length)
      // Other requests, such as those of the health check, are answered in between.
      if (from % (64 * pieceBytes) === 0) await setImmediate()
    }
  } catch (error) {
    throw error instanceof RefusedFile ? error : new RefusedFile('brokenZip')
  }
  if (open.size > 0) throw new RefusedFile('brokenZip')
  if (read === 0) throw new RefusedFile(nested > 0 ? 'zipInZip' : 'noSeries')
}
