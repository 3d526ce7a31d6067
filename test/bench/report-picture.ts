import { drawing } from '#functions/reporter/picture/drawing.ts'
import { openRenderer, type Renderer } from '#functions/reporter/picture/render.ts'
import { sampleFigures, samplePeriod, sampleReader } from '#test/support/report-figures.ts'
import type { Bench } from './bench.ts'

const rounds = 40

/** CPU of this process, user and system, in milliseconds. */
const cpuOf = (work: () => void): number => {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const median = (values: number[]): number => values.toSorted((one, other) => one - other)[values.length >> 1]!

const tenth = (value: number): number => Number(value.toFixed(1))

/** Measures the picture of a report: the drawing, its pixels, and the PNG. Prints the medians of the rounds. */
export const bench: Bench = {
  title: 'the picture of a report (goal: at most 20 ms of CPU and 20 kB)',
  run: async () => {
    const before = process.cpuUsage()
    const renderer = await openRenderer()
    const { user, system } = process.cpuUsage(before)
    const rows: (string | number)[][] = []
    for (const count of [1, 10, 60]) {
      const figures = sampleFigures(count)
      for (const theme of ['light', 'dark'] as const) {
        const picture = ({ font, png }: Renderer) => png(drawing(figures, samplePeriod, sampleReader, theme, font))
        const first = cpuOf(() => picture(renderer))
        const [withNewLetters, again]: [number[], number[]] = [[], []]
        for (let round = 0; round < rounds; round++) {
          const fresh = await openRenderer()
          withNewLetters.push(cpuOf(() => picture(fresh)))
          again.push(cpuOf(() => picture(fresh)))
        }
        rows.push([
          count,
          theme,
          tenth(picture(renderer).length / 1000),
          tenth(first),
          tenth(median(withNewLetters)),
          tenth(median(again)),
        ])
      }
    }
    return {
      columns: ['monitors', 'theme', 'kB', 'first CPU ms', 'CPU ms with new letters', 'CPU ms'],
      rows,
      notes: [
        `loading resvg and the font: ${tenth((user + system) / 1000)} ms of CPU, once in a process`,
        'first: in this process; the first row also compiles the code. With new letters: none was drawn before',
      ],
    }
  },
}
