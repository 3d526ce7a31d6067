import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tvmaze } from '#functions/tvmaze/client.ts'
import type { episodeJson, showJson } from '#simulators/tvmaze/json.ts'
import { fiveMinuteShowId, showIds, startTvmaze, type TvmazeOptions, type TvmazeSimulator } from '#simulators/tvmaze.ts'
import { type ManualTime, manualTime } from '#test/support/manual-time.ts'
import { until } from '#test/support/until.ts'

type Episode = ReturnType<typeof episodeJson>
type Show = ReturnType<typeof showJson> & { _embedded: Record<string, unknown> }
type Hit = { score: number; show: Show }
/** An entry of a schedule: networks have the show in `show`, streaming services in `_embedded`. */
type Entry = Episode & { show?: Show; _embedded?: { show: Show } }

const NOW = new Date('2026-11-21T12:00:00Z')

let time: ManualTime
let server: TvmazeSimulator

const open = async (options: TvmazeOptions = {}) => {
  time = manualTime(NOW)
  server = await startTvmaze({ time, limit: false, ...options })
}
beforeEach(() => open())
afterEach(() => server.stop())
const reopen = async (options: TvmazeOptions) => {
  await server.stop()
  await open(options)
}

const get = async <Body = unknown>(path: string) => {
  const response = await fetch(server.url + path, { redirect: 'manual' })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body }
}
const client = () => tvmaze(server.url, { callsPerTenSeconds: 1000 })
const names = async (q: string) =>
  (await get<Hit[]>(`/search/shows?q=${encodeURIComponent(q)}`)).body.map(({ show }) => show.name)

describe('answers as TVmaze does', () => {
  test.each<[string, number, unknown]>([
    ['/shows/1', 404, { name: 'Not Found', message: '', code: 0, status: 404 }],
    ['/shows/1/episodes', 404, { name: 'Not Found', message: '', code: 0, status: 404 }],
    ['/lookup/shows?imdb=tt0', 404, null],
    ['/singlesearch/shows?q=nothing+of+that+name', 404, null],
    ['/search/shows?q=nothing+of+that+name', 200, []],
    [
      `/shows/${showIds.harbor}?embed=nonsense`,
      400,
      { name: 'Bad Request', message: 'Invalid embed type', code: 0, status: 400 },
    ],
    [
      `/shows/${showIds.harbor}/episodebynumber?season=9&number=99`,
      404,
      { name: 'Not Found', message: 'Unknown episode', code: 0, status: 404 },
    ],
    [`/shows/${showIds.harbor}/episodesbydate?date=2026-11-20`, 404, expect.objectContaining({ status: 404 })],
    [`/shows/${showIds.harbor}/episodesbydate?date=20-11`, 422, expect.objectContaining({ status: 422 })],
    ['/schedule?country=UK&date=2026-11-21', 422, expect.objectContaining({ status: 422 })],
    ['/schedule?country=BR&date=tomorrow', 422, expect.objectContaining({ status: 422 })],
    ['/shows?page=99999', 404, expect.objectContaining({ status: 404 })],
    ['/nonsense', 404, expect.objectContaining({ status: 404 })],
  ])('%s gets %i', async (path, status, body) => {
    const answer = await get(path)
    expect([answer.status, answer.body]).toEqual([status, body])
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  })

  test('a lookup redirects to the show', async () => {
    const answer = await get('/lookup/shows?thetvdb=5000001')
    expect([answer.status, answer.body]).toEqual([301, null])
    expect(answer.headers.get('location')).toBe(`${server.url}/shows/${showIds.harbor}`)
    expect(await client().lookup({ thetvdb: 5_000_001 })).toMatchObject({ id: showIds.harbor, name: 'Harbor Nine' })
  })

  test('specials are left out unless they are requested; an undated special has no number, date or instant', async () => {
    const regular = (await get<Episode[]>(`/shows/${showIds.special}/episodes`)).body
    const withSpecials = (await get<Episode[]>(`/shows/${showIds.special}/episodes?specials=1`)).body
    expect(withSpecials.length).toBe(regular.length + 1)
    expect(withSpecials.at(-1)).toMatchObject({
      number: null,
      type: 'significant_special',
      airdate: '',
      airstamp: null,
    })
  })

  test('an embed that does not resolve is absent, not null', async () => {
    const embed = async (id: number) =>
      Object.keys((await get<Show>(`/shows/${id}?embed[]=nextepisode&embed[]=previousepisode`)).body._embedded)
    expect(await embed(showIds.harbor)).toEqual(['nextepisode', 'previousepisode'])
    expect(await embed(showIds.hiatus)).toEqual(['previousepisode'])
    expect((await get<Show>(`/shows/${showIds.hiatus}`)).body._links).not.toHaveProperty('nextepisode')
  })

  test('every response may be cached for an hour', async () => {
    expect((await get('/updates/shows')).headers.get('cache-control')).toBe('public, max-age=3600')
  })

  test("a country's schedule lists its networks, the web schedule lists streaming services, and an empty country selects the global ones", async () => {
    const shows = async (path: string) =>
      (await get<Entry[]>(path)).body.map(({ show, _embedded }) => (show ?? _embedded?.show)?.id)
    expect(await shows('/schedule?country=BR&date=2026-11-20')).toEqual([
      showIds.daily,
      showIds.novela,
      showIds.entities,
    ])
    expect(await shows('/schedule/web?date=2026-11-25')).toEqual([showIds.streamer])
    expect(await shows('/schedule/web?country=&date=2026-11-25')).toEqual([showIds.streamer])
    expect(await shows('/schedule/web?country=BR&date=2026-11-25')).toEqual([])
  })

  test('the URLs of images return PNG images', async () => {
    const { image } = (await get<Show>(`/shows/${showIds.harbor}`)).body
    expect(image).not.toBeNull()
    for (const url of Object.values(image ?? {})) {
      const response = await fetch(url)
      expect(response.headers.get('content-type')).toBe('image/png')
      expect(
        Buffer.from(await response.arrayBuffer())
          .subarray(1, 4)
          .toString(),
      ).toBe('PNG')
    }
  })
})

