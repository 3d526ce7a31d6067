import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type Font, openFont } from './font.ts'
import { palettePng } from './png.ts'

/** Draws pictures. It is opened once in a process, because opening it reads the font and the native library. */
export interface Renderer {
  font: Font
  /** The picture as a PNG. The SVG must have an opaque background and no `<text>`; it uses the outlines of `font`. */
  png(svg: string): Buffer
}

const fontFile = 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf'

/** Loads resvg and the font. Throws an Error if resvg has no program for this machine. */
export const openRenderer = async (): Promise<Renderer> => {
  const [{ Resvg }, bytes] = await Promise.all([
    import('@resvg/resvg-js'),
    // Bundles are CommonJS, where import.meta.resolve does not exist; the build replaces import.meta.filename.
    readFile(createRequire(import.meta.filename).resolve(fontFile)),
  ])
  return {
    font: openFont(bytes),
    png: svg => {
      const { pixels, width, height } = new Resvg(svg, { font: { loadSystemFonts: false } }).render()
      return palettePng(pixels, width, height)
    },
  }
}
