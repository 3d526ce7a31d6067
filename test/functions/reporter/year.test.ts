import { describe, expect, test } from 'vitest'
import { seenIn } from '#database/series/seen.ts'
import type { Show } from '#database/series/show.ts'
import { openRenderer } from '#functions/reporter/picture/render.ts'
import { yearDrawing } from '#functions/reporter/year/year-drawing.ts'
import { yearFigures } from '#functions/reporter/year/year-figures.ts'
import { show } from '#test/support/catalogue-shows.ts'
import { catalogue, chatId, database, dependencies, report, request, useReporter } from './support.ts'

useReporter()

const zone = 'America/Sao_Paulo'
/** A season of ten episodes. */
const tenEpisodes = (_id: number, name: string, changes: Partial<Show> = {}): Show => ({
  ...show(
    _id,
    name,
    Array.from({ length: 10 }, (_, at) => ({
      ...{ id: _id * 100 + at, name: '', season: 1, number: at + 1, type: 'regular' },
      ...{ airdate: '2020-01-01', airstamp: null },
    })),
  ),
  ...changes,
})
const severance = tenEpisodes(82, 'Severance', { names: { pt: 'Ruptura' }, runtime: 50 })
const dark = tenEpisodes(17861, 'Dark')

const seen = (showId: number, number: number, at: string) => ({ showId, season: 1, number, seenAt: new Date(at) })
const year = (data: Parameters<typeof request>[0] = {}) =>
  request({
    frequency: 'yearly',
    from: '2026-01-01T03:00:00.000Z',
    to: '2027-01-01T03:00:00.000Z',
    onDemand: true,
    ...data,
  })

const inYear = [
  // In São Paulo this is the last second of 2025, and the next one the first of 2026.
  seen(82, 1, '2026-01-01T02:59:59Z'),
  seen(82, 2, '2026-01-01T03:00:00Z'),
  seen(82, 3, '2026-03-01T02:30:00Z'),
  seen(17861, 1, '2026-03-01T03:30:00Z'),
  seen(82, 4, '2027-01-01T02:59:59Z'),
  seen(82, 5, '2027-01-01T03:00:00Z'),
]

describe('the statistics of a year', () => {
  test('have the seen episodes of the year in the zone of the chat, their hours, and a picture', async () => {
    for (const one of [severance, dark]) await catalogue.keep(one)
    await seenIn(database.db).mark(chatId, inYear)
    const [message] = await report(year())
    expect(message!.html).toBe(
      [
        ...['📺 <b>Suas séries em 2026</b>', '4 episódios · 2 séries · 3 h', ''],
        ...['<b>Mais vistas</b>', '1. <a href="https://www.tvmaze.com/shows/82">Ruptura</a> · 3 episódios'],
        ...['2. <a href="https://www.tvmaze.com/shows/17861">Dark</a> · 1 episódio', ''],
        'Sem contar a duração de 1 episódio, que o TVmaze não informa.',
      ].join('\n'),
    )
    const picture = await dependencies().reports.picture(message!.reportPicture!)
    expect(picture!.subarray(1, 4).toString()).toBe('PNG')
    const english = await report({ ...year({ language: 'en' }), id: 'again' })
    expect(english[0]!.html).toContain('4 episodes · 2 series · 3 h')
  })

  test('say that nothing was seen, without a picture, and do not count a file without dates', async () => {
    await seenIn(database.db).mark(chatId, [seen(82, 1, '2026-05-01T12:00:00Z')])
    await database.db.query('update seen_episode set is_dated = false')
    const [message] = await report(year())
    expect(message!.html).toMatch(/^📺 Em 2026 você não marcou nenhum episódio como visto\./)
    expect(message!.html).toContain('Outro episódio visto veio de um arquivo sem datas e não entra em nenhum ano.')
    expect(message).not.toHaveProperty('reportPicture')
  })

  test('say that the catalogue is unavailable instead of inventing hours', async () => {
    await seenIn(database.db).mark(chatId, inYear)
    const down = { shows: async () => Promise.reject(new Error('MongoDB is unavailable')) }
    expect((await report(year(), { catalogue: down }))[0]!.html).toMatch(/^Não consegui abrir o catálogo/)
  })

  test('count each episode in the month of the zone, and take the length of the episode before the usual one', () => {
    const special = { ...severance, episodes: severance.episodes.map(one => ({ ...one, runtime: one.number! * 10 })) }
    const { months, minutes } = yearFigures(2026, zone, { seen: inYear.slice(1, 5), undated: 0 }, [special, dark])
    expect(months).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect(minutes).toBe(20 + 30 + 40)
  })

  test('are drawn inside of the picture, for long names and any numbers', async () => {
    const { font, png } = await openRenderer()
    const shows = [82, 83, 84, 85, 86, 87].map(id => tenEpisodes(id, 'Uma série de nome muito comprido '.repeat(4)))
    const all = shows.flatMap(({ _id }, at) =>
      Array.from({ length: at + 2 }, (_, number) =>
        seen(_id, number + 1, `2026-${String(at + 1).padStart(2, '0')}-02T12:00:00Z`),
      ),
    )
    const figures = yearFigures(2026, zone, { seen: all, undated: 0 }, shows)
    expect(figures.series.map(({ episodes }) => episodes)).toEqual([7, 6, 5, 4, 3, 2])
    const picture = yearDrawing(figures, { language: 'pt-BR', theme: 'dark' }, font)
    for (const shape of picture.shapes) {
      const right = shape.x + ('text' in shape ? font.width(shape.text, shape.size) : shape.width)
      expect([shape.x >= 0, right <= picture.width, shape.y <= picture.height]).toEqual([true, true, true])
    }
    expect(png(picture).length).toBeGreaterThan(1_000)
  })
})