describe('the search', () => {
  test.each([
    ['harbor nine', 'Harbor Nine'],
    ['HARBOR', 'Harbor Nine'],
    ['harbr nin', 'Harbor Nine'],
    ['porto nove', 'Harbor Nine'],
    ['mare vermelha', 'Maré Vermelha'],
    ['acacias', 'Rua das Acácias'],
    ['ganimedes', 'Signal from Ganymede'],
    ['tom zé', 'Tom & Zé 🎸'],
    ['farol', 'The Lighthouse'],
  ])('for %j finds %j first', async (q, name) => {
    expect((await names(q))[0]).toBe(name)
  })

  test('finds two shows with the same name, the better known show first, and never more than ten shows', async () => {
    const hits = (await get<Hit[]>('/search/shows?q=the+lighthouse')).body
    expect(hits.slice(0, 2).map(({ show }) => show.id)).toEqual([showIds.lighthouseNew, showIds.lighthouseOld])
    for (let i = 0; i < 12; i++) server.addShow({ name: `Harbor Nine ${i}` })
    expect(await names('harbor')).toHaveLength(10)
  })
})

describe('the invented shows', () => {
  const airings = async (id: number) => (await client().show(id)).episodes

  test('the late-night show airs a day after its airdate and airtime', async () => {
    const { body } = await get<Episode[]>(`/shows/${showIds.lateNight}/episodes`)
    for (const { airdate, airtime, airstamp } of body) {
      const composed = Temporal.PlainDateTime.from(`${airdate}T${airtime}`).toZonedDateTime('America/New_York')
      expect(Date.parse(airstamp ?? '') - composed.epochMilliseconds).toBe(24 * 3_600_000)
    }
  })

  test('the streaming show never has an airtime: its airstamp is a placeholder, noon in UTC', async () => {
    const { body } = await get<Episode[]>(`/shows/${showIds.streamer}/episodes`)
    for (const { airdate, airtime, airstamp } of body) {
      expect([airtime, airstamp]).toEqual(['', `${airdate}T12:00:00+00:00`])
    }
    expect((await airings(showIds.streamer)).every(({ airstamp }) => airstamp === null)).toBe(true)
  })

  test('a season of eight episodes comes out on one day', async () => {
    const season = (await airings(showIds.drop)).filter(({ season: number }) => number === 4)
    expect(season.map(({ airdate }) => airdate)).toEqual(Array(8).fill('2026-11-27'))
  })

  test('the US drama keeps its hour in New York over the change of clocks', async () => {
    const { episodes } = await client().show(showIds.harbor)
    const at = (date: string) => episodes.find(({ airdate }) => airdate === date)?.airstamp
    expect(at('2026-10-25')).toBe('2026-10-26T01:00:00Z')
    expect(at('2026-11-01')).toBe('2026-11-02T02:00:00Z')
  })

  test('the novela airs at 21:20 in São Paulo, and the daily show numbers its seasons by year', async () => {
    expect((await airings(showIds.novela)).find(({ airdate }) => airdate === '2026-11-20')?.airstamp).toBe(
      '2026-11-21T00:20:00Z',
    )
    expect(new Set((await airings(showIds.daily)).map(({ season }) => season))).toEqual(new Set([2026]))
  })

  test('Brazilian titles are aliases; what TVmaze does not know about the sparse show is null', async () => {
    expect((await client().show(showIds.harbor)).names.pt).toBe('Porto Nove')
    expect((await client().show(showIds.drop)).names.pt).toBeNull()
    expect(await client().show(showIds.sparse)).toMatchObject({
      image: null,
      channel: null,
      premiered: null,
      imdb: null,
      episodes: [],
    })
  })
})

