import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Picture } from './drawing.ts'
import { type Font, openFont } from './font.ts'
import { lettersOf } from './letters.ts'
import { palettePng } from './png.ts'
import { raster } from './raster.ts'

/** Draws pictures. It is opened once in a process, because opening it reads the font and the native library. */
export interface Renderer {
  font: Font
  /** The picture as a PNG. */
  png(picture: Picture): Buffer
}

const fontFile = 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf'

/** Loads resvg, which draws the letters, and the font. Throws an Error if resvg has no program for this machine. */
export const openRenderer = async (): Promise<Renderer> => {
  const [{ Resvg }, bytes] = await Promise.all([
    import('@resvg/resvg-js'),
    // Bundles are CommonJS, where import.meta.resolve does not exist; the build replaces import.meta.filename.
    readFile(createRequire(import.meta.filename).resolve(fontFile)),
  ])
  const font = openFont(bytes)
  const letters = lettersOf(font, svg => new Resvg(svg, { font: { loadSystemFonts: false } }).render())
  return { font, png: picture => palettePng(raster(picture, font, letters)) }
}
