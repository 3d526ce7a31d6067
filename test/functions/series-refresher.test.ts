import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import type { Show } from '#database/series/show.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { SeriesChanged } from '#events/series-changed.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import { seriesFollowed } from '#functions/series-refresher/series-followed.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { countNotFound } from '#functions/series-refresher/show-changes.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { startTvmaze, type TvmazeSimulator } from '#simulators/tvmaze.ts'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'
import { slowBudget } from '#test/support/slow-budget.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MINUTE = 60_000

let database: TestDatabase
let simulator: TvmazeSimulator
let catalogue: ReturnType<typeof catalogueIn>
let closeMongo: () => Promise<void>
let now: Date
let published: VigiaEvent<DataOf<typeof SeriesChanged>>[]
let ticks = 0

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  now = new Date('2026-11-21T12:07:00Z')
  published = []
  await database.db.query('truncate chat, cursor cascade')
  await chatsIn(database.db).upsert({ id: 1, kind: 'private', language: 'pt-BR' })
  simulator = await startTvmaze({ clock: () => now, limit: false })
  // Each test starts with an empty catalogue, as after the restart of an in-memory MongoDB server.
  const server = await freshMongo()
  catalogue = catalogueIn(server.mongo)
  closeMongo = server.end
})
afterEach(async () => {
  await simulator.stop()
  await closeMongo()
})

const dependencies = () => ({
  tvmaze: tvmaze(simulator.url, {
    clock: () => now,
    wait: async () => {},
    callsPerTenSeconds: 10_000,
    timeoutMs: 2_000,
  }),
  catalogue,
  follows: followsIn(database.db),
  announcements: announcementsIn(database.db),
  cursors: cursorsIn(database.db),
  looks: looksIn(database.db),
  missingShows: missingShowsIn(database.db),
  noticeSettings: noticeSettingsIn(database.db),
  seen: seenIn(database.db),
  seriesNames: seriesNamesIn(database.db),
  skippedRecords: skippedRecordsIn(database.db),
  publish: async (events: readonly VigiaEvent[]) => {
    for (const event of events)
      if (!published.some(({ id }) => id === event.id)) published.push(event as (typeof published)[number])
  },
  clock: () => now,
  log: pino({ level: 'silent' }),
})
const tick = (id = `tick-${ticks++}`) => seriesRefresher(rootCause(id), dependencies())
const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
const follow = (...shows: number[]) =>
  Promise.all(shows.map(id => followsIn(database.db).follow(1, `show/${id}`, new Date('2026-01-01T00:00:00Z'))))
const followed = (showId: number) =>
  seriesFollowed(
    SeriesFollowed.from(rootCause('press'), {
      subject: `show/${showId}`,
      data: { chatId: 1, showId, followedAt: now.toISOString() },
    }),
    dependencies(),
  )
const paths = () => simulator.calls().map(({ path }) => path)
const changes = () => published.map(({ subject, data }) => [subject, data.change])