describe('edits', () => {
  test('mark the show as updated and are visible at once', async () => {
    const before = await client().updates('day')
    expect(before.size).toBe(0)
    await time.advance(1000)
    const episode = server.addEpisode(showIds.harbor, { airs: { at: new Date('2026-12-24T23:30:00Z') }, name: 'Extra' })
    expect(episode).toMatchObject({ airdate: '2026-12-24', airtime: '18:30', airstamp: '2026-12-24T23:30:00+00:00' })
    server.setAirdate(episode.id, { on: '2026-12-25' })
    expect((await client().updates('day')).has(showIds.harbor)).toBe(true)
    const seen = (await client().show(showIds.harbor)).episodes.find(({ id }) => id === episode.id)
    expect(seen).toMatchObject({ airdate: '2026-12-25', airstamp: null })
    server.makeSpecial(episode.id)
    server.renumber(episode.id, 2, 7)
    expect((await client().show(showIds.harbor)).episodes.find(({ id }) => id === episode.id)).toMatchObject({
      season: 2,
      number: 7,
    })
    server.deleteEpisode(episode.id)
    expect((await client().show(showIds.harbor)).episodes.some(({ id }) => id === episode.id)).toBe(false)
  })

  test('every edit is newer than the previous edit, even while the clock stands still', () => {
    const edited = () => server.show(showIds.harbor)?.updated ?? 0
    server.editShow(showIds.harbor, { status: 'Ended' })
    const first = edited()
    server.editShow(showIds.harbor, { status: 'Running' })
    expect(edited()).toBeGreaterThan(first)
  })

  test('a deleted show is gone; the external id of a merged show finds the show that it was merged into', async () => {
    const show = server.addShow({ name: 'Double', externals: { tvrage: null, thetvdb: 77, imdb: 'tt77' } })
    server.mergeShow(show.id, showIds.harbor)
    await expect(client().show(show.id)).rejects.toThrow(/has no show/)
    expect(await client().lookup({ imdb: 'tt77' })).toMatchObject({ id: showIds.harbor })
    server.deleteShow(showIds.hiatus)
    expect((await get<Show>(`/shows/${showIds.hiatus}`)).status).toBe(404)
  })

  test('an added show airs at the given times', async () => {
    const show = server.addShow({
      name: 'Mine',
      on: { br: 'Globo' },
      episodes: [{ airs: { at: NOW } }, { airs: { on: '2026-11-22' } }, { airs: 'unannounced', number: null }],
    })
    expect((await client().show(show.id)).episodes).toMatchObject([
      { season: 1, number: 1, airdate: '2026-11-21', airstamp: '2026-11-21T12:00:00Z' },
      { season: 1, number: 2, airdate: '2026-11-22', airstamp: null },
      { number: null, airdate: '', airstamp: null },
    ])
  })
})

