import type { Language } from '#database/chats/language.ts'
import type { Theme } from '#database/reports/report-settings.ts'
import { titleOf } from '#functions/series/slots.ts'
import { fitted, type Picture, palettes, type Rectangle, type Text } from '../picture/drawing.ts'
import type { Font } from '../picture/font.ts'
import { sayMonth, sayTotals } from './year-caption.ts'
import type { YearFigures } from './year-figures.ts'
import { yearTexts } from './year-texts.ts'

const width = 720
const margin = 24
const months = { top: 130, height: 150, gap: 10 }
const list = { top: 376, rowHeight: 37, nameWidth: 300, rows: 5 }

/** The picture of a year: a column for each month, and a bar for each of the series with the most episodes. */
export const yearDrawing = (
  figures: YearFigures,
  { language, theme }: { language: Language; theme: Theme },
  font: Font,
): Picture => {
  const palette = palettes[theme]
  const texts = yearTexts[language]
  const series = figures.series.slice(0, list.rows)
  const text = (content: string, size: number, x: number, y: number, isFaint = false): Text => ({
    ...{ colour: isFaint ? palette.faint : palette.text, size, x, y },
    text: fitted(font, content, size, width - margin - x),
  })
  const most = Math.max(...figures.months)
  const step = (width - 2 * margin) / 12
  const bottom = months.top + months.height
  const columns = figures.months.flatMap((count, month): (Rectangle | Text)[] => {
    const x = Math.round(margin + month * step + months.gap / 2)
    const columnWidth = Math.round(step - months.gap)
    const centred = (content: string, size: number, y: number, isFaint: boolean) =>
      text(content, size, x + (columnWidth - font.width(content, size)) / 2, y, isFaint)
    // A month without episodes is a thin line.
    const height = count === 0 ? 3 : Math.max(6, Math.round((months.height * count) / most))
    return [
      { colour: count === 0 ? palette.none : palette.up, x, y: bottom - height, width: columnWidth, height },
      ...(count === 0 ? [] : [centred(String(count), 15, bottom - height - 6, false)]),
      centred(sayMonth(month, language, 'short'), 15, bottom + 22, true),
    ]
  })
  const longest = series[0]?.episodes ?? 0
  const bars = series.flatMap(({ show, episodes }, row): (Rectangle | Text)[] => {
    const y = list.top + row * list.rowHeight
    const x = margin + list.nameWidth + 12
    const room = width - margin - x - 70
    const barWidth = Math.max(4, Math.round((room * episodes) / longest))
    return [
      { ...text('', 19, margin, y + 19), text: fitted(font, titleOf(show, { language }), 19, list.nameWidth) },
      { colour: palette.up, x, y, width: barWidth, height: 25 },
      text(String(episodes), 19, x + barWidth + 10, y + 19),
    ]
  })
  return {
    width,
    height: series.length === 0 ? bottom + 50 : list.top + series.length * list.rowHeight + 16,
    background: palette.background,
    shapes: [
      text(texts.title(figures.year), 24, margin, 44),
      text(sayTotals(figures, language), 19, margin, 78, true),
      ...columns,
      ...(series.length === 0 ? [] : [text(texts.best, 17, margin, list.top - 16, true)]),
      ...bars,
    ],
  }
}