describe('the catalogue', () => {
  test('gets a series as soon as a chat follows it, and a second follow does not fetch it again', async () => {
    await followed(simulator.showIds.harbor)
    expect(await catalogue.show(simulator.showIds.harbor)).toMatchObject({
      name: 'Harbor Nine',
      names: { pt: 'Porto Nove' },
    })
    const calls = simulator.calls().length
    await followed(simulator.showIds.harbor)
    expect(simulator.calls().length).toBe(calls)
  })

  test('is refilled with exactly the followed series when it is empty', async () => {
    await follow(simulator.showIds.harbor, simulator.showIds.streamer)
    await tick()
    expect(
      (await catalogue.shows([simulator.showIds.harbor, simulator.showIds.streamer, simulator.showIds.novela])).length,
    ).toBe(2)
  })

  test('gets the series that TVmaze edited, and the others are not requested', async () => {
    await follow(simulator.showIds.harbor, simulator.showIds.streamer)
    await tick()
    later(HOUR)
    simulator.addEpisode(simulator.showIds.streamer, { airs: { on: '2027-03-03' } })
    simulator.forgetCalls()
    await tick()
    expect(paths()).toEqual([
      '/updates/shows',
      `/shows/${simulator.showIds.streamer}`,
      `/shows/${simulator.showIds.streamer}/episodes`,
    ])
    expect((await catalogue.show(simulator.showIds.streamer))!.episodes.at(-1)).toMatchObject({ airdate: '2027-03-03' })
  })

  test('gets a series without edits once a month, and an ended series every three months', async () => {
    await follow(simulator.showIds.hiatus, simulator.showIds.lighthouseOld)
    await tick()
    later(31 * DAY)
    simulator.forgetCalls()
    await tick()
    expect(paths()).toContain(`/shows/${simulator.showIds.hiatus}`)
    expect(paths()).not.toContain(`/shows/${simulator.showIds.lighthouseOld}`)
    later(60 * DAY)
    simulator.forgetCalls()
    await tick()
    expect(paths()).toContain(`/shows/${simulator.showIds.lighthouseOld}`)
  })

  test('gets a series shortly before its episode, although the list of edits of TVmaze does not have its edit', async () => {
    const airs = new Date('2026-11-21T20:00:00Z')
    const { id, episodes } = simulator.addShow({
      name: 'Plantão',
      on: { br: 'Globo' },
      episodes: [{ airs: { at: airs } }],
    })
    await follow(id)
    await tick()
    now = new Date('2026-11-21T19:07:00Z')
    await tick()
    simulator.setAirdate(episodes[0]!.id, { at: new Date('2026-11-28T20:00:00Z') })
    simulator.fail('502', { path: '/updates/shows' })
    simulator.forgetCalls()
    later(10 * MINUTE)
    await tick()
    expect(paths().filter(path => path !== '/updates/shows')).toEqual([`/shows/${id}`, `/shows/${id}/episodes`])
    expect(changes()).toEqual([[`show/${id}`, 'moved']])
  })

  test('keeps the complete old entry if a part of the new one cannot be fetched', async () => {
    await follow(simulator.showIds.harbor, simulator.showIds.novela)
    await tick()
    const before = await catalogue.show(simulator.showIds.harbor)
    later(HOUR)
    simulator.editShow(simulator.showIds.harbor, { name: 'Harbor Ten' })
    simulator.editShow(simulator.showIds.novela, { name: 'Rua das Flores' })
    simulator.fail('502', { path: `/shows/${simulator.showIds.harbor}/episodes` })
    await tick()
    expect(await catalogue.show(simulator.showIds.harbor)).toEqual(before)
    expect(await catalogue.show(simulator.showIds.novela)).toMatchObject({ name: 'Rua das Flores' })
    simulator.fail(null)
    later(HOUR)
    await tick()
    expect(await catalogue.show(simulator.showIds.harbor)).toMatchObject({ name: 'Harbor Ten' })
  })
})

describe('while TVmaze is unavailable', () => {
  test.each(['down', '429', 'html200', '502'] as const)(
    '(%s) for six hours, nothing is lost and the operators are notified once',
    async fault => {
      await follow(simulator.showIds.harbor)
      await tick()
      const before = await catalogue.show(simulator.showIds.harbor)
      simulator.fail(fault)
      later(HOUR)
      simulator.editShow(simulator.showIds.harbor, { name: 'Harbor Ten' })
      await expect(tick('first')).rejects.toThrow(RetryLater)
      // The broker delivers a failed tick again, until the tick becomes a dead letter.
      await expect(tick('first')).rejects.toThrow('TVmaze does not answer')
      for (let hour = 2; hour <= 6; hour++) {
        later(HOUR)
        await tick()
      }
      expect(await catalogue.show(simulator.showIds.harbor)).toEqual(before)
      expect(await followsIn(database.db).followedShows()).toEqual([simulator.showIds.harbor])
      simulator.fail(null)
      later(HOUR)
      await tick()
      expect(await catalogue.show(simulator.showIds.harbor)).toMatchObject({ name: 'Harbor Ten' })
      // A later failure is reported again.
      simulator.fail(fault)
      later(HOUR)
      await expect(tick()).rejects.toThrow(RetryLater)
    },
  )

  test('for more than a day, the operators are notified once a day', async () => {
    await follow(simulator.showIds.harbor)
    simulator.fail('down')
    let notified = 0
    for (let hour = 0; hour < 49; hour++) {
      await tick().catch(() => notified++)
      later(HOUR)
    }
    expect(notified).toBe(3)
  })

  test('no edit is lost, because the next list of edits covers the whole gap', async () => {
    await follow(simulator.showIds.harbor)
    await tick()
    later(3 * DAY)
    simulator.forgetCalls()
    await tick()
    expect(simulator.calls()[0]!.query).toBe('since=week')
  })

  test('a newly followed series is fetched when the broker repeats the event', async () => {
    simulator.fail('html200')
    await expect(followed(simulator.showIds.harbor)).rejects.toThrow(RetryLater)
    simulator.fail(null)
    await followed(simulator.showIds.harbor)
    expect(await catalogue.show(simulator.showIds.harbor)).not.toBe(null)
  })

  test('the calls of a tick end before its delivery times out, and the next tick fetches the rest', async () => {
    const { showIds } = simulator
    const shows = [showIds.harbor, showIds.streamer, showIds.hiatus, showIds.novela, showIds.special]
    await follow(...shows)
    const wait = async (ms: number) => later(ms)
    const options = { clock: () => now, wait, longestWaitMs: 60_000, budget: slowBudget(45_000) }
    const began = now.getTime()
    await seriesRefresher(rootCause('slow'), { ...dependencies(), tvmaze: tvmaze(simulator.url, options) })
    expect(now.getTime() - began).toBeLessThanOrEqual(8 * 60_000)
    expect((await catalogue.shows(shows)).length).toBe(4)
    await tick()
    expect((await catalogue.shows(shows)).length).toBe(shows.length)
  })

  test('the tick stops after three failures in a row, and the next tick fetches the rest', async () => {
    await follow(...Object.values(simulator.showIds))
    simulator.fail('502', { path: '/shows/' })
    simulator.forgetCalls()
    await tick()
    expect(paths().filter(path => path.startsWith('/shows/')).length).toBe(3)
    simulator.fail(null)
    later(HOUR)
    await tick()
    expect((await catalogue.shows(Object.values(simulator.showIds))).length).toBe(Object.keys(simulator.showIds).length)
  })
})

