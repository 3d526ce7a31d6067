import { expect, test } from 'vitest'
import type { Episode, Show } from '#database/series/show.ts'
import { slotsOf } from '#functions/telegram-webhook/schedule.ts'

const episode = (id: number, airs: string): Episode => ({
  id,
  name: `Episode ${id}`,
  season: 1,
  number: id,
  type: 'regular',
  airdate: airs.slice(0, 10),
  airstamp: airs.length > 10 ? airs : null,
})
const show = (_id: number, name: string, episodes: Episode[]): Show => ({
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
const severance = show(82, 'Severance', [
  episode(1, '2026-11-14T01:00:00Z'),
  episode(2, '2026-11-21T01:00:00Z'),
  episode(3, '2026-11-28T01:00:00Z'),
])
const streamer = show(83, 'Ganymede', [episode(11, '2026-11-20'), episode(12, '2026-11-21'), episode(13, '')])
// Has episodes before and after the span, and none in it.
const quiet = show(84, 'Quiet', [episode(21, '2026-11-01T01:00:00Z'), episode(22, '2026-12-24T01:00:00Z')])

test('what comes next is in the order of its hours, dates by the day of the zone', () => {
  const [from, to] = [new Date('2026-11-20T12:00:00Z'), new Date('2026-11-28T02:00:00Z')]
  const upcoming = (zone: string) =>
    slotsOf([severance, streamer, quiet], from, to, zone).flatMap(({ episodes }) => episodes.map(({ id }) => id))
  // 21 November 01:00 UTC is still the 20th in São Paulo, and the 21st already in Lisbon.
  expect(upcoming('America/Sao_Paulo')).toEqual([11, 2, 12, 3])
  expect(upcoming('Europe/Lisbon')).toEqual([11, 12, 2, 3])
})
