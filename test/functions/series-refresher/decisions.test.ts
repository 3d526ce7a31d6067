import { describe, expect, test } from 'vitest'
import type { Episode, Show } from '#database/series/show.ts'
import { showChanges } from '#functions/series-refresher/show-changes.ts'
import { showsToFetch, updatesSince } from '#functions/series-refresher/shows-to-fetch.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('showsToFetch and showChanges', () => {
  const at = (ms: number) => new Date(Date.parse('2026-11-21T12:00:00Z') + ms)
  const episode = (more: Partial<Episode>): Episode => ({
    id: 1,
    name: 'x',
    season: 1,
    number: 1,
    type: 'regular',
    airdate: '2026-11-25',
    airstamp: '2026-11-26T01:00:00Z',
    ...more,
  })
  const show = (episodes: Episode[], more: Partial<Show> = {}): Show => ({
    _id: 1,
    name: 'x',
    url: 'x',
    image: null,
    channel: null,
    premiered: null,
    status: 'Running',
    updated: 1,
    imdb: null,
    thetvdb: null,
    names: { pt: null },
    fetchedAt: at(0).toISOString(),
    episodes,
    ...more,
  })

  test.each([
    [HOUR, 'day'],
    [19 * HOUR, 'day'],
    [21 * HOUR, 'week'],
    [7 * DAY, 'month'],
    [29 * DAY, undefined],
  ])('after a gap of %i ms the request for the list of edits has since=%s', (age, since) => {
    expect(updatesSince(at(-age), at(0))).toBe(since)
  })

  test('the most urgent shows are first: not in the catalogue, edited, perhaps gone, old', () => {
    const known = [
      show([], { _id: 1, fetchedAt: at(-8 * DAY).toISOString() }),
      show([], { _id: 2, missingSince: at(-HOUR).toISOString() }),
      show([], { _id: 3 }),
      show([], { _id: 5 }),
      show([], { _id: 6, gone: true, missingSince: at(-HOUR).toISOString() }),
    ]
    expect(showsToFetch([1, 2, 3, 4, 5, 6], known, new Map([[3, 2]]), at(0))).toEqual([
      { id: 4, why: 'not in the catalogue' },
      { id: 3, why: 'edited' },
      { id: 2, why: 'gone?' },
      { id: 1, why: 'old' },
    ])
    expect(showsToFetch([3], known, null, at(0))).toEqual([])
  })

  test.each<[string, Partial<Episode>, Partial<Episode>, boolean]>([
    [
      'an episode that moves by a week is reported',
      {},
      { airdate: '2026-12-02', airstamp: '2026-12-03T01:00:00Z' },
      true,
    ],
    ['an episode that moves by an hour is not reported', {}, { airstamp: '2026-11-26T02:00:00Z' }, false],
    ['an episode whose hour becomes known is not reported', { airstamp: null }, {}, false],
    ['an episode whose hour is removed is not reported', {}, { airstamp: null }, false],
    ['an episode whose date is removed is reported', {}, { airdate: '', airstamp: null }, true],
    ['an episode that gets its first date is not reported', { airdate: '', airstamp: null }, {}, false],
    [
      'an episode that is replaced by one with another id and a date one day later is reported',
      {},
      { id: 2, airdate: '2026-11-26', airstamp: '2026-11-27T01:00:00Z' },
      true,
    ],
    [
      'an episode that moves to a date in the past is not reported',
      {},
      { airdate: '2026-11-20', airstamp: '2026-11-21T01:00:00Z' },
      false,
    ],
    [
      'an episode that moves between two estimated dates far in the future is not reported',
      { airdate: '2027-05-01', airstamp: null },
      { airdate: '2027-06-01', airstamp: null },
      false,
    ],
    ['an episode that is postponed to next year is reported', {}, { airdate: '2027-05-01', airstamp: null }, true],
  ])('%s', (_, before, after, isReported) => {
    expect(showChanges(show([episode(before)]), show([episode(after)]), at(0)).length).toBe(isReported ? 1 : 0)
  })

  test('if a whole season moves, only its next episode is reported', () => {
    const season = (days: number) =>
      Array.from({ length: 8 }, (_, index) => {
        const airs = new Date(at((5 + 7 * index + days) * DAY)).toISOString().replace('.000Z', 'Z')
        return episode({ id: index, number: index, airdate: airs.slice(0, 10), airstamp: airs })
      })
    expect(showChanges(show(season(0)), show(season(7)), at(0))).toMatchObject([
      { change: 'moved', episode: { id: 0 } },
    ])
  })
})
