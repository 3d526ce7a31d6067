import { describe, expect, test } from 'vitest'
import type { Episode } from '#database/series/show.ts'
import { rootCause } from '#events/event.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { instantOf } from '#functions/wording/dates.ts'
import {
  at,
  chat,
  database,
  dependencies,
  due,
  episode,
  failWhen,
  follow,
  id,
  published,
  publishedAt,
  show,
  tick,
  ticksUntil,
  useChecker,
} from '#test/functions/episode-checker/support.ts'

useChecker()

describe('an episode whose hour is known', () => {
  test('is announced exactly once, after its instant', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-21T01:00:00Z'), episode(102, '2026-11-28T01:00:00Z')])
    await tick()
    await ticksUntil('2026-11-21T00:55:00Z', 5)
    expect(due()).toEqual([])
    await ticksUntil('2026-11-21T03:00:00Z')
    expect(due()).toMatchObject([
      {
        id: `show/${id}@2026-11-21T01:00:00Z/1`,
        type: 'dev.vigia.episode.due',
        subject: `show/${id}`,
        data: {
          show: { id, name: 'Harbor Nine', channel: 'Meridian' },
          episodes: [{ id: 101, season: 1, number: 1, airstamp: '2026-11-21T01:00:00Z' }],
          chats: [1],
        },
      },
    ])
  })

  test('is announced by the very first tick if it aired after the follow, but not if it aired before the follow', async () => {
    await chat(1)
    await follow(1, id, '2026-11-20T11:30:00Z')
    await show([episode(101, '2026-11-20T11:00:00Z'), episode(102, '2026-11-20T11:45:00Z')])
    await tick()
    expect(due()).toHaveLength(1)
    await ticksUntil('2026-11-20T14:00:00Z')
    expect(due().map(({ id }) => id)).toEqual([`show/${id}@2026-11-20T11:45:00Z/1`])
  })

  test('is not announced if it aired before the follow', async () => {
    await tick()
    at('2026-11-21T12:00:00Z')
    await chat(1)
    await follow(1, id, '2026-11-21T11:59:00Z')
    await show([episode(101, '2026-11-20T15:00:00Z'), episode(102, '2026-11-21T11:30:00Z')])
    await ticksUntil('2026-11-21T13:00:00Z', 30)
    expect(due()).toEqual([])
  })

  test('is not looked up in the catalogue while no chat follows a series', async () => {
    const unavailable = () => Promise.reject(new Error('MongoDB is unavailable'))
    const run = () => episodeChecker(rootCause('tick'), { ...dependencies(), catalogue: { shows: unavailable } })
    await run()
    await chat(7)
    await follow(7, id)
    await expect(run()).rejects.toThrow('MongoDB is unavailable')
  })

  test('is not announced if no chat follows its show', async () => {
    await show([episode(101, '2026-11-20T12:30:00Z')])
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    expect(due()).toEqual([])
  })

  test('shares one event with the other episodes of the same instant, in the order of their numbers', async () => {
    await chat(1)
    await follow(1, id)
    await show([8, 2, 3, 1, 5, 6, 7, 4].map(number => episode(100 + number, '2026-11-20T13:00:00Z')))
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    expect(due().map(({ data }) => data.episodes.map(({ number }) => number))).toEqual([[1, 2, 3, 4, 5, 6, 7, 8]])
  })

  test('gets a separate event if it is added after the other episodes of its instant were announced', async () => {
    await chat(1)
    await follow(1, id)
    const episodes = [101, 102].map(each => episode(each, '2026-11-20T13:00:00Z'))
    await show(episodes)
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    await show([...episodes, episode(103, '2026-11-20T13:00:00Z')])
    await ticksUntil('2026-11-20T13:30:00Z')
    expect(due().map(event => [event.id, event.data.episodes.length])).toEqual([
      [`show/${id}@2026-11-20T13:00:00Z/1`, 2],
      [`show/${id}@2026-11-20T13:00:00Z/1/s1e3`, 1],
    ])
  })

  test('is announced if it is a significant special, but not if it is an insignificant special', async () => {
    await chat(1)
    await follow(1, id)
    await show([
      episode(101, '2026-11-20T13:00:00Z', { number: null, type: 'insignificant_special' }),
      episode(102, '2026-11-20T13:00:00Z', { number: null, type: 'significant_special' }),
    ])
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    expect(due().map(({ data }) => data.episodes.map(({ id }) => id))).toEqual([[102]])
  })

  test('is still announced if an edit moves it into the past or the catalogue gets it late', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-22T01:00:00Z')])
    await tick()
    await ticksUntil('2026-11-20T16:00:00Z')
    await show([episode(101, '2026-11-20T13:00:00Z'), episode(102, '2026-11-20T14:00:00Z')])
    await ticksUntil('2026-11-20T16:05:00Z')
    expect(due().map(({ id }) => id)).toEqual([
      `show/${id}@2026-11-20T13:00:00Z/1`,
      `show/${id}@2026-11-20T14:00:00Z/1`,
    ])
  })
})

