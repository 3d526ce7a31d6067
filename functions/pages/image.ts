import { crc32 } from 'node:zlib'
import type { LogoImage } from '#database/pages/logos.ts'
import { logoLimits } from './logo-limits.ts'

/** Why bytes are not stored as a logo. `none`: not a whole PNG, JPEG or WebP. `svg`: it may contain programs. */
export type ImageFault = 'none' | 'svg' | 'bytes' | 'pixels'

/**
 * The picture in a file, by its bytes and not by its name. It is written again from the parts that draw it, so that no
 * place or device of a photo, no program and nothing behind its end is shown to visitors.
 */
export const imageIn = (bytes: Buffer): LogoImage | ImageFault => {
  if (bytes.length > logoLimits.bytes) return 'bytes'
  const found = pngIn(bytes) ?? jpegIn(bytes) ?? webpIn(bytes)
  if (found === null) return isSvg(bytes) ? 'svg' : 'none'
  const { width, height } = found
  return width > logoLimits.pixels || height > logoLimits.pixels ? 'pixels' : found
}

const isSvg = (bytes: Buffer) => /<svg[\s>]/i.test(bytes.subarray(0, 4_096).toString('latin1'))

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** The chunks that draw a PNG: its head, palette, pixels and end, its transparency and its colours. */
const pngChunks = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'cHRM', 'sRGB'])

const pngIn = (bytes: Buffer): LogoImage | null => {
  if (!bytes.subarray(0, 8).equals(pngSignature)) return null
  const kept: Buffer[] = [pngSignature]
  const names: string[] = []
  for (let at = 8; at + 12 <= bytes.length && names.at(-1) !== 'IEND'; ) {
    const end = at + 12 + bytes.readUInt32BE(at)
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return null
    const name = bytes.toString('latin1', at + 4, at + 8)
    names.push(name)
    if (pngChunks.has(name)) kept.push(bytes.subarray(at, end))
    at = end
  }
  const isWhole = names[0] === 'IHDR' && kept[1]!.length === 25 && names.includes('IDAT') && names.at(-1) === 'IEND'
  return isWhole ? image('png', kept, kept[1]!.readUInt32BE(8), kept[1]!.readUInt32BE(12)) : null
}

const startOfScan = 0xda
const endOfImage = 0xd9
/** The segments that draw a JPEG, except frames: tables, restarts, and the markers of JFIF, of colours and of Adobe. */
const jpegSegments = new Set([0xc4, 0xdb, 0xdd, 0xe0, 0xe2, 0xee, startOfScan])
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const jpegIn = (bytes: Buffer): LogoImage | null => {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null
  const kept: Buffer[] = [bytes.subarray(0, 2)]
  let size: { width: number; height: number } | null = null
  let hasScan = false
  for (let at = 2; at + 4 <= bytes.length + 2; ) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1]!
    if (marker === endOfImage)
      return size === null || !hasScan
        ? null
        : image('jpg', [...kept, bytes.subarray(at, at + 2)], size.width, size.height)
    // A marker may have more bytes of 0xff before it.
    if (marker === 0xff) {
      at++
      continue
    }
    if (at + 4 > bytes.length) return null
    let end = at + 2 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) return null
    if (isFrame(marker)) {
      if (size !== null || end < at + 9) return null
      size = { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
    }
    if (marker === startOfScan) {
      end = endOfScan(bytes, end)
      hasScan = true
    }
    if (isFrame(marker) || jpegSegments.has(marker)) kept.push(bytes.subarray(at, end))
    at = end
  }
  return null
}

/** Where the pixels of a scan end: at a marker that is neither a stuffed byte nor a restart. */
const endOfScan = (bytes: Buffer, start: number): number => {
  for (let at = bytes.indexOf(0xff, start); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1]!
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at
  }
  return bytes.length
}

/** The chunks that draw a still WebP. Animations have others, and are refused. */
const webpChunks = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH'])

const webpIn = (bytes: Buffer): LogoImage | null => {
  if (bytes.length < 30 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP')
    return null
  const end = 8 + bytes.readUInt32LE(4)
  if (end > bytes.length) return null
  const kept: Buffer[] = []
  let size: { width: number; height: number } | null = null
  for (let at = 12; at + 8 <= end; ) {
    const length = bytes.readUInt32LE(at + 4)
    const next = at + 8 + length + (length % 2)
    if (next > end) return null
    const name = bytes.toString('latin1', at, at + 4)
    if (webpChunks.has(name)) {
      const chunk = Buffer.from(bytes.subarray(at, next))
      // Without the chunks of metadata and of an animation, their flags must be off.
      if (name === 'VP8X') chunk[8] = chunk[8]! & 0x10
      else size ??= webpSize(name, chunk.subarray(8))
      kept.push(chunk)
    }
    at = next
  }
  if (size === null) return null
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  head.writeUInt32LE(4 + kept.reduce((sum, { length }) => sum + length, 0), 4)
  return image('webp', [head, ...kept], size.width, size.height)
}

/** The size in the chunk of the pixels, without loss (VP8L) or with loss (VP8). */
const webpSize = (name: string, data: Buffer): { width: number; height: number } | null => {
  if (name === 'VP8L' && data.length >= 5 && data[0] === 0x2f) {
    const bits = data.readUInt32LE(1)
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  if (name === 'VP8 ' && data.length >= 10 && data.readUIntBE(3, 3) === 0x9d012a)
    return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff }
  return null
}

const image = (type: LogoImage['type'], parts: Buffer[], width: number, height: number): LogoImage | null =>
  width === 0 || height === 0 ? null : { type, bytes: Buffer.concat(parts), width, height }