describe('a series that TVmaze deleted', () => {
  test('is reported to its followers once, after three 404 answers over two days, and stays followed', async () => {
    await follow(simulator.showIds.hiatus)
    await tick()
    simulator.deleteShow(simulator.showIds.hiatus)
    // Only TVmaze's list of all shows, which is requested once a week, tells that a show was deleted.
    later(8 * DAY)
    await tick()
    for (let hour = 0; hour < 47; hour++) {
      later(HOUR)
      await tick()
    }
    expect(changes()).toEqual([])
    later(HOUR)
    await tick()
    later(10 * DAY)
    await tick()
    expect(changes()).toEqual([[`show/${simulator.showIds.hiatus}`, 'gone']])
    expect(published[0]!.data.show.name).toBe('Paper Moons')
    expect(await followsIn(database.db).followedShows()).toEqual([simulator.showIds.hiatus])
    expect(await catalogue.show(simulator.showIds.hiatus)).toMatchObject({ name: 'Paper Moons', gone: true })
  })

  const countTwo404s = async (id: number) => {
    const show = {
      ...(await catalogue.show(id))!,
      fetchedAt: new Date(now.getTime() - 12 * HOUR).toISOString(),
      missingSince: new Date(now.getTime() - 3 * DAY).toISOString(),
      strikes: 2,
    }
    await catalogue.keep(show)
  }

  test('and merged into another series is replaced by that series: followers keep their follow dates and get no announcement twice', async () => {
    const { lighthouseOld: from, lighthouseNew: to } = simulator.showIds
    await follow(from)
    await tick()
    await announcementsIn(database.db).save(
      { id: 'e', type: 'episode.due', subject: `show/${from}`, data: {} },
      [
        {
          showId: from,
          chatId: null,
          episodeId: 5,
          episode: 's1e5',
          zone: '',
          airdate: '',
          airstamp: null,
          eventId: 'e',
        },
      ],
      now,
    )
    simulator.mergeShow(from, to)
    await countTwo404s(from)
    later(HOUR)
    await tick()
    expect(published).toEqual([])
    expect(await followsIn(database.db).of(1, 'show/')).toMatchObject([
      { subject: `show/${to}`, followedAt: new Date('2026-01-01T00:00:00Z') },
    ])
    expect(await catalogue.show(to)).toMatchObject({ name: 'The Lighthouse' })
    expect(await announcementsIn(database.db).of([to])).toMatchObject([{ episode: 's1e5' }])
  })

  test('is not reported while TVmaze cannot answer whether it was merged', async () => {
    await follow(simulator.showIds.hiatus)
    await tick()
    simulator.deleteShow(simulator.showIds.hiatus)
    await countTwo404s(simulator.showIds.hiatus)
    simulator.fail('502', { path: '/lookup' })
    await tick()
    expect(published).toEqual([])
    simulator.fail(null)
    await tick()
    expect(changes()).toEqual([[`show/${simulator.showIds.hiatus}`, 'gone']])
  })

  test('is no longer counted as missing when TVmaze has it again', async () => {
    const show: Show = { ...(await dependencies().tvmaze.show(simulator.showIds.hiatus)) }
    await catalogue.keep(countNotFound(show, now))
    await follow(simulator.showIds.hiatus)
    later(12 * HOUR)
    await tick()
    expect(await catalogue.show(simulator.showIds.hiatus)).not.toHaveProperty('missingSince')
  })

  test('before it was ever fetched causes no event', async () => {
    await followed(123)
    await follow(123)
    await tick()
    expect(published).toEqual([])
  })
})