describe('an episode that TVmaze edits', () => {
  const announced = async (episodes: Episode[]) => {
    await chat(1)
    await follow(1, id)
    await show(episodes)
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    expect(due()).toHaveLength(1)
  }

  test('is not announced again if it gets another number', async () => {
    await announced([episode(105, '2026-11-20T13:00:00Z')])
    await show([episode(105, '2026-11-20T13:00:00Z', { number: 6 })])
    await ticksUntil('2026-11-20T14:00:00Z')
    expect(due()).toHaveLength(1)
  })

  test('is not announced again if it is deleted and created again with another id', async () => {
    await announced([episode(105, '2026-11-20T13:00:00Z')])
    await show([episode(205, '2026-11-20T13:20:00Z', { number: 5 })])
    await ticksUntil('2026-11-20T14:00:00Z')
    expect(due()).toHaveLength(1)
  })

  test('does not suppress the next episode, which takes over its number', async () => {
    await announced([episode(105, '2026-11-20T13:00:00Z'), episode(106, '2026-11-20T15:00:00Z')])
    await show([
      episode(105, '2026-11-20T13:00:00Z', { number: 4 }),
      episode(106, '2026-11-20T15:00:00Z', { number: 5 }),
    ])
    await ticksUntil('2026-11-20T15:00:00Z')
    expect(due().map(({ data }) => data.episodes[0]!.id)).toEqual([105, 106])
  })
})

describe('an episode of which only the date is known', () => {
  test('is announced at 09:00 of each zone, to the chats of that zone', async () => {
    await chat(1)
    await chat(2, 'Europe/Lisbon')
    await chat(3, 'America/Rio_Branco')
    for (const who of [1, 2, 3]) await follow(who, id)
    await show([episode(101, '2026-11-21'), episode(102, '2026-11-21')])
    await tick()
    await ticksUntil('2026-11-22T12:00:00Z', 30)
    expect(
      due().map(event => [event.id, event.data.chats, publishedAt.get(event.id), event.data.episodes.length]),
    ).toEqual([
      [`show/${id}@2026-11-21/2`, [2], '2026-11-21T09:00:00.000Z', 2],
      [`show/${id}@2026-11-21/1`, [1], '2026-11-21T12:00:00.000Z', 2],
      [`show/${id}@2026-11-21/3`, [3], '2026-11-21T14:00:00.000Z', 2],
    ])
    expect(due()[0]!.data.episodes[0]).toMatchObject({ airdate: '2026-11-21', airstamp: null })
  })

  test('is not announced to a chat that follows after 09:00 on that day', async () => {
    await tick()
    at('2026-11-21T12:30:00Z')
    await chat(1)
    await follow(1, id, '2026-11-21T12:20:00Z')
    await show([episode(101, '2026-11-21')])
    await ticksUntil('2026-11-21T16:00:00Z')
    expect(due()).toEqual([])
  })

  test('is announced at 09:00 local time also when summer time begins or ends', async () => {
    at('2026-10-30T12:00:00Z')
    await chat(1, 'America/New_York')
    await follow(1, id)
    await show(['2026-10-31', '2026-11-01', '2026-11-02'].map((date, index) => episode(101 + index, date)))
    await tick()
    await ticksUntil('2026-11-03T00:00:00Z', 30)
    expect(due().map(({ id }) => publishedAt.get(id))).toEqual([
      '2026-10-31T13:00:00.000Z',
      '2026-11-01T14:00:00.000Z',
      '2026-11-02T14:00:00.000Z',
    ])
  })

  test('is announced at its hour if the hour becomes known on that day, except to chats that were told before', async () => {
    await chat(1)
    await chat(2, 'America/Rio_Branco')
    await follow(1, id)
    await follow(2, id)
    await show([episode(101, '2026-11-21')])
    await tick()
    await ticksUntil('2026-11-21T13:00:00Z', 30)
    await show([episode(101, '2026-11-21T13:30:00Z')])
    await ticksUntil('2026-11-21T18:00:00Z')
    expect(due().map(({ id }) => id)).toEqual([`show/${id}@2026-11-21/1`, `show/${id}@2026-11-21T13:30:00Z/2`])
  })
})

