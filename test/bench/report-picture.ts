import { Resvg } from '@resvg/resvg-js'
import { drawing } from '#functions/reporter/picture/drawing.ts'
import { openRenderer } from '#functions/reporter/picture/render.ts'
import { sampleFigures, samplePeriod, sampleReader } from '#test/support/report-figures.ts'
import type { Bench } from './bench.ts'

const rounds = 40

/** CPU of this process, user and system, in milliseconds; the median of the rounds after the first. */
const cpuOf = (work: () => void): { first: number; median: number } => {
  const times = Array.from({ length: rounds + 1 }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  const [first = 0, ...rest] = times
  return { first, median: rest.sort((one, other) => one - other)[rounds >> 1]! }
}

/** Measures the picture of a report: the drawing, the rasterization by resvg, and the PNG with a palette. */
export const bench: Bench = {
  title: 'the picture of a report (goal: at most 20 ms of CPU and 20 kB)',
  run: async () => {
    const before = process.cpuUsage()
    const { font, png } = await openRenderer()
    const { user, system } = process.cpuUsage(before)
    const rows: (string | number)[][] = []
    for (const count of [1, 10, 60]) {
      const figures = sampleFigures(count)
      for (const theme of ['light', 'dark'] as const) {
        const svg = () => drawing(figures, samplePeriod, sampleReader, theme, font)
        const drawn = cpuOf(() => png(svg()))
        const reference = cpuOf(() => new Resvg(svg(), { font: { loadSystemFonts: false } }).render().asPng())
        rows.push([
          count,
          theme,
          Number((png(svg()).length / 1000).toFixed(1)),
          Number(drawn.first.toFixed(1)),
          Number(drawn.median.toFixed(1)),
          Number((new Resvg(svg()).render().asPng().length / 1000).toFixed(1)),
          Number(reference.median.toFixed(1)),
        ])
      }
    }
    return {
      columns: ['monitors', 'theme', 'kB', 'first CPU ms', 'CPU ms', "kB of resvg's PNG", "CPU ms with resvg's PNG"],
      rows,
      notes: [`loading resvg and the font: ${((user + system) / 1000).toFixed(1)} ms of CPU, once in a process`],
    }
  },
}
