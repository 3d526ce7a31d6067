import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Tvmaze, tvmaze } from '#functions/tvmaze/client.ts'
import { ShowGone, ShowUnreadable, TvmazeBusy, TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import { smallerPoster } from '#functions/tvmaze/poster.ts'
import { startTvmaze, type TvmazeSimulator } from '#simulators/tvmaze.ts'
import { slowBudget } from '#test/support/slow-budget.ts'

let simulator: TvmazeSimulator
let now = new Date('2026-11-21T12:00:00Z')
let waits: number[] = []
let client: Tvmaze

const wait = async (ms: number) => {
  waits.push(ms)
  now = new Date(now.getTime() + ms)
}
beforeAll(async () => {
  simulator = await startTvmaze({ clock: () => now })
})
afterAll(() => simulator.stop())
beforeEach(() => {
  now = new Date(now.getTime() + 3_600_000)
  waits = []
  simulator.fail(null)
  simulator.forgetCalls()
  client = tvmaze(simulator.url, { clock: () => now, wait, timeoutMs: 2_000 })
})

describe('a search', () => {
  test('finds shows with the fields of a card, and the summary as plain text', async () => {
    const [hit] = await client.search('harbor nine')
    expect(hit).toEqual({
      id: simulator.showIds.harbor,
      name: 'Harbor Nine',
      url: expect.stringContaining('tvmaze.com/shows/'),
      image: expect.stringContaining('/original_untouched/'),
      channel: 'Meridian',
      country: 'US',
      premiered: '2026-01-04',
      status: 'Running',
      summary: 'Harbor Nine follows the night crew of a port that never quite closes.',
    })
    expect(simulator.calls()[0]).toMatchObject({ userAgent: expect.stringMatching(/^Vigia\/.*\(\+https/) })
  })

  test('gives an empty list if there is no show, and accepts a show whose fields are empty', async () => {
    expect(await client.search('zzzzzzzzzzzz')).toEqual([])
    expect((await client.search('Untitled Delta Project'))[0]).toMatchObject({
      image: null,
      channel: null,
      premiered: null,
      summary: null,
    })
  })

  test('decodes HTML entities', async () => {
    const [hit] = await client.search('Tom & Zé')
    expect(hit!.name).toBe('Tom & Zé 🎸')
    expect(hit!.summary).toContain('"três acordes" <e só>')
  })
})

describe('a show', () => {
  test('comes with its episodes, their instants in UTC, and its name in Brazil', async () => {
    const show = await client.show(simulator.showIds.harbor)
    expect(show).toMatchObject({
      _id: simulator.showIds.harbor,
      names: { pt: 'Porto Nove' },
      fetchedAt: now.toISOString(),
    })
    // Both episodes air on a Sunday at 21:00 in New York. Summer time ends there on 1 November.
    const stamps = show.episodes.filter(({ airdate }) => ['2026-10-25', '2026-11-01'].includes(airdate))
    expect(stamps.map(({ airstamp }) => airstamp)).toEqual(['2026-10-26T01:00:00Z', '2026-11-02T02:00:00Z'])
  })

  test('without an airtime has dates but no instants, because its airstamps are placeholders', async () => {
    const show = await client.show(simulator.showIds.streamer)
    expect(show.episodes.length).toBeGreaterThan(5)
    expect(show.episodes.every(({ airstamp, airdate }) => airstamp === null && airdate !== '')).toBe(true)
  })

  test('keeps a special that has neither number nor date', async () => {
    const show = await client.show(simulator.showIds.special)
    expect(show.episodes.find(({ number }) => number === null)).toMatchObject({
      airdate: '',
      airstamp: null,
      name: 'The Midwinter Bell',
    })
  })

  test('that TVmaze does not have gives a ShowGone error', async () => {
    await expect(client.show(123)).rejects.toThrow(ShowGone)
  })

  test('is found by its IMDb and TheTVDB ids, through a redirect', async () => {
    const show = await client.show(simulator.showIds.harbor)
    expect(await client.lookup({ imdb: show.imdb! })).toMatchObject({ id: show._id })
    expect(await client.lookup({ thetvdb: show.thetvdb! })).toMatchObject({ id: show._id })
    expect(await client.lookup({ imdb: 'tt0000000' })).toBe(null)
  })
})

test('updates() returns the time of the last edit of each show, and an edited show is in the list of the day', async () => {
  const before = await client.updates('day')
  expect(before.has(simulator.showIds.hiatus)).toBe(false)
  simulator.editShow(simulator.showIds.hiatus, { status: 'Ended' })
  expect((await client.updates('day')).get(simulator.showIds.hiatus)).toBeGreaterThanOrEqual(now.getTime() / 1000 - 1)
  expect((await client.updates()).size).toBeGreaterThan(10)
})

describe('when TVmaze fails', () => {
  test.each(['down', '429', 'html200', '502'] as const)(
    '%s is a TvmazeUnavailable error, not a missing show or an empty result',
    async fault => {
      simulator.fail(fault)
      for (const call of [
        () => client.search('harbor'),
        () => client.show(simulator.showIds.harbor),
        () => client.updates('day'),
        () => client.lookup({ imdb: 'tt1' }),
      ]) {
        await expect(call()).rejects.toThrow(TvmazeUnavailable)
      }
    },
  )

  test('a show whose episodes cannot be fetched is not returned', async () => {
    simulator.fail('502', { path: `/shows/${simulator.showIds.harbor}/episodes` })
    await expect(client.show(simulator.showIds.harbor)).rejects.toThrow(TvmazeUnavailable)
  })

  test('a 429 error has the Retry-After, and a client with more attempts tries again after that time', async () => {
    simulator.fail('429', { times: 1 })
    await expect(client.search('harbor')).rejects.toMatchObject({ status: 429, retryAfterS: 5 })
    simulator.fail('429', { times: 1 })
    const retrying = tvmaze(simulator.url, { clock: () => now, wait, attempts: 2 })
    expect(await retrying.search('harbor nine')).not.toEqual([])
    expect(waits).toEqual([5_000])
  })

  test('a refused connection and a timeout are TvmazeUnavailable errors with the cause', async () => {
    await expect(tvmaze('http://127.0.0.1:1').search('x')).rejects.toThrow('TVmaze: no answer (ECONNREFUSED)')
    const silent = await serving(() => {})
    await expect(tvmaze(silent.url, { timeoutMs: 50 }).search('x')).rejects.toThrow('TVmaze: no answer within 0.05 s')
    await silent.stop()
  })

  test('a 404 of a proxy does not mean that a show is gone', async () => {
    const server = await serving((_, response) => response.writeHead(404).end('<h1>nginx</h1>'))
    await expect(tvmaze(server.url).show(82)).rejects.toThrow(TvmazeUnavailable)
    await server.stop()
  })

  test.each([400, 403, 410])(
    'a refusal with status %i does not mean that a show is missing or unreadable',
    async status => {
      const server = await serving((_, response) => response.writeHead(status).end('{"name":"Forbidden","code":0}'))
      const { card, show, lookup } = tvmaze(server.url)
      for (const call of [() => card(82), () => show(82), () => lookup({ imdb: 'tt1' })]) {
        const error = await call().catch(error => error)
        expect(error).toMatchObject({ name: 'TvmazeUnavailable', status })
        expect(error).not.toBeInstanceOf(ShowUnreadable)
      }
      await server.stop()
    },
  )

  test('a response with status 200 and without a show concerns only this show', async () => {
    const server = await serving((_, response) => response.end('{"id":"82"}'))
    await expect(tvmaze(server.url).show(82)).rejects.toThrow(ShowUnreadable)
    await expect(tvmaze(server.url).lookup({ imdb: 'tt1' })).rejects.toThrow(TvmazeUnavailable)
    await server.stop()
  })

  test('a redirect loop ends', async () => {
    const server = await serving((_, response) => response.writeHead(302, { location: '/again' }).end())
    await expect(tvmaze(server.url).show(82)).rejects.toThrow(TvmazeUnavailable)
    await server.stop()
  })

  test('fields with an undocumented type count as absent', async () => {
    const odd = await serving((request, response) => {
      const path = new URL(request.url!, 'http://x').pathname
      const episodes = [
        { id: 1, airdate: null, airtime: '', airstamp: null, season: null, number: 'x', name: null },
        { id: 'no' },
        null,
        { id: 2, airdate: '2026-11-20', airtime: '22:00', airstamp: '2026-11-21T01:00:00+00:00', season: 1, number: 1 },
      ]
      const json = path.endsWith('/episodes')
        ? episodes
        : path.endsWith('/akas')
          ? [{ name: 'Nulo\0', country: { code: 'BR' } }, { country: null }]
          : { id: 82, name: '', image: 'x', network: [], webChannel: { name: 'TV' }, updated: 'soon', externals: null }
      response.end(JSON.stringify(json))
    })
    expect(await tvmaze(odd.url).show(82)).toMatchObject({
      name: 'TVmaze 82',
      image: null,
      channel: 'TV',
      updated: 0,
      names: { pt: 'Nulo' },
      episodes: [
        { id: 1, season: 0, number: null, airdate: '', airstamp: null },
        { id: 2, airstamp: '2026-11-21T01:00:00Z' },
      ],
    })
    await odd.stop()
  })
})

describe('the rate limit', () => {
  test('is not exceeded at TVmaze by fifty calls in a row', async () => {
    const paced = tvmaze(simulator.url, { clock: () => now, wait, callsPerTenSeconds: 18 })
    for (let call = 0; call < 50; call++) await paced.updates('day')
    expect(simulator.calls().map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
    expect(waits).toEqual([10_000, 10_000])
  })

  test('is shared by parallel calls', async () => {
    const unlimited = await startTvmaze({ clock: () => now, limit: false })
    const paced = tvmaze(unlimited.url, { clock: () => now, wait, callsPerTenSeconds: 5 })
    await Promise.all(Array.from({ length: 20 }, () => paced.updates('day')))
    expect(waits).toEqual([10_000, 10_000, 10_000])
    await unlimited.stop()
  })
})

describe('a time limit', () => {
  test('counts the waits for the shared limit in all calls together', async () => {
    const options = { clock: () => now, wait, longestWaitMs: 25_000, budget: slowBudget(20_000) }
    const limited = tvmaze(simulator.url, options).within(30_000)
    const end = now.getTime() + 30_000
    await expect(limited.show(simulator.showIds.harbor)).rejects.toThrow(TvmazeBusy)
    expect(simulator.calls()).toHaveLength(1)
    expect(now.getTime()).toBeLessThan(end)
  })

  test('counts the waits between the attempts of a call, and no attempt begins later', async () => {
    simulator.fail('429')
    const limited = tvmaze(simulator.url, { clock: () => now, wait, attempts: 5 }).within(12_000)
    await expect(limited.search('harbor')).rejects.toMatchObject({ status: 429 })
    expect(waits).toEqual([5_000, 5_000])
    now = new Date(now.getTime() + 2_000)
    await expect(limited.search('harbor')).rejects.toThrow('the time for the calls is over')
    expect(simulator.calls()).toHaveLength(3)
  })

  test('shortens the timeout of a call, and cannot be extended', async () => {
    const silent = await serving(() => {})
    const limited = tvmaze(silent.url, { clock: () => now }).within(50)
    await expect(limited.within(5_000).search('x')).rejects.toThrow('TVmaze: no answer within 0.05 s')
    await silent.stop()
  })
})

test('the smaller version of a poster has a known URL', () => {
  expect(smallerPoster('https://static.tvmaze.com/uploads/images/original_untouched/1/2.jpg')).toBe(
    'https://static.tvmaze.com/uploads/images/medium_portrait/1/2.jpg',
  )
  expect(smallerPoster('https://static.tvmaze.com/uploads/images/medium_portrait/1/2.jpg')).toBeUndefined()
})

const serving = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections()
      return new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