describe('failures', () => {
  test('20 calls in ten seconds are answered, and further calls get 429 until the window has passed', async () => {
    await reopen({ limit: true })
    const statuses = async (count: number) => {
      const all: number[] = []
      for (let i = 0; i < count; i++) all.push((await get('/updates/shows?since=day')).status)
      return all.filter(status => status === 200).length
    }
    expect(await statuses(22)).toBe(20)
    expect((await get('/shows')).headers.get('retry-after')).toBe('10')
    await time.advance(10_001)
    expect(await statuses(1)).toBe(1)
  })

  test('our client reports a dropped connection, 429, 502, and HTML with status 200 as unavailable, for the given number of calls', async () => {
    for (const failure of ['down', '429', 'html200', '502'] as const) {
      server.fail(failure, { times: 1 })
      await expect(client().show(showIds.harbor)).rejects.toThrow(/^TVmaze: /)
      expect((await client().show(showIds.harbor)).name).toBe('Harbor Nine')
    }
    expect(server.calls().map(({ status }) => status)).toEqual(
      [null, 429, 200, 502].flatMap(status => [status, 200, 200]),
    )
  })

  test('one path can fail while the other paths work, until the failure is ended', async () => {
    server.fail('502', { path: `/shows/${showIds.harbor}` })
    await expect(client().show(showIds.harbor)).rejects.toThrow()
    expect((await client().show(showIds.streamer)).name).toBe('Signal from Ganymede')
    server.fail(null)
    expect((await client().show(showIds.harbor)).name).toBe('Harbor Nine')
  })

  test('a slow response takes half a minute', async () => {
    server.fail('slow', { times: 1 })
    const answer = get('/shows')
    await until(() => time.next() === 30_000, { what: 'the answer to be held back' })
    await time.advance(30_000)
    expect((await answer).status).toBe(200)
  })

  test('the cache serves old responses for up to an hour, and they do not count against the limit', async () => {
    await reopen({ edgeCache: true, limit: true })
    const status = async () => (await get<Show>(`/shows/${showIds.harbor}`)).body.status
    expect(await status()).toBe('Running')
    server.editShow(showIds.harbor, { status: 'Ended' })
    for (let i = 0; i < 25; i++) expect(await status()).toBe('Running')
    await time.advance(3_600_001)
    expect(await status()).toBe('Ended')
  })
})

describe('for a newcomer', () => {
  beforeEach(() => reopen({ newcomer: true }))

  test('a show airs every five minutes, at 12:04, 12:09 and so on', async () => {
    expect(server.nextFiveMinuteEpisode()).toEqual(new Date('2026-11-21T12:04:00Z'))
    const { episodes, name } = await client().show(fiveMinuteShowId)
    expect(name).toBe('Plantão Relâmpago')
    const coming = episodes.flatMap(({ airstamp }) =>
      airstamp !== null && airstamp > '2026-11-21T12:00' ? [airstamp] : [],
    )
    expect(coming.slice(0, 3)).toEqual(['2026-11-21T12:04:00Z', '2026-11-21T12:09:00Z', '2026-11-21T12:14:00Z'])
    expect((await names('flash bulletin'))[0]).toBe(name)
  })

  test('no date and no id changes as time passes', async () => {
    const before = [
      ...(await client().show(fiveMinuteShowId)).episodes,
      ...(await client().show(showIds.harbor)).episodes,
    ]
    await time.advance(2 * 3_600_000)
    const after = [
      ...(await client().show(fiveMinuteShowId)).episodes,
      ...(await client().show(showIds.harbor)).episodes,
    ]
    const byId = new Map(after.map(episode => [episode.id, episode]))
    const both = before.filter(({ id }) => byId.has(id))
    expect(both.length).toBeGreaterThan(50)
    expect(both).toEqual(both.map(({ id }) => byId.get(id)))
  })

  test('the five-minute show counts as updated whenever it has aired', async () => {
    expect((await client().updates('day')).get(fiveMinuteShowId)).toBe(Date.parse('2026-11-21T11:59:00Z') / 1000)
  })
})
