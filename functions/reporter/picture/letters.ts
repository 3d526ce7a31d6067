import type { Bounds, Font } from './font.ts'

/** How much of each pixel a glyph covers, from 0 to 255, row by row. `left` and `top` are relative to its origin. */
export interface Mask {
  left: number
  top: number
  width: number
  height: number
  coverage: Uint8Array
}

/** Draws an SVG, and returns its pixels as RGBA. */
export type Rasterize = (svg: string) => { pixels: Uint8Array; width: number }

/** A glyph at a size. */
interface Letter {
  glyph: number
  size: number
}

/** Letters are drawn side by side in lines of at most this width. */
const sheetWidth = 1000

/**
 * The glyphs of a font as pixels. A report repeats the same letters about nine times, so each of them is drawn once in
 * the life of a process, and then only copied.
 */
export const lettersOf = (font: Font, rasterize: Rasterize) => {
  const masks = new Map<string, Mask>()
  const keyOf = ({ glyph, size }: Letter) => `${glyph}@${size}`
  return {
    /** The mask of a letter that `draw` has drawn. */
    mask: (letter: Letter): Mask => masks.get(keyOf(letter))!,
    /** Draws the letters that were not drawn before, all at once. */
    draw: (letters: readonly Letter[]): void => {
      // The letters of a size are in the same lines.
      const missing = [...new Map(letters.map(letter => [keyOf(letter), letter]))]
        .filter(([key]) => !masks.has(key))
        .sort(([, one], [, other]) => one.size - other.size)
      if (missing.length === 0) return
      const { boxes, height } = sheetOf(missing.map(([, { glyph, size }]) => font.bounds(glyph, size)))
      const path = missing.map(
        ([, { glyph, size }], at) => `M${boxes[at]!.x} ${boxes[at]!.y}${font.outline(glyph, size)}`,
      )
      const { pixels, width } = rasterize(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${sheetWidth}" height="${height}"><path d="${path.join('')}"/></svg>`,
      )
      for (const [at, [key]] of missing.entries()) masks.set(key, maskIn(pixels, width, boxes[at]!))
    },
  }
}

/** The box of a letter in the sheet; the origin of the letter is at (x, y). */
interface Box extends Bounds {
  x: number
  y: number
}

/** Places letters with these bounds in lines. No two boxes overlap. */
const sheetOf = (letters: readonly Bounds[]): { boxes: Box[]; height: number } => {
  let [left, top, bottom] = [0, 0, 1]
  const boxes = letters.map(bounds => {
    if (left + bounds.right - bounds.left > sheetWidth) [left, top] = [0, bottom]
    const box = { ...bounds, x: left - bounds.left, y: top - bounds.top }
    left += bounds.right - bounds.left
    bottom = Math.max(bottom, box.y + bounds.bottom)
    return box
  })
  return { boxes, height: bottom }
}

const maskIn = (pixels: Uint8Array, sheet: number, { x, y, left, right, top, bottom }: Box): Mask => {
  const [width, height] = [right - left, bottom - top]
  const coverage = new Uint8Array(width * height)
  for (let at = 0; at < coverage.length; at++) {
    const [column, row] = [x + left + (at % width), y + top + Math.floor(at / width)]
    coverage[at] = pixels[4 * (row * sheet + column) + 3]!
  }
  return { left, top, width, height, coverage }
}
