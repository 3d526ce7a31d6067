import type { Episode, Show } from '#database/series/show.ts'

// Shows as the catalogue stores them.

export const episode = (id: number, airs: string): Episode => ({
  id,
  name: `Episode ${id}`,
  season: 1,
  number: id,
  type: 'regular',
  airdate: airs.slice(0, 10),
  airstamp: airs.length > 10 ? airs : null,
})
export const show = (_id: number, name: string, episodes: Episode[]): Show => ({
  _id,
  name,
  url: `https://www.tvmaze.com/shows/${_id}`,
  image: null,
  channel: null,
  premiered: null,
  status: 'Running',
  updated: 1,
  imdb: null,
  thetvdb: null,
  names: { pt: null },
  fetchedAt: '2026-11-21T12:00:00.000Z',
  episodes,
})
export const severance = show(82, 'Severance', [
  episode(1, '2026-11-14T01:00:00Z'),
  episode(2, '2026-11-21T01:00:00Z'),
  episode(3, '2026-11-28T01:00:00Z'),
])
export const showWithoutAirtimes = show(83, 'Ganymede', [
  episode(11, '2026-11-20'),
  episode(12, '2026-11-21'),
  episode(13, ''),
])
// This show has episodes before and after the period that the tests query, and none within it. Some Mongo-compatible
// servers still return the show from a query for episodes in that period.
export const showOutsidePeriod = show(84, 'Quiet', [
  episode(21, '2026-11-01T01:00:00Z'),
  episode(22, '2026-12-24T01:00:00Z'),
])
