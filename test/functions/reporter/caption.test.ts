import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Show } from '#database/series/show.ts'
import { caption } from '#functions/reporter/caption.ts'
import type { Slot } from '#functions/series/slots.ts'
import { plain, visibleLength } from '#functions/telegram/html.ts'
import { maxCaptionLength } from '#functions/telegram/message.ts'
import { sampleFigures, samplePeriod, sampleReader } from '#test/support/report-figures.ts'

const slot = (name: string): Slot => ({
  show: { _id: 1, name, url: 'https://www.tvmaze.com/shows/1/x', names: { pt: null } } as Show,
  episodes: [{ id: 1, name: '', season: 1, number: 1, type: 'regular', airdate: '2026-12-01', airstamp: null }],
  day: '2026-12-01',
  airstamp: null,
})

test('the text of any report fits into a caption, with many monitors and series and long names, and names are escaped', () => {
  const names = fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' })
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60 }),
      fc.array(names, { maxLength: 40 }),
      names,
      fc.constantFrom('pt-BR' as const, 'en' as const),
      (monitors, shows, name, language) => {
        const uptime = sampleFigures(monitors, { name })
        const slots = shows.map(slot)
        const text = caption(
          { period: samplePeriod, uptime, series: { aired: slots, upcoming: slots } },
          { ...sampleReader, language },
        )
        expect(visibleLength(text!)).toBeLessThanOrEqual(maxCaptionLength)
        expect(text!.replace(/<\/?(?:b|i)>|<a href="[^"<>]*">|<\/a>/g, '')).not.toMatch(/[<>]/)
      },
    ),
    { numRuns: 200 },
  )
})

test('a list that is cut says how many more entries there are', () => {
  const uptime = sampleFigures(60)
  const slots = Array.from({ length: 30 }, (_, at) => slot(`Série ${at}`))
  const text = plain(caption({ period: samplePeriod, uptime, series: { aired: slots, upcoming: [] } }, sampleReader)!)
  expect(text).toMatch(/… e mais \d+/)
  expect(text).toContain('Nada previsto para os próximos 7 dias.')
})
