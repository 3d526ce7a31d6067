import type { Picture, Rectangle, Text } from './drawing.ts'
import type { Font } from './font.ts'
import type { lettersOf, Mask } from './letters.ts'
import type { IndexedPicture } from './png.ts'

/** The shades from the background (not included) to a colour. More shades make a larger file. */
const shades = 15

/** The pixels of a picture. Letters are copied from `letters`, and shaded at their edges. */
export const raster = (picture: Picture, font: Font, letters: ReturnType<typeof lettersOf>): IndexedPicture => {
  const { width, height, background, shapes } = picture
  const rows = Buffer.alloc((width + 1) * height)
  const palette = paletteOf(background)
  const texts = shapes.flatMap(shape =>
    'text' in shape ? [{ ...shape, glyphs: font.place(shape.text, shape.size, shape.x) }] : [],
  )
  letters.draw(texts.flatMap(({ size, glyphs }) => glyphs.map(({ glyph }) => ({ glyph, size }))))
  for (const shape of shapes)
    if ('height' in shape) fill(rows, width, shape, palette.indexOf(shape.colour) + shades - 1)
  for (const { colour, size, y, glyphs } of texts)
    for (const { glyph, x } of glyphs)
      stamp(rows, { width, height }, letters.mask({ glyph, size }), { x, y }, palette.indexOf(colour))
  return { width, height, palette: palette.bytes(), rows }
}

const rgb = (colour: Rectangle['colour']): number[] => [...Buffer.from(colour.slice(1), 'hex')]

/** The palette: the background at index 0, and all shades of each colour that is used. */
const paletteOf = (background: Text['colour']) => {
  const ground = rgb(background)
  const colours = [...ground]
  const first = new Map<string, number>()
  return {
    /** The index of the faintest shade of a colour; the shades up to the colour itself follow. */
    indexOf: (colour: Text['colour']): number => {
      const known = first.get(colour)
      if (known !== undefined) return known
      const index = colours.length / 3
      for (let shade = 1; shade <= shades; shade++)
        colours.push(
          ...rgb(colour).map((value, at) => Math.round(ground[at]! + ((value - ground[at]!) * shade) / shades)),
        )
      first.set(colour, index)
      return index
    },
    bytes: () => Buffer.from(colours),
  }
}

const fill = (rows: Buffer, width: number, { x, y, width: wide, height }: Rectangle, index: number) => {
  for (let row = y; row < y + height; row++) {
    const start = row * (width + 1) + 1 + x
    rows.fill(index, start, start + wide)
  }
}

const stamp = (
  rows: Buffer,
  picture: { width: number; height: number },
  { left, top, width, height, coverage }: Mask,
  origin: { x: number; y: number },
  faintest: number,
) => {
  for (let row = 0; row < height; row++) {
    const y = origin.y + top + row
    if (y < 0 || y >= picture.height) continue
    for (let column = 0; column < width; column++) {
      const x = origin.x + left + column
      const shade = Math.round((coverage[row * width + column]! * shades) / 255)
      if (shade === 0 || x < 0 || x >= picture.width) continue
      const at = y * (picture.width + 1) + 1 + x
      // Neighbouring letters may share a pixel: the darker shade counts.
      rows[at] = Math.max(rows[at]!, faintest + shade - 1)
    }
  }
}
