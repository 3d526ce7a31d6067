import { describe, expect, test } from 'vitest'
import { followsIn } from '#database/series/follows.ts'
import { rootCause } from '#events/event.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { chat, check, follow, refresh, series, until } from './actions.ts'
import { at, DAY, HOUR, later, MINUTE, now, on, setNow } from './clock.ts'
import { catalogue, database, dependencies, kinds, published, received, simulator, useSeries } from './support.ts'

useSeries()

describe('an episode that was announced', () => {
  test('and is postponed by six days is reported as postponed, and announced when it airs', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: 4 }])
    await check()
    expect(kinds()).toEqual(['episode.due'])
    later(HOUR)
    simulator.setAirdate(show.episodes[0]!.id, { at: at(6 * DAY) })
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due', 'series.changed moved'])
    expect((await received())[1]).toMatch(/mudou de data .*antes: .*hoje.*agora: .*27 nov/)
    await until(at(5 * DAY + 23 * HOUR), 3 * HOUR)
    expect(kinds().length).toBe(2)
    await until(at(6 * DAY + 2 * HOUR))
    expect(kinds()).toEqual(['episode.due', 'series.changed moved', 'episode.due'])
    await until(at(9 * DAY), 6 * HOUR)
    expect(kinds().length).toBe(3)
  })

  test('and moves twice is announced again only on the last date', async () => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    for (const days of [6, 9]) {
      simulator.setAirdate(show.episodes[0]!.id, { at: at(days * DAY) })
      later(HOUR)
      await refresh()
    }
    await until(at(10 * DAY), 3 * HOUR)
    expect(kinds()).toEqual(['episode.due', 'series.changed moved', 'series.changed moved', 'episode.due'])
    expect(published.at(-1)!.id).toContain('2026-11-30')
  })

  test('and moves, and then moves back, is reported each time and not announced again', async () => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    simulator.setAirdate(show.episodes[0]!.id, { at: at(6 * DAY) })
    later(HOUR)
    await refresh()
    simulator.setAirdate(show.episodes[0]!.id, { at: at(0) })
    later(HOUR)
    await refresh()
    await until(at(8 * DAY), 6 * HOUR)
    expect(kinds()).toEqual(['episode.due', 'series.changed moved', 'series.changed moved'])
    expect((await received()).at(-1)).toMatch(/agora: .*21 nov|agora: hoje/)
  })

  test.each<[string, number]>([
    ['an earlier day', -3 * DAY],
    ['an hour later', HOUR],
    ['the evening of the same day', 13 * HOUR],
  ])('and moves to %s is not announced again', async (_, by) => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    simulator.setAirdate(show.episodes[0]!.id, { at: at(by) })
    later(HOUR)
    await refresh()
    await until(at(2 * DAY), 6 * HOUR)
    expect(kinds().filter(kind => kind === 'episode.due').length).toBe(1)
  })

  test('in some zones only, and moves, is reported as moved in all zones, and announced everywhere when it airs', async () => {
    await chat(2, 'Asia/Tokyo')
    const show = simulator.addShow({ name: 'Farol', on: { streamer: 'Netflix' }, episodes: [{ airs: { on: on(1) } }] })
    await follow(2, show.id)
    await chat(1)
    await follow(1, show.id)
    await refresh()
    // The announcement is due at 09:00 local time on the 22nd: 00:00 UTC for Tokyo, and 12:00 UTC for São Paulo.
    setNow(new Date('2026-11-22T00:10:00Z'))
    await check()
    expect(await received(2)).toHaveLength(1)
    expect(await received(1)).toHaveLength(0)
    simulator.setAirdate(show.episodes[0]!.id, { on: on(7) })
    await until(new Date('2026-11-29T00:00:00Z'), 3 * HOUR)
    expect(await received(2)).toMatchObject([/Saiu|sai/, /mudou de data/, /Saiu|sai/])
    expect(await received(1)).toMatchObject([/mudou de data/, /Saiu|sai/])
  })

  test('by its date is not announced again when its hour becomes known, except if the hour is on another day', async () => {
    const show = await series([{ airs: { on: on(0) } }], { on: { streamer: 'Netflix' } })
    setNow(at(10 * MINUTE))
    await check()
    expect(kinds()).toEqual(['episode.due'])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(10 * HOUR) })
    await until(at(12 * HOUR))
    expect(kinds()).toEqual(['episode.due'])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(3 * DAY) })
    await until(at(4 * DAY), 3 * HOUR)
    expect(kinds()).toEqual(['episode.due', 'series.changed moved', 'episode.due'])
  })

  test('and loses its date is reported as postponed, then with its new date once, and announced when it airs', async () => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    simulator.setAirdate(show.episodes[0]!.id, 'unannounced')
    await until(at(6 * HOUR))
    simulator.editShow(show.id, { summary: 'Edited' })
    await until(at(12 * HOUR))
    simulator.setAirdate(show.episodes[0]!.id, { at: at(5 * DAY) })
    await until(at(6 * DAY), 6 * HOUR)
    expect(await received()).toMatchObject([
      /Saiu episódio novo/,
      /adiado, sem nova data/,
      /antes: ainda sem data.*agora: qui/,
      /Saiu episódio novo/,
    ])
  })

  test('and loses its date is reported as postponed without a new date', async () => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    simulator.setAirdate(show.episodes[0]!.id, 'unannounced')
    later(HOUR)
    await refresh()
    expect((await received())[1]).toMatch(/adiado, sem nova data/)
  })
})

