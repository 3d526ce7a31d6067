import type { Theme } from '#database/reports/report-settings.ts'
import { sayUptime } from '#functions/wording/uptime.ts'
import { type ReportReader, sayOutages, sayReportPeriod, sayTitle } from '../caption.ts'
import type { MonitorFigures, Uptime, UptimeFigures } from '../figures.ts'
import { reportTexts } from '../texts.ts'
import type { Font } from './font.ts'

/** `#17212b` */
type Colour = `#${string}`

interface Palette {
  background: Colour
  text: Colour
  /** For text of less importance; its contrast with the background is at least 4.5. */
  faint: Colour
  up: Colour
  down: Colour
  none: Colour
}

/** A filled rectangle, in whole pixels. */
export interface Rectangle {
  colour: Colour
  x: number
  y: number
  width: number
  height: number
}

/** A line of text. `x` is its left edge, `y` its baseline. */
export interface Text {
  colour: Colour
  text: string
  size: number
  x: number
  y: number
}

/** A picture as shapes on a background. Text is only drawn on the background. */
export interface Picture {
  width: number
  height: number
  background: Colour
  shapes: readonly (Rectangle | Text)[]
}

export const palettes: Record<Theme, Palette> = {
  light: { background: '#ffffff', text: '#17212b', faint: '#5b6978', up: '#2f9e6e', down: '#d33f3f', none: '#ccd4dc' },
  dark: { background: '#17212b', text: '#f3f6f9', faint: '#9fb0c0', up: '#3fbf8a', down: '#ff6a6a', none: '#42525f' },
}

const width = 720
const margin = 24
/** Monitors beyond this number are summed up in one line of text, because the picture is read on a phone. */
const maxRows = 10
const rowHeight = 37
const firstRow = 156
const cells = { left: 312, right: 600, height: 25 }
const nameSize = 19
const headSize = 40

/** The picture of a report: the uptime of each monitor, the worst first. */
export const drawing = (
  { monitors, uptime, outages }: UptimeFigures,
  period: { from: Date; to: Date },
  reader: ReportReader,
  theme: Theme,
  font: Font,
): Picture => {
  const palette = palettes[theme]
  const texts = reportTexts[reader.language]
  const rows = monitors.slice(0, maxRows)
  const rest = monitors.slice(maxRows)
  const axis = firstRow + rows.length * rowHeight + 10
  const height = axis + (rest.length > 0 ? 70 : 40)
  const text = (
    content: string,
    size: number,
    x: number,
    y: number,
    colour: Colour,
    align: 'start' | 'end' = 'start',
  ): Text => {
    const shown = fitted(font, content, size, align === 'start' ? width - margin - x : x - margin)
    const left = align === 'start' ? x : x - font.width(shown, size)
    return { colour, text: shown, size, x: left, y }
  }
  const percent = uptime === null ? '–' : sayUptime(uptime, reader.language)
  const summary = [
    uptime === null ? texts.noChecks : texts.legend.up,
    texts.monitors(monitors.length),
    ...(uptime === null ? [] : [sayOutages(outages, reader.language)]),
  ]
  return {
    width,
    height,
    background: palette.background,
    shapes: [
      text(sayTitle(reader), 24, margin, 44, palette.text),
      text(sayReportPeriod(period, reader), 17, margin, 72, palette.faint),
      text(percent, headSize, margin, 124, headColour(uptime, palette)),
      text(summary.join(' · '), 17, margin + font.width(percent, headSize) + 14, 124, palette.faint),
      ...rows.flatMap((monitor, row) => {
        const y = firstRow + row * rowHeight
        const share = monitor.uptime === null ? texts.noData : sayUptime(monitor.uptime, reader.language)
        const name = fitted(font, monitor.name, nameSize, cells.left - margin - 12)
        return [
          text(name, nameSize, margin, y + 19, palette.text),
          ...bar(monitor, y, palette),
          text(share, monitor.uptime === null ? 16 : nameSize, width - margin, y + 19, palette.text, 'end'),
        ]
      }),
      ...(rest.length > 0 ? [text(sayRest(rest, reader), 17, margin, axis + 18, palette.faint)] : []),
      ...legend(axis + (rest.length > 0 ? 48 : 18), palette, texts.legend, text, font),
    ],
  }
}

const headColour = (uptime: Uptime, palette: Palette) =>
  uptime === null ? palette.faint : uptime < 1 ? palette.text : palette.up

const sayRest = (rest: readonly MonitorFigures[], { language }: ReportReader): string => {
  const [lowest] = rest
  return lowest?.uptime == null
    ? reportTexts[language].moreWithoutChecks(rest.length)
    : reportTexts[language].moreMonitors(rest.length, sayUptime(lowest.uptime, language))
}

/** The text, cut with an ellipsis if it is wider than the room. */
export const fitted = (font: Font, text: string, size: number, room: number): string => {
  if (font.width(text, size) <= room) return text
  const letters = [...text]
  while (letters.length > 1 && font.width(`${letters.join('')}…`, size) > room) letters.pop()
  return `${letters.join('').trimEnd()}…`
}

/**
 * The bar of a monitor: one cell for each part of the period. A cell without checks is a thin line. The lower part of a
 * cell has the colour of `down` and shows how much of the time was down. So states differ in shape, not only in colour.
 */
const bar = ({ cells: parts }: MonitorFigures, y: number, palette: Palette): Rectangle[] => {
  const step = (cells.right - cells.left) / parts.length
  return parts.flatMap((uptime, at) => {
    const x = Math.round(cells.left + at * step)
    const cellWidth = Math.max(1, Math.round(step - 2))
    const part = (colour: Colour, top: number, height: number): Rectangle[] =>
      height > 0 ? [{ colour, x, y: y + top, width: cellWidth, height }] : []
    if (uptime === null) return part(palette.none, cells.height - 4, 4)
    // The part for an outage has a minimum height, so that a short outage can be seen.
    const down = uptime === 1 ? 0 : Math.round(cells.height * Math.max(0.2, 1 - uptime))
    return [...part(palette.up, 0, cells.height - down), ...part(palette.down, cells.height - down, down)]
  })
}

const legend = (
  y: number,
  palette: Palette,
  words: Record<'up' | 'down' | 'none', string>,
  text: (content: string, size: number, x: number, y: number, colour: Colour) => Text,
  font: Font,
): (Rectangle | Text)[] => {
  let x = margin
  return (['up', 'down', 'none'] as const).flatMap(state => {
    const height = state === 'none' ? 4 : 13
    const square = { colour: palette[state], x, y: y - height, width: 14, height }
    const label = text(words[state], 15, x + 22, y, palette.faint)
    x = Math.round(x + 22 + font.width(words[state], 15) + 28)
    return [square, label]
  })
}
