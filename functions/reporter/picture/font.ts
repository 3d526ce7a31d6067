/** A glyph of a text; `x` is its left edge, a whole pixel. */
export interface PlacedGlyph {
  glyph: number
  x: number
}

/** Text set in one font, in the units of the picture. */
export interface Font {
  /** The width of the text at this size. */
  width(text: string, size: number): number
  /**
   * The glyphs of a text whose left edge is `x`. Each begins at a whole pixel, so that the same letter always has the
   * same pixels. Characters that the font lacks become a box.
   */
  place(text: string, size: number, x: number): PlacedGlyph[]
  /** The outline of a glyph as the data of an SVG path that begins at the origin of the glyph, on the baseline. */
  outline(glyph: number, size: number): string
  /** The pixels that a glyph may touch, relative to its origin: `right` and `bottom` are not included. */
  bounds(glyph: number, size: number): Bounds
}

export interface Bounds {
  left: number
  top: number
  right: number
  bottom: number
}

interface Point {
  x: number
  y: number
  onCurve: boolean
}

/** `[xx, xy, yx, yy, dx, dy]`: how a part of a composite glyph is placed. */
type Transform = readonly [number, number, number, number, number, number]
const identity: Transform = [1, 0, 0, 1, 0, 0]

/**
 * Reads a TrueType font. resvg can set text itself, but it reads the whole font file again for every text, which costs
 * 2.6 ms of CPU each time; a report has up to sixty texts. The widths of texts are also needed, to cut long names.
 */
export const openFont = (bytes: Buffer): Font => {
  const tables = tablesOf(bytes)
  const unitsPerEm = tables.head.readUInt16BE(18)
  const glyphIdOf = characterMap(tables.cmap)
  const glyphBytes = glyphIndex(tables)
  const advances = tables.hhea.readUInt16BE(34)
  const advanceOf = (glyph: number) => tables.hmtx.readUInt16BE(4 * Math.min(glyph, advances - 1))

  /** The closed contours of a glyph. */
  const contoursOf = (glyph: number, at: Transform = identity, depth = 0): Point[][] => {
    const data = glyphBytes(glyph)
    if (data === null || depth > 4) return []
    if (data.readInt16BE(0) >= 0) return simpleContours(data).map(contour => contour.map(point => placed(point, at)))
    return componentsOf(data).flatMap(({ glyph: part, transform }) =>
      contoursOf(part, combined(at, transform), depth + 1),
    )
  }

  const glyphIds = new Map<string, number>()
  const glyphOf = (char: string): number => {
    const glyph = glyphIds.get(char) ?? glyphIdOf(char.codePointAt(0)!)
    glyphIds.set(char, glyph)
    return glyph
  }
  const glyphsOf = (text: string) => [...text].map(glyphOf)
  return {
    width: (text, size) => (glyphsOf(text).reduce((sum, glyph) => sum + advanceOf(glyph), 0) * size) / unitsPerEm,
    place: (text, size, x) => {
      let left = x
      return glyphsOf(text).map(glyph => {
        const placed = { glyph, x: Math.round(left) }
        left += (advanceOf(glyph) * size) / unitsPerEm
        return placed
      })
    },
    outline: (glyph, size) => relativePath(contoursOf(glyph), size / unitsPerEm),
    bounds: (glyph, size) => {
      const data = glyphBytes(glyph)
      if (data === null) return { left: 0, top: 0, right: 0, bottom: 0 }
      // The table glyf has xMin, yMin, xMax and yMax, and there y points up.
      const [left, bottom, right, top] = [2, 4, 6, 8].map(at => (data.readInt16BE(at) * size) / unitsPerEm)
      // One more pixel on each side, because the outline is rounded.
      return {
        left: Math.floor(left!) - 1,
        top: Math.floor(-top!) - 1,
        right: Math.ceil(right!) + 1,
        bottom: Math.ceil(-bottom!) + 1,
      }
    },
  }
}

const tableNames = ['head', 'cmap', 'hhea', 'hmtx', 'loca', 'glyf'] as const
type Tables = Record<(typeof tableNames)[number], Buffer>

const tablesOf = (bytes: Buffer): Tables => {
  const found = new Map<string, Buffer>()
  for (let at = 0; at < bytes.readUInt16BE(4); at++) {
    const entry = 12 + 16 * at
    const start = bytes.readUInt32BE(entry + 8)
    found.set(bytes.toString('latin1', entry, entry + 4), bytes.subarray(start, start + bytes.readUInt32BE(entry + 12)))
  }
  const missing = tableNames.find(name => !found.has(name))
  if (missing !== undefined) throw new Error(`the font has no table "${missing}"; it must be a TrueType font`)
  return Object.fromEntries(found) as unknown as Tables
}

/** The glyph of a character, from the subtable of format 4 (the Basic Multilingual Plane); glyph 0 is the box. */
const characterMap = (cmap: Buffer): ((char: number) => number) => {
  const subtable = Array.from({ length: cmap.readUInt16BE(2) }, (_, at) =>
    cmap.subarray(cmap.readUInt32BE(8 + 8 * at)),
  ).find(table => table.readUInt16BE(0) === 4)
  if (subtable === undefined) throw new Error('the font has no character map of format 4')
  const segments = subtable.readUInt16BE(6) / 2
  const value = (part: number, segment: number) =>
    subtable.readUInt16BE(14 + 2 * part * segments + (part > 0 ? 2 : 0) + 2 * segment)
  return char => {
    if (char > 0xffff) return 0
    for (let segment = 0; segment < segments; segment++) {
      if (value(0, segment) < char) continue
      const first = value(1, segment)
      if (first > char) return 0
      const [delta, rangeOffset] = [value(2, segment), value(3, segment)]
      if (rangeOffset === 0) return (char + delta) & 0xffff
      const at = 14 + 6 * segments + 2 + 2 * segment + rangeOffset + 2 * (char - first)
      const glyph = subtable.readUInt16BE(at)
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff
    }
    return 0
  }
}

