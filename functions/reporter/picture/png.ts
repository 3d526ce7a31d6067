import { crc32, deflateSync } from 'node:zlib'

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const maxColours = 256
/**
 * How many bits of each colour channel are kept. The numbers are tried in this order, until the file is small enough.
 * Fewer bits merge more shades at the edges of letters.
 */
const precisions = [4, 3]
const wantedBytes = 20_000

/**
 * Opaque RGBA pixels as a PNG with a palette. The file has about a third of the size of the PNG that resvg writes,
 * because the picture has few colours, and the many shades at the edges of the letters are merged.
 */
export const palettePng = (pixels: Buffer, width: number, height: number): Buffer => {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, width * height)
  let smallest: Buffer | undefined
  for (const bits of precisions) {
    const indexed = indexedRows(words, width, height, bits)
    if (indexed === null) continue
    smallest = Buffer.concat([
      signature,
      chunk('IHDR', header(width, height)),
      chunk('PLTE', indexed.palette),
      // Higher levels make the file only slightly smaller and cost much CPU.
      chunk('IDAT', deflateSync(indexed.rows, { level: 6 })),
      chunk('IEND', Buffer.alloc(0)),
    ])
    if (smallest.length <= wantedBytes) break
  }
  if (smallest === undefined) throw new Error('the picture has too many colours for a palette')
  return smallest
}

/** The rows as the indexes of a palette; null if the picture has more than 256 colours with `bits` for each channel. */
const indexedRows = (words: Uint32Array, width: number, height: number, bits: number) => {
  // The words are in the machine's byte order, which is little-endian everywhere Node.js runs: red is the lowest byte.
  const channel = (0xff << (8 - bits)) & 0xff
  const mask = channel | (channel << 8) | (channel << 16)
  const indexes = new Map<number, number>()
  const palette: number[] = []
  const rows = Buffer.alloc((width + 1) * height)
  let target = 0
  let source = 0
  // No pixel is 0, because the picture is opaque.
  let last = 0
  let index = 0
  for (let row = 0; row < height; row++) {
    target++
    for (let column = 0; column < width; column++) {
      const word = words[source++]!
      // Most pixels have the colour of their neighbour.
      if (word !== last) {
        last = word
        const known = indexes.get(word & mask)
        if (known === undefined) {
          index = indexes.size
          if (index === maxColours) return null
          indexes.set(word & mask, index)
          palette.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff)
        } else index = known
      }
      rows[target++] = index
    }
  }
  return { rows, palette: Buffer.from(palette) }
}

const header = (width: number, height: number): Buffer => {
  const bytes = Buffer.alloc(13)
  bytes.writeUInt32BE(width, 0)
  bytes.writeUInt32BE(height, 4)
  // Eight bits for each pixel, an index of the palette.
  bytes[8] = 8
  bytes[9] = 3
  return bytes
}

const chunk = (type: string, data: Buffer): Buffer => {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(content))
  return Buffer.concat([length, content, sum])
}
