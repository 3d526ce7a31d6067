import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonText } from '#database/connect.ts'
import { validShow } from '#database/series/valid-show.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import type { DataOf, VigiaEvent } from '#events/event.ts'
import { isCalendarDate } from '#events/ranges.ts'
import { validatorOf } from '#events/validate.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'
import { airedSeries, bothTicks, eventsOf, skipped, useWebhook } from './support.ts'

useWebhook()

describe('a document in the catalogue', () => {
  const aired = {
    id: 7,
    name: 'x',
    season: 1,
    number: 1,
    type: 'regular',
    airdate: '2026-11-21',
    airstamp: '2026-11-21T14:00:00Z',
  }

  test.each<[string, Record<string, unknown>]>([
    ['a day that does not exist', { airdate: '2026-11-31', airstamp: null }],
    ['the date 0000-00-00', { airdate: '0000-00-00', airstamp: null }],
    ['30 February', { airdate: '2026-02-30', airstamp: null }],
    ['no date', { airdate: null, airstamp: null }],
    ['text instead of an instant', { airstamp: 'soon' }],
    ['a year of five digits', { airdate: '12026-11-21', airstamp: '+012026-11-21T01:00:00Z' }],
    ['an instant with more text after it', { airdate: '2026-11-21', airstamp: '2026-11-21T14:00:00Z garbage' }],
    ['no season and no number', { season: null, number: null }],
    ['a negative number', { season: -1, number: -5 }],
    ['huge numbers', { season: 1e300, number: 2 ** 53 }],
    ['numbers as text', { season: '1', number: '2' }],
    ['an id beyond the integer column', { id: 2 ** 40 }],
    ['no name', { name: null }],
    ['a very long name', { name: 'x'.repeat(100_000) }],
    ['a name of control characters and half an emoji', { name: 'a\u0001b\u001b[31m\ud83d' }],
    ['fields of other types', { name: 5, airdate: 20261121, airstamp: {}, type: [] }],
  ])('with %s does not stop the tick: the other episodes are announced', async (_, wrong) => {
    await airedSeries(900_600)
    await airedSeries(900_601, {
      episodes: [
        { ...aired, ...wrong },
        { ...aired, id: 8, number: 2 },
      ],
    })
    await bothTicks()
    const due = eventsOf('episode.due') as VigiaEvent<DataOf<typeof EpisodeDue>>[]
    expect(new Set(due.map(({ subject }) => subject))).toEqual(new Set(['show/900600', 'show/900601']))
    for (const { data } of due) expect(validatorOf(EpisodeDue)(data)).toBe(true)
  })

  test.each<[string, Record<string, unknown>]>([
    ['no episodes', { episodes: null }],
    ['invalid episodes', { episodes: [null, 5, 'x', {}] }],
    ['a name of another type', { name: { pt: 'x' }, names: null }],
    ['an invalid time of its last fetch', { fetchedAt: 'yesterday', updated: -5 }],
  ])('with %s does not stop the announcements of other shows', async (_, wrong) => {
    await airedSeries(900_610)
    await airedSeries(900_611, wrong)
    await bothTicks()
    expect(eventsOf('episode.due').map(({ subject }) => subject)).toContain('show/900610')
  })

  test('with impossible dates is reported to the operators once', async () => {
    await airedSeries(900_620, { episodes: [{ ...aired, id: 9, airdate: '2026-11-31' }] })
    await bothTicks()
    await bothTicks()
    expect(skipped()).toEqual([{ store: 'show', key: '900620', reason: 'episode 9: airdate' }])
  })

  test('with any content is read as a show that events can carry, or refused', () => {
    const odd = fc.oneof(fc.anything(), fc.constantFrom('2026-02-30', '', null, -1, 2 ** 31, '2026-11-21T01:00:00Z'))
    const documents = fc.record({
      _id: fc.oneof(fc.integer(), odd),
      name: odd,
      names: odd,
      url: odd,
      updated: odd,
      fetchedAt: odd,
      premiered: odd,
      episodes: fc.oneof(
        odd,
        fc.array(
          fc.record({
            id: fc.oneof(fc.nat(), odd),
            name: fc.string({ unit: 'binary' }),
            season: odd,
            number: odd,
            airdate: odd,
            airstamp: odd,
          }),
        ),
      ),
    })
    const valid = validatorOf(EpisodeDue)
    fc.assert(
      fc.property(documents, document => {
        const { show } = validShow(document)
        if (show === null || show.episodes.length === 0) return
        const followedBefore = new Date(0).toISOString()
        const data = { show: toEventShow(show), episodes: show.episodes.map(toEventEpisode), followedBefore }
        expect(valid(data), JSON.stringify(valid.errors)).toBe(true)
        expect(() => JSON.parse(jsonText(data))).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })
})

test('the schema of an event accepts exactly the days and instants of the calendar', () => {
  const valid = validatorOf(EpisodeDue)
  const data = (airdate: string, followedBefore: string) => ({
    show: { id: 1, name: 'x', url: 'https://x', image: null, channel: null },
    episodes: [{ id: 1, name: 'x', season: 1, number: 1, airdate, airstamp: null }],
    followedBefore,
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1890, max: 2210 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
      (year, month, day) => {
        const two = (number: number) => String(number).padStart(2, '0')
        const date = `${year}-${two(month)}-${two(day)}`
        expect(valid(data(date, '2026-01-01T00:00:00Z')), date).toBe(isCalendarDate(date))
        expect(valid(data('', `${date}T23:59:59.123Z`)), date).toBe(isCalendarDate(date))
      },
    ),
    { numRuns: 5_000 },
  )
  for (const year of [1900, 2000, 2024, 2100]) {
    const leapDay = `${year}-02-29`
    expect(valid(data(leapDay, '2026-01-01T00:00:00Z')), leapDay).toBe(isCalendarDate(leapDay))
  }
})
