import { createRequire } from 'node:module'
import { inflateSync } from 'node:zlib'
import { Resvg } from '@resvg/resvg-js'
import { beforeAll, describe, expect, test } from 'vitest'
import { drawing, type Picture } from '#functions/reporter/picture/drawing.ts'
import { openRenderer, type Renderer } from '#functions/reporter/picture/render.ts'
import { sampleFigures, samplePeriod, sampleReader } from '#test/support/report-figures.ts'

let renderer: Renderer
beforeAll(async () => {
  renderer = await openRenderer()
})

/** The pixels of a PNG with a palette, as colours (`#rrggbb`). This function reads only PNGs of `palettePng`. */
const decoded = (png: Buffer) => {
  const chunks = new Map<string, Buffer>()
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  const [width, height] = [chunks.get('IHDR')!.readUInt32BE(0), chunks.get('IHDR')!.readUInt32BE(4)]
  const rows = inflateSync(chunks.get('IDAT')!)
  expect(rows.length).toBe((width + 1) * height)
  const colour = (x: number, y: number) => {
    const index = rows[y * (width + 1) + 1 + x]!
    return `#${chunks
      .get('PLTE')!
      .subarray(3 * index, 3 * index + 3)
      .toString('hex')}`
  }
  return { width, height, colour }
}

const cases = [
  ['1 monitor', sampleFigures(1)],
  ['10 monitors', sampleFigures(10)],
  ['60 monitors', sampleFigures(60)],
  [
    '60 monitors with long names',
    sampleFigures(60, { name: 'um-nome-de-servidor-muito-comprido.exemplo.com.br/saude' }),
  ],
  ['3 monitors without checks', sampleFigures(3, { withoutChecks: true })],
] as const

describe.each(cases)('the picture of %s', (_, figures) => {
  test.each([
    ['light', 'pt-BR', '#ffffff'],
    ['light', 'en', '#ffffff'],
    ['dark', 'pt-BR', '#17212b'],
    ['dark', 'en', '#17212b'],
  ] as const)(
    'in the theme %s and in %s is a PNG of at most 20 kB on the background of the theme',
    (theme, language, background) => {
      const png = renderer.png(drawing(figures, samplePeriod, { ...sampleReader, language }, theme, renderer.font))
      expect(png.length).toBeLessThanOrEqual(20_000)
      const { width, height, colour } = decoded(png)
      expect(width).toBe(720)
      expect(height).toBeLessThanOrEqual(width)
      expect([colour(0, 0), colour(width - 1, height - 1)]).toEqual([background, background])
    },
  )
})

test('a short outage is visible, and an hour without checks has a colour of its own', () => {
  const monitor = { id: 1, name: 'loja', uptime: 0.999, averageMs: 1, isDown: false, cells: [1, 0.999, null, 0] }
  const figures = { monitors: [monitor], uptime: 0.999, outages: [], unknown: 0 }
  const { colour } = decoded(renderer.png(drawing(figures, samplePeriod, sampleReader, 'light', renderer.font)))
  // The four cells are 72 pixels wide. An outage fills a cell from its bottom.
  const bottom = [0, 1, 2, 3].map(cell => colour(312 + 72 * cell + 30, 179))
  const top = [0, 1, 2, 3].map(cell => colour(312 + 72 * cell + 30, 160))
  expect(top).toEqual([bottom[0], bottom[0], '#ffffff', bottom[3]])
  expect(bottom[1]).toBe(bottom[3])
  expect(new Set([bottom[0], bottom[1], bottom[2], '#ffffff']).size).toBe(4)
})

test('the outlines of text are those that resvg draws with the same font', () => {
  const text = 'Relatório diário: São João, 99,98% – €ñœ Ω'
  const [width, height, size] = [620, 60, 28]
  const svg = (content: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path fill="#fff" d="M0 0h${width}v${height}H0z"/>${content}</svg>`
  const file = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
  const font = { loadSystemFonts: false, fontFiles: [file], defaultFontFamily: 'DejaVu Sans' }
  const pixels = (content: string) => new Resvg(svg(content), { font }).render().pixels
  const { place, outline } = renderer.font
  const path = place(text, size, 10).map(({ glyph, x }) => `M${x} 40${outline(glyph, size)}`)
  const ours = pixels(`<path d="${path.join('')}"/>`)
  // By default resvg applies kerning and ligatures. The outlines have neither, so both are turned off. resvg also
  // begins letters between pixels.
  const theirs = pixels(
    `<text x="10" y="40" font-size="${size}" font-family="DejaVu Sans" font-kerning="none" font-feature-settings="'liga' 0" style="font-kerning:none">${text}</text>`,
  )
  const dark = (bytes: Buffer) => bytes.filter((value, at) => at % 4 === 0 && value < 128).length
  let different = 0
  for (let at = 0; at < ours.length; at += 4) if (Math.abs(ours[at]! - theirs[at]!) > 128) different++
  expect(dark(ours)).toBeGreaterThan(1_000)
  expect(different).toBeLessThan(dark(theirs) / 20)
})

test('a character that the font lacks has the width of the font’s replacement box, and the characters after it are drawn', () => {
  const { font } = renderer
  expect(font.width('日本', 20)).toBeCloseTo(2 * font.width('\u{10ffff}', 20))
  const [box, a] = font.place('日a', 20, 0)
  expect(a!.glyph).toBe(font.place('a', 20, 0)[0]!.glyph)
  expect(font.outline(box!.glyph, 20)).toBe(font.outline(font.place('\u{10ffff}', 20, 0)[0]!.glyph, 20))
})

test('letters keep their accents and descenders, and each has the pixels that resvg draws', () => {
  const [width, height, size] = [600, 60, 24]
  const picture = (text: string): Picture => ({
    width,
    height,
    background: '#ffffff',
    shapes: [{ colour: '#000000', text, size, x: 10, y: 40 }],
  })
  const text = 'ÇÃÍÊÕ çãíêõ gjpqy ẤǺŐ €Ω @%'
  const { colour } = decoded(renderer.png(picture(text)))
  const { place, outline } = renderer.font
  const path = place(text, size, 10).map(({ glyph, x }) => `M${x} 40${outline(glyph, size)}`)
  const { pixels } = new Resvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path fill="#fff" d="M0 0h${width}v${height}H0z"/><path d="${path.join('')}"/></svg>`,
  ).render()
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const ours = Number.parseInt(colour(x, y).slice(1, 3), 16)
      // A shade is a fifteenth; two letters that share a pixel are darker in resvg's drawing.
      expect(Math.abs(ours - pixels[4 * (y * width + x)]!), `${x},${y}`).toBeLessThanOrEqual(40)
    }
})

test('a picture is the same whatever was drawn before it', async () => {
  const draw = ({ png, font }: Renderer, count: number) =>
    png(drawing(sampleFigures(count), samplePeriod, sampleReader, 'light', font))
  const other = await openRenderer()
  draw(other, 60)
  expect(draw(other, 1)).toEqual(draw(await openRenderer(), 1))
})