describe('real schedules', () => {
  test('a US late-night show is announced in the night when it airs, also when summer time ends', async () => {
    at('2026-10-29T12:00:00Z')
    await chat(1)
    await follow(1, id)
    // In TVmaze, the airdate of a broadcast at 00:37 is the day before. Only the airstamp is exact.
    const nights = ['2026-10-29', '2026-11-02', '2026-11-03'].map((airdate, index) => {
      const next = new Date(Date.parse(`${airdate}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
      const airs = instantOf(next, '00:37', 'America/New_York').toISOString().replace('.000Z', 'Z')
      return episode(101 + index, airs, { airdate })
    })
    await show(nights)
    await tick()
    await ticksUntil('2026-11-05T00:00:00Z', 30)
    expect(due().map(({ id }) => id.split('@')[1])).toEqual([
      '2026-10-30T04:37:00Z/1',
      '2026-11-03T05:37:00Z/1',
      '2026-11-04T05:37:00Z/1',
    ])
  })
})

describe('after a gap', () => {
  test('the episodes of the last 36 hours are announced one by one, and older episodes in one message', async () => {
    await chat(1)
    await follow(1, id)
    await show([
      episode(101, '2026-11-21T01:00:00Z'),
      episode(102, '2026-11-22T01:00:00Z'),
      episode(103, '2026-11-22'),
      episode(104, '2026-11-25T01:00:00Z'),
      episode(105, '2026-11-25'),
    ])
    await tick()
    at('2026-11-25T13:00:00Z')
    await tick()
    await tick()
    expect(published.map(({ id, type }) => [type, id])).toEqual([
      ['dev.vigia.episode.missed', 'episodes@2026-11-20T12:00:00.000Z/1'],
      ['dev.vigia.episode.due', `show/${id}@2026-11-25/1`],
      ['dev.vigia.episode.due', `show/${id}@2026-11-25T01:00:00Z/1`],
    ])
    expect(published[0]!.data).toMatchObject({
      from: '2026-11-20T12:00:00.000Z',
      chats: [1],
      shows: [{ show: { id }, episodes: [{ id: 101 }, { id: 102 }, { id: 103 }] }],
    })
  })

  test('an episode that was announced to some chats before the gap is announced to the others after it', async () => {
    await chat(1)
    await chat(2, 'America/Rio_Branco')
    await follow(1, id)
    await follow(2, id)
    await show([episode(101, '2026-11-21')])
    await tick()
    await ticksUntil('2026-11-21T12:00:00Z', 30)
    at('2026-11-24T12:00:00Z')
    await tick()
    expect(published.map(({ id }) => id)).toEqual([`show/${id}@2026-11-21/1`, 'episodes@2026-11-21T12:00:00.000Z/2'])
  })
})

describe('after a crash or a repeat', () => {
  test('no event is lost when the broker is unavailable: later ticks publish the events with the same ids', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-20T13:00:00Z'), episode(102, '2026-11-20T13:05:00Z')])
    await tick()
    at('2026-11-20T13:05:00Z')
    failWhen(event => event.id.endsWith('13:05:00Z/1'))
    await expect(tick('unlucky')).rejects.toThrow('unavailable')
    await expect(tick('unlucky')).rejects.toThrow('unavailable')
    failWhen(undefined)
    at('2026-11-20T13:10:00Z')
    await tick()
    await tick()
    expect(due().map(({ id }) => id)).toEqual([
      `show/${id}@2026-11-20T13:00:00Z/1`,
      `show/${id}@2026-11-20T13:05:00Z/1`,
    ])
  })

  test('an episode that is added between a crash and the repeat is announced', async () => {
    await chat(1)
    await follow(1, id)
    const first = episode(101, '2026-11-20T13:00:00Z')
    await show([first])
    await tick()
    at('2026-11-20T13:00:00Z')
    failWhen(() => true)
    await expect(tick()).rejects.toThrow('unavailable')
    await show([first, episode(102, '2026-11-20T13:00:00Z')])
    failWhen(undefined)
    await tick()
    expect(due().flatMap(({ data }) => data.episodes.map(({ id }) => id))).toEqual([101, 102])
  })

  test('the next tick announces everything if a tick fails while it reads the catalogue', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-20T13:00:00Z')])
    await tick()
    at('2026-11-20T13:00:00Z')
    const broken = { ...dependencies(), catalogue: { shows: () => Promise.reject(new Error('gone')) } }
    await expect(episodeChecker(rootCause('crash'), broken)).rejects.toThrow('gone')
    await tick()
    expect(due()).toHaveLength(1)
  })

  test('five parallel ticks announce an episode once', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-20T13:00:00Z')])
    await tick()
    at('2026-11-20T13:00:00Z')
    await Promise.all(Array.from({ length: 5 }, () => tick()))
    expect(due()).toHaveLength(1)
    expect((await database.db.query('select * from announcement')).rowCount).toBe(1)
  })
})