/** The bytes of a glyph; null for a glyph without an outline, such as the space. */
const glyphIndex = ({ head, loca, glyf }: Tables) => {
  const isLong = head.readInt16BE(50) === 1
  const offset = (at: number) => (isLong ? loca.readUInt32BE(4 * at) : 2 * loca.readUInt16BE(2 * at))
  return (glyph: number): Buffer | null => {
    const [start, end] = [offset(glyph), offset(glyph + 1)]
    return start === end ? null : glyf.subarray(start, end)
  }
}

const simpleContours = (data: Buffer): Point[][] => {
  const count = data.readInt16BE(0)
  const ends = Array.from({ length: count }, (_, at) => data.readUInt16BE(10 + 2 * at))
  const points = (ends.at(-1) ?? -1) + 1
  let at = 10 + 2 * count + 2 + data.readUInt16BE(10 + 2 * count)
  const flags: number[] = []
  while (flags.length < points) {
    const flag = data[at++]!
    flags.push(flag)
    if (flag & 8) for (let repeats = data[at++]!; repeats > 0; repeats--) flags.push(flag)
  }
  const coordinates = (short: number, same: number) => {
    let value = 0
    return flags.map(flag => {
      if (flag & short) value += flag & same ? data[at++]! : -data[at++]!
      else if (!(flag & same)) {
        value += data.readInt16BE(at)
        at += 2
      }
      return value
    })
  }
  const xs = coordinates(2, 16)
  const ys = coordinates(4, 32)
  return ends.map((end, contour) =>
    flags.slice(contour === 0 ? 0 : ends[contour - 1]! + 1, end + 1).map((flag, index) => {
      const point = (contour === 0 ? 0 : ends[contour - 1]! + 1) + index
      return { x: xs[point]!, y: ys[point]!, onCurve: (flag & 1) === 1 }
    }),
  )
}

/** The parts of a composite glyph, such as the letter and the accent of `ã`. */
const componentsOf = (data: Buffer): { glyph: number; transform: Transform }[] => {
  const found: { glyph: number; transform: Transform }[] = []
  let at = 10
  for (let more = true; more; ) {
    const flags = data.readUInt16BE(at)
    const glyph = data.readUInt16BE(at + 2)
    at += 4
    const areWords = (flags & 1) === 1
    const [dx, dy] = areWords
      ? [data.readInt16BE(at), data.readInt16BE(at + 2)]
      : [data.readInt8(at), data.readInt8(at + 1)]
    at += areWords ? 4 : 2
    const scales = flags & 8 ? 1 : flags & 64 ? 2 : flags & 128 ? 4 : 0
    const values = Array.from({ length: scales }, (_, index) => data.readInt16BE(at + 2 * index) / 16_384)
    at += 2 * scales
    const [xx = 1, second = xx, yx = 0, yy = second] = values
    // A single value scales both axes, two values scale each axis, and four values are the whole matrix.
    const transform: Transform = scales === 4 ? [xx, second, yx, yy, dx, dy] : [xx, 0, 0, second, dx, dy]
    found.push({ glyph, transform })
    more = (flags & 32) !== 0
  }
  return found
}

const placed = ({ x, y, onCurve }: Point, [xx, xy, yx, yy, dx, dy]: Transform): Point => ({
  x: xx * x + yx * y + dx,
  y: xy * x + yy * y + dy,
  onCurve,
})

const combined = (outer: Transform, inner: Transform): Transform => {
  const [a, b, c, d] = inner
  const [xx, xy, yx, yy] = outer
  const { x, y } = placed({ x: inner[4], y: inner[5], onCurve: true }, outer)
  return [xx * a + yx * b, xy * a + yy * b, xx * c + yx * d, xy * c + yy * d, x, y]
}

/**
 * Contours as the data of a path that begins at the origin of the glyph. The path is relative, so that it can be drawn
 * at any place. TrueType leaves out the point of the curve in the middle between two consecutive control points.
 */
const relativePath = (contours: readonly (readonly Point[])[], scale: number): string => {
  let path = ''
  // The numbers are whole hundredths, so that rounding errors do not add up.
  let [x, y] = [0, 0]
  const step = (point: Point): string => {
    const [toX, toY] = [Math.round(point.x * scale * 100), Math.round(-point.y * scale * 100)]
    const text = `${(toX - x) / 100} ${(toY - y) / 100}`
    ;[x, y] = [toX, toY]
    return text
  }
  const control = (point: Point): string =>
    `${(Math.round(point.x * scale * 100) - x) / 100} ${(Math.round(-point.y * scale * 100) - y) / 100}`
  for (const contour of contours) {
    const firstOn = contour.findIndex(({ onCurve }) => onCurve)
    const start = firstOn < 0 ? middle(contour[0]!, contour.at(-1)!) : contour[firstOn]!
    const rest = firstOn < 0 ? contour : [...contour.slice(firstOn + 1), ...contour.slice(0, firstOn)]
    path += `m${step(start)}`
    const begin = [x, y] as const
    for (const [index, point] of rest.entries()) {
      if (point.onCurve) path += `l${step(point)}`
      else {
        const next = rest[index + 1] ?? start
        path += `q${control(point)} ${step(next.onCurve ? next : middle(point, next))}`
      }
    }
    path += 'z'
    ;[x, y] = begin
  }
  return path
}

const middle = (one: Point, other: Point): Point => ({
  x: (one.x + other.x) / 2,
  y: (one.y + other.y) / 2,
  onCurve: true,
})