describe('episodes whose date TVmaze sets late', () => {
  test('a premiere that moves to three days ago is reported once as aired', async () => {
    const show = await series([{ airs: { at: at(6 * DAY) }, season: 2, number: 1 }])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(-3 * DAY) })
    await until(at(8 * DAY), 6 * HOUR)
    expect(kinds()).toEqual(['episode.missed late'])
    expect(await received()).toMatchObject([/Saiu sem aviso.*Farol T2 E1/])
  })

  test('an episode added two days after it aired is reported once, to the chats that followed the series when it aired', async () => {
    const show = await series([{ airs: { at: at(-9 * DAY) }, season: 1, number: 1 }])
    await chat(2, 'Europe/Lisbon', 'en')
    await follow(2, show.id, at(-DAY))
    simulator.addEpisode(show.id, { airs: { at: at(-2 * DAY) }, season: 1, number: 2 })
    await until(at(DAY), 6 * HOUR)
    expect(kinds()).toEqual(['episode.missed late'])
    expect(await received()).toHaveLength(1)
    expect(await received(2)).toEqual([])
  })

  test('a season that was released two days ago is reported in one line', async () => {
    const show = await series([{ airs: { on: on(-300) }, season: 1, number: 1 }], { on: { streamer: 'Netflix' } })
    for (let number = 1; number <= 8; number++)
      simulator.addEpisode(show.id, { airs: { on: on(-2) }, season: 2, number })
    await until(at(DAY), 6 * HOUR)
    expect(await received()).toMatchObject([/T2 E1–E8/])
  })

  test('an episode that aired a day ago is announced as usual, and not reported as late', async () => {
    const show = await series([{ airs: { at: at(6 * DAY) } }])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(-DAY) })
    await until(at(3 * DAY), 6 * HOUR)
    expect(kinds()).toEqual(['episode.due'])
  })

  test.each([34, 35, 35.75, 36, 36.25, 37])(
    'an episode that aired %s hours ago, close to the limit of 36 hours, is reported exactly once',
    async hours => {
      const show = await series([{ airs: { at: at(6 * DAY) } }])
      later(HOUR)
      simulator.setAirdate(show.episodes[0]!.id, { at: new Date(now.getTime() - hours * HOUR) })
      await refresh()
      for (let tick = 0; tick < 12; tick++) {
        later(5 * MINUTE)
        await check()
      }
      expect(await received()).toHaveLength(1)
    },
  )

  test.each<[string, number[]]>([
    ['eight old episodes at once', [-80, -73, -66, -59, -52, -45, -38, -31]],
    ['eight weekly episodes of which the last is recent', [-52, -45, -38, -31, -24, -17, -10, -3]],
    ['one episode of three weeks ago', [-21]],
  ])('old episodes are not reported: %s', async (_, days) => {
    const show = await series([{ airs: { at: at(6 * DAY) }, season: 9, number: 1 }])
    for (const [index, day] of days.entries())
      simulator.addEpisode(show.id, { airs: { at: at(day * DAY) }, season: 1, number: index + 1 })
    await until(at(DAY), 6 * HOUR)
    expect(kinds()).toEqual([])
  })

  test('past episodes are not reported to a new follower or after the first fetch', async () => {
    const show = await series([{ airs: { at: at(-3 * DAY) } }])
    await until(at(DAY), 6 * HOUR)
    simulator.addEpisode(show.id, { airs: { at: at(-2 * DAY) } })
    await followsIn(database.db).unfollow(1, `show/${show.id}`)
    await follow(1, show.id, now)
    await until(at(2 * DAY), 6 * HOUR)
    expect(await received()).toEqual([])
  })

  test('after a crash between publishing and storing, the event is published again with the same id', async () => {
    const show = await series([{ airs: { at: at(6 * DAY) } }])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(-3 * DAY) })
    later(HOUR)
    const crashing = { ...dependencies(), catalogue: { ...catalogue, keep: () => Promise.reject(new Error('gone')) } }
    await expect(seriesRefresher(rootCause('crash'), crashing)).rejects.toThrow('gone')
    await until(at(DAY), 3 * HOUR)
    expect(kinds()).toEqual(['episode.missed late'])
    const withoutBroker = { ...dependencies(), publish: () => Promise.reject(new Error('broker unavailable')) }
    simulator.addEpisode(show.id, { airs: { at: at(-2 * DAY) } })
    later(HOUR)
    await expect(seriesRefresher(rootCause('unpublished'), withoutBroker)).rejects.toThrow('broker unavailable')
    await until(at(2 * DAY), 3 * HOUR)
    expect(kinds()).toEqual(['episode.missed late', 'episode.missed late'])
  })
})

