import { describe, expect, test } from 'vitest'
import type { Episode, Show } from '#database/series/show.ts'
import { showChanges } from '#functions/series-refresher/show-changes.ts'
import { type ListsSeen, listToRequest, showsToFetch } from '#functions/series-refresher/shows-to-fetch.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MINUTE = 60_000

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
    airs: [],
    fetchedAt: at(0).toISOString(),
    episodes,
    ...more,
  })

  const agoIso = (ms: number) => at(-ms).toISOString()
  /** All edits were fetched `completeMs` ago, and all shows were listed `fullMs` ago. */
  const lists = (completeMs: number, fullMs = DAY): ListsSeen => ({
    ...{ completeTo: agoIso(completeMs), fullListAt: agoIso(fullMs) },
  })

  test.each<[string, ListsSeen, string]>([
    ['at first', {}, 'all shows'],
    ['ten minutes after the last list', lists(10 * MINUTE), 'day'],
    ['after a pause of a day', lists(21 * HOUR), 'week'],
    ['if edits of ten days are still to be fetched', lists(10 * DAY), 'month'],
    ['if edits of more than four weeks are still to be fetched', lists(29 * DAY), 'all shows'],
    ['if all shows were listed a week ago', lists(HOUR, 7 * DAY), 'all shows'],
  ])('%s, the right list of edits is requested', (_, seen, expected) => {
    expect(listToRequest(seen, at(0))).toBe(expected)
  })

  const edits = (updates: [number, number][], period: 'day' | 'all shows' = 'day') => ({
    period,
    updates: new Map(updates),
  })

  test('the most urgent shows are first: due soon, not in the catalogue, perhaps gone, edited, old', () => {
    const known = [
      show([], { _id: 1, fetchedAt: agoIso(31 * DAY) }),
      show([], { _id: 2, missingSince: agoIso(DAY), fetchedAt: agoIso(12 * HOUR) }),
      show([], { _id: 3 }),
      show([], { _id: 5 }),
      show([], { _id: 6, gone: true, missingSince: agoIso(HOUR) }),
      show([], { _id: 7, fetchedAt: agoIso(HOUR), airs: [at(30 * MINUTE).toISOString()] }),
      show([], { _id: 8, fetchedAt: agoIso(HOUR) }),
    ]
    expect(
      showsToFetch(
        [1, 2, 3, 4, 5, 6, 7, 8],
        known,
        edits([
          [3, 2],
          [8, 2],
        ]),
        at(0),
      ),
    ).toEqual([
      { id: 7, why: 'due soon' },
      { id: 4, why: 'not in the catalogue' },
      { id: 2, why: 'gone?' },
      { id: 8, why: 'edited' },
      { id: 3, why: 'edited' },
      { id: 1, why: 'old' },
    ])
    expect(showsToFetch([3], known, null, at(0))).toEqual([])
  })

  test.each<[string, number, number, boolean]>([
    ['three quarters of an hour before its episode', 45, 60, true],
    ['a minute before its episode', 1, 60, true],
    ['once only', 20, 15, false],
    ['not an hour before its episode', 60, 120, false],
    ['not after its episode', -1, 120, false],
  ])('a show without edits is fetched %s', (_, airsInMinutes, fetchedMinutesAgo, isFetched) => {
    const known = show([], {
      fetchedAt: agoIso(fetchedMinutesAgo * MINUTE),
      airs: [at(airsInMinutes * MINUTE).toISOString()],
    })
    expect(showsToFetch([1], [known], edits([]), at(0)).map(({ why }) => why)).toEqual(isFetched ? ['due soon'] : [])
  })

  test('a show that the list of all shows lacks is perhaps gone, unless the list lacks too many', () => {
    const ids = Array.from({ length: 400 }, (_, index) => index + 1)
    const known = ids.map(_id => show([], { _id, fetchedAt: agoIso(DAY) }))
    const listed = (from: number) =>
      edits(
        ids.slice(from).map(id => [id, 1]),
        'all shows',
      )
    expect(showsToFetch(ids, known, listed(1), at(0))).toEqual([{ id: 1, why: 'gone?' }])
    expect(showsToFetch(ids, known, listed(21), at(0))).toEqual([])
    expect(showsToFetch(ids, known, edits([]), at(0))).toEqual([])
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
