import { strToU8, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import type { ListedSeries } from '#database/series/imports.ts'
import { readSeries } from '#functions/importer/read-series.ts'
import { csv, type TvTimeSeries, tvTimeZip } from './tv-time-zip.ts'

const read = (name: string, content: string | object) =>
  readSeries(name, Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)))
const named = (series: ListedSeries[], title: string) => series.find(one => one.title === title)
const titles = (series: ListedSeries[]) => series.map(({ title }) => title)

const history: TvTimeSeries[] = [
  { name: 'Dexter', thetvdb: 79349, watched: 96 },
  { name: 'Shameless (US)', thetvdb: 161511, watched: 3 },
  { name: 'Bodyguard (2018)', thetvdb: 349310, watched: 6, archived: true },
  { name: 'Never, begun "yet"', thetvdb: 42, watched: 0 },
]

describe('TV Time', () => {
  test.each(['current', 'earlier', 'both'] as const)(
    'the ZIP with the tracking file of %s generation',
    async generation => {
      const series = await readSeries('tv-time-personal-data.zip', tvTimeZip(history, { generation }))
      expect(series.map(({ title, thetvdb, wanted, watched }) => [title, thetvdb, wanted, watched.length])).toEqual([
        ['Dexter', 79349, true, 96],
        ['Shameless (US)', 161511, true, 3],
        ['Bodyguard', 349310, false, 6],
        ['Never, begun "yet"', 42, true, 0],
      ])
      expect(named(series, 'Bodyguard')!.premiered).toBe(2018)
      const at = generation === 'current' ? Date.parse('2023-11-04T15:30:38Z') / 1000 : 1616481927
      expect(named(series, 'Dexter')!.watched[10]).toEqual([2, 1, at])
    },
  )

  test('the tracking file of an account without history, which has no columns for episodes', async () => {
    const slim = csv(
      ['key', 'user_id', 's_id', 'series_name', 'is_followed', 'is_archived'],
      [
        { key: 'tracking-stats', user_id: 1 },
        { key: 'user-series-a', s_id: 79349, series_name: 'Dexter', is_followed: 'true', is_archived: 'false' },
        { key: 'user-series-b', s_id: 5, series_name: 'Left', is_followed: 'false', is_archived: 'false' },
      ],
      '\r\n',
    )
    expect(await read('tracking-prod-records-v2.csv', slim)).toMatchObject([
      { title: 'Dexter', thetvdb: 79349, wanted: true, watched: [] },
      { title: 'Left', wanted: false },
    ])
  })

  test('the JSON of TV Time Liberator', async () => {
    const series = await read('tvtime-series-2026-07-04.json', [
      {
        ...{ id: { tvdb: 79349, imdb: 'tt0773262' }, title: 'Dexter', status: 'up_to_date', is_favorite: true },
        seasons: [
          {
            ...{ number: 1, is_specials: false },
            episodes: [
              { number: 1, special: false, is_watched: true, watched_at: '2026-05-20 19:38:40' },
              { number: 2, special: false, is_watched: false, watched_at: null },
            ],
          },
        ],
      },
      { id: { tvdb: 5, imdb: '-1' }, title: 'Given up', status: 'stopped', seasons: [] },
    ])
    expect(series).toEqual([
      {
        ...{ title: 'Dexter', premiered: null, thetvdb: 79349, imdb: 'tt0773262', wanted: true },
        watched: [[1, 1, Date.parse('2026-05-20T19:38:40Z') / 1000]],
      },
      { title: 'Given up', premiered: null, thetvdb: 5, imdb: null, wanted: false, watched: [] },
    ])
  })
})

