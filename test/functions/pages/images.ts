import { crc32, deflateSync } from 'node:zlib'

/** A chunk of a PNG. */
export const pngChunk = (name: string, data: Buffer): Buffer => {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write(name, 4, 'latin1')
  data.copy(chunk, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
  return chunk
}

export const pngHead = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const pngSize = (width: number, height: number) => {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  // Eight bits a channel, red, green and blue.
  data[8] = 8
  data[9] = 2
  return pngChunk('IHDR', data)
}

/** A black PNG. `more` are further chunks before its pixels. */
export const png = (width: number, height: number, more: readonly Buffer[] = []): Buffer =>
  Buffer.concat([
    ...[pngHead, pngSize(width, height), ...more],
    pngChunk('IDAT', deflateSync(Buffer.alloc(height * (1 + 3 * width)))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])

/** A JPEG of one white pixel. */
export const jpeg = Buffer.from(
  `/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP${'/'.repeat(86)}wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z`,
  'base64',
)

/** A segment of a JPEG. */
export const jpegSegment = (marker: number, data: Buffer): Buffer => {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(2 + data.length, 2)
  return Buffer.concat([head, data])
}

/** A file of the RIFF container. */
export const riff = (chunks: readonly (readonly [name: string, data: Buffer])[]): Buffer => {
  const body = Buffer.concat(
    chunks.map(([name, data]) => {
      const head = Buffer.from(`${name}\0\0\0\0`, 'latin1')
      head.writeUInt32LE(data.length, 4)
      return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
    }),
  )
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  head.writeUInt32LE(4 + body.length, 4)
  return Buffer.concat([head, body])
}

/** The pixels of a WebP without loss, of one pixel. */
export const vp8l = Buffer.from('2f00000000071011118888fe070000', 'hex')
export const webp = riff([['VP8L', vp8l]])