describe('a series that ends', () => {
  test('before a special has aired is reported with the special as the last episode', async () => {
    const show = await series([
      { airs: { at: at(-30 * DAY) }, season: 1, number: 8 },
      { airs: { at: at(6 * DAY) }, season: 1, number: null, name: 'Adeus' },
    ])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect(await received()).toMatchObject([/está acabando.*último episódio.*Adeus.*27 nov/])
    await until(at(7 * DAY), 3 * HOUR)
    expect(kinds()).toEqual(['series.changed ended', 'episode.due'])
  })

  test('before its last three episodes have aired is reported with the last of the three', async () => {
    const show = await series(
      [2, 9, 16].map((day, index) => ({ airs: { at: at(day * DAY) }, season: 3, number: 6 + index })),
    )
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect(await received()).toMatchObject([/último episódio.*T3 E8/])
  })

  test('on the day of an episode without an hour is reported with that episode as the last', async () => {
    const show = await series([{ airs: { on: on(0) } }])
    later(6 * HOUR)
    simulator.editShow(show.id, { status: 'Ended' })
    await refresh()
    expect((await received()).at(-1)).toMatch(/último episódio previsto.*T1 E1.*hoje/)
  })

  test('while an episode has no date yet is reported with that episode as the last', async () => {
    const show = await series([{ airs: { at: at(-3 * DAY) } }, { airs: 'unannounced' }])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect((await received()).at(-1)).toMatch(/último episódio previsto.*T1 E2.*ainda sem data/)
  })

  test('and has an older episode that never had a date is reported as having no more episodes', async () => {
    const show = await series([
      { airs: { at: at(-9 * DAY) }, season: 1, number: 2 },
      { airs: 'unannounced', season: 1, number: 1 },
      { airs: 'unannounced', season: 0, number: null, name: 'Piloto' },
    ])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect((await received()).at(-1)).toMatch(/não há mais episódios previstos/)
  })

  test('without a future episode is reported as having no more episodes', async () => {
    const show = await series([{ airs: { at: at(-30 * DAY) } }, { airs: 'unannounced' }])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect(await received()).toMatchObject([/não há mais episódios/])
  })

  test.each(['To Be Determined', 'In Development'] as const)(
    'is not reported for a change of status from Running to %s',
    async status => {
      const show = await series([{ airs: { at: at(6 * DAY) } }])
      simulator.editShow(show.id, { status })
      later(HOUR)
      await refresh()
      expect(kinds()).toEqual([])
    },
  )
})

describe('a series of which nobody knows whether it goes on', () => {
  test.each([
    ['Running', 'series.changed renewed', /foi renovada/],
    ['Ended', 'series.changed cancelled', /não foi renovada: a série acabou/],
  ] as const)('is reported once when its status becomes %s', async (status, kind, text) => {
    const show = await series([{ airs: { at: at(-30 * DAY) } }])
    simulator.editShow(show.id, { status: 'To Be Determined' })
    later(HOUR)
    await refresh()
    simulator.editShow(show.id, { status })
    later(HOUR)
    await refresh()
    later(HOUR)
    await refresh()
    expect(kinds()).toEqual([kind])
    expect(await received()).toMatchObject([text])
  })
})

test('the last episode of a season says that the season is complete', async () => {
  const show = await series([{ airs: { at: at(-7 * DAY) } }, { airs: { at: at(2 * HOUR) } }])
  simulator.editShow(show.id, { episodeOrders: { 1: 2 } })
  later(HOUR)
  await refresh()
  later(HOUR)
  await check()
  expect(await received()).toMatchObject([/1ª temporada completa: 2 episódios/])
})