describe('other trackers', () => {
  const dexter = { title: 'Dexter', year: 2006, ids: { trakt: 1396, tvdb: 79349, imdb: 'tt0773262' } }

  test('the ZIP of Trakt: watched, history and watchlist, without films', async () => {
    const zip = zipSync({
      'user-export/watched-shows.json': strToU8(
        JSON.stringify([{ plays: 2, show: dexter, seasons: [{ number: 1, episodes: [{ number: 1, plays: 2 }] }] }]),
      ),
      'user-export/watched-history-1.json': strToU8(
        JSON.stringify([
          { type: 'episode', watched_at: '2026-01-02T03:04:05.000Z', episode: { season: 1, number: 2 }, show: dexter },
          { type: 'movie', watched_at: '2026-01-02T03:04:05.000Z', movie: { title: 'Fury' } },
        ]),
      ),
      'user-export/lists-watchlist.json': strToU8(
        JSON.stringify([
          { type: 'show', show: { title: 'Ruptura', year: 2022, ids: { imdb: 'tt11280740' } } },
          { type: 'movie', movie: { title: 'Fury' } },
        ]),
      ),
      'user-export/user-settings.json': strToU8('{"user":{"name":"ana"}}'),
    })
    expect(await readSeries('trakt.zip', Buffer.from(zip))).toEqual([
      {
        ...{ title: 'Dexter', premiered: 2006, thetvdb: 79349, imdb: 'tt0773262', wanted: true },
        watched: [
          [1, 1, null],
          [1, 2, Date.parse('2026-01-02T03:04:05Z') / 1000],
        ],
      },
      { title: 'Ruptura', premiered: 2022, thetvdb: null, imdb: 'tt11280740', wanted: true, watched: [] },
    ])
  })

  test('the JSON of Simkl', async () => {
    const seasons = [{ number: 1, episodes: [{ number: 1, watched_at: '2026-01-02T03:04:05Z' }] }]
    const series = await read('SimklBackup.json', {
      shows: [{ status: 'watching', show: dexter, seasons }],
      anime: [{ status: 'dropped', show: { title: 'Naruto', year: 2002, ids: { tvdb: '78857' } } }],
      movies: [{ movie: { title: 'Fury', ids: {} } }],
    })
    expect(series).toMatchObject([
      { title: 'Dexter', wanted: true, watched: [[1, 1, 1767323045]] },
      { title: 'Naruto', thetvdb: 78857, wanted: false },
    ])
  })

  test('the JSON of SeriesGuide', async () => {
    const series = await read('seriesguide-shows-backup.json', [
      {
        ...{ tvdb_id: 79349, imdb_id: 'tt0773262', title: 'Dexter', favorite: true, hidden: false },
        seasons: [
          {
            season: 2,
            episodes: [
              { episode: 1, watched: true },
              { episode: 2, watched: false, plays: 0 },
            ],
          },
        ],
      },
      { tvdb_id: 5, title: 'Put away', hidden: true, seasons: [] },
    ])
    expect(series).toMatchObject([
      { title: 'Dexter', wanted: true, watched: [[2, 1, null]] },
      { title: 'Put away', wanted: false },
    ])
  })

  test('a list of IMDb, of which only the series count', async () => {
    const list = `Position,Const,Created,Title,URL,Title Type,Year
1,tt0773262,2020-01-01,"Dexter",https://www.imdb.com/title/tt0773262/,TV Series,2006
2,tt2713180,2020-01-01,"Fury",https://www.imdb.com/title/tt2713180/,Movie,2014
3,tt7366338,2020-01-01,"Chernobyl",https://www.imdb.com/title/tt7366338/,TV Mini Series,2019
`
    expect(await read('watchlist.csv', list)).toMatchObject([
      { title: 'Dexter', imdb: 'tt0773262', premiered: 2006 },
      { title: 'Chernobyl', imdb: 'tt7366338', premiered: 2019 },
    ])
  })
})

describe('lists of names', () => {
  test('one name in each line, with a year or without, in UTF-8 or UTF-16', async () => {
    const text =
      '\ufeffDexter\r\nRuptura (2022)\r\n\r\nCidade Invisível\r\nCosmos: A Spacetime Odyssey, part 1\r\nDEXTER\r\n'
    const expected = ['Dexter', 'Ruptura', 'Cidade Invisível', 'Cosmos: A Spacetime Odyssey, part 1']
    expect(titles(await read('minhas séries.txt', text))).toEqual(expected)
    expect(titles(await readSeries('lista.txt', Buffer.from(text, 'utf16le')))).toEqual(expected)
    expect(named(await read('a.txt', text), 'Ruptura')!.premiered).toBe(2022)
  })

  test('a table in a ZIP whose first line comes in two pieces, wherever the piece ends', async () => {
    const table = strToU8('tv_show_id;tv_show_name;archived\n79349;Dexter;0\n')
    for (let length = 3_900; length < 4_096; length += 5) {
      const zip = zipSync({ 'filler.txt': new Uint8Array(length), 'followed_tv_show.csv': table }, { level: 0 })
      expect(await readSeries('export.zip', Buffer.from(zip))).toMatchObject([{ title: 'Dexter', thetvdb: 79349 }])
    }
  })

  test('a table with a column for the name, whatever separates its columns', async () => {
    const table = 'Título;Ano;Nota\nRuptura;2022;9\n"Um; dois";2001;5\n'
    expect(await read('lista.csv', table)).toMatchObject([
      { title: 'Ruptura', premiered: 2022 },
      { title: 'Um; dois', premiered: 2001 },
    ])
  })
})