describe('followers are notified', () => {
  const fetched = async (id: number) => {
    await follow(id)
    await tick()
    later(HOUR)
    return (await catalogue.show(id))!
  }

  test('when the next episode gets another date', async () => {
    const show = await fetched(simulator.showIds.harbor)
    const next = show.episodes.find(({ airstamp }) => airstamp !== null && airstamp > now.toISOString())!
    simulator.setAirdate(next.id, { at: new Date('2026-12-01T02:00:00Z') })
    await tick()
    expect(published).toMatchObject([
      {
        subject: `show/${simulator.showIds.harbor}`,
        data: {
          change: 'moved',
          episode: { id: next.id, airstamp: '2026-12-01T02:00:00Z' },
          before: { airdate: next.airdate, airstamp: next.airstamp },
        },
      },
    ])
  })

  test('when a series ends and when it returns', async () => {
    await fetched(simulator.showIds.hiatus)
    simulator.editShow(simulator.showIds.hiatus, { status: 'Ended' })
    await tick()
    later(HOUR)
    simulator.editShow(simulator.showIds.hiatus, { status: 'Running' })
    await tick()
    expect(changes()).toEqual([
      [`show/${simulator.showIds.hiatus}`, 'ended'],
      [`show/${simulator.showIds.hiatus}`, 'returned'],
    ])
  })

  test('once after a crash between publishing and storing, because the event is published again with the same id', async () => {
    await fetched(simulator.showIds.hiatus)
    simulator.editShow(simulator.showIds.hiatus, { status: 'Ended' })
    const crashing = { ...dependencies(), catalogue: { ...catalogue, keep: () => Promise.reject(new Error('gone')) } }
    await expect(seriesRefresher(rootCause('crash'), crashing)).rejects.toThrow('gone')
    await tick()
    await tick()
    expect(published.map(({ id }) => id)).toEqual([expect.stringMatching(/^show\/900008@\d+\/ended$/)])
  })

  test('also after a crash before publishing', async () => {
    await fetched(simulator.showIds.hiatus)
    simulator.editShow(simulator.showIds.hiatus, { status: 'Ended' })
    const crashing = { ...dependencies(), publish: () => Promise.reject(new Error('broker unavailable')) }
    await expect(seriesRefresher(rootCause('crash'), crashing)).rejects.toThrow('broker unavailable')
    await tick()
    expect(changes()).toEqual([[`show/${simulator.showIds.hiatus}`, 'ended']])
  })

  test('a day later if too many dates change at once, and the operators are notified once', async () => {
    const ids = Array.from({ length: 12 }, (_, at) => {
      const { id } = simulator.addShow({
        name: `Série ${at}`,
        on: { br: 'Globo' },
        episodes: [{ airs: { at: new Date('2026-11-25T01:00:00Z') } }],
      })
      return id
    })
    await follow(...ids)
    await tick()
    later(HOUR)
    for (const id of ids)
      simulator.setAirdate(simulator.show(id)!.episodes[0]!.id, { at: new Date('2026-12-09T01:00:00Z') })
    await expect(tick('held')).rejects.toThrow(Permanent)
    for (let hour = 0; hour < 23; hour++) {
      later(10 * MINUTE)
      await tick()
      later(50 * MINUTE)
      await tick()
    }
    expect(published).toEqual([])
    expect((await catalogue.show(ids[0]!))!.episodes[0]!.airstamp).toBe('2026-11-25T01:00:00Z')
    later(HOUR)
    await tick()
    expect(published.map(({ data }) => data.change)).toEqual(ids.map(() => 'moved'))
    expect((await catalogue.show(ids[0]!))!.episodes[0]!.airstamp).toBe('2026-12-09T01:00:00Z')
  })
})
