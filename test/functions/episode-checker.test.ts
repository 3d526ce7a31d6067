import { describe, expect, test } from 'vitest'
import type { Episode } from '#database/series/show.ts'
import { rootCause } from '#events/event.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { instantOf } from '#functions/wording/dates.ts'
import {
  at,
  catalogue,
  chat,
  database,
  due,
  episode,
  failWhen,
  follow,
  id,
  outside,
  published,
  show,
  tick,
  ticksUntil,
  useChecker,
} from '#test/functions/episode-checker/support.ts'

useChecker()

describe('episodes whose hour is known', () => {
  test('one is announced once its instant has passed, and only once', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-21T01:00:00Z'), episode(102, '2026-11-28T01:00:00Z')])
    await tick()
    await ticksUntil('2026-11-21T00:55:00Z', 5)
    expect(due()).toEqual([])
    await ticksUntil('2026-11-21T03:00:00Z')
    expect(due()).toMatchObject([
      {
        id: `show/${id}@2026-11-21T01:00:00Z`,
        type: 'dev.vigia.episode.due',
        subject: `show/${id}`,
        data: {
          show: { id, name: 'Harbor Nine', channel: 'Meridian' },
          episodes: [{ id: 101, season: 1, number: 1, airstamp: '2026-11-21T01:00:00Z' }],
          followedBefore: '2026-11-21T01:00:00.000Z',
        },
      },
    ])
    expect(due()[0]!.data.zone).toBeUndefined()
  })

  test('the very first run announces what came out since it was followed, and nothing from before', async () => {
    await chat(1)
    await follow(1, id, '2026-11-20T11:30:00Z')
    await show([episode(101, '2026-11-20T11:00:00Z'), episode(102, '2026-11-20T11:45:00Z')])
    await tick()
    await ticksUntil('2026-11-20T14:00:00Z')
    expect(due().map(({ id }) => id)).toEqual([`show/${id}@2026-11-20T11:45:00Z`])
  })

  test('following an old show announces nothing of the past', async () => {
    await tick()
    at('2026-11-21T12:00:00Z')
    await chat(1)
    await follow(1, id, '2026-11-21T11:59:00Z')
    await show([episode(101, '2026-11-20T15:00:00Z'), episode(102, '2026-11-21T11:30:00Z')])
    await ticksUntil('2026-11-21T13:00:00Z', 30)
    expect(due()).toEqual([])
  })

  test('where nobody follows anything the catalogue is not asked, and need not be there', async () => {
    const away = () => Promise.reject(new Error('MongoDB is away'))
    const asking = () => episodeChecker(rootCause('tick'), { ...outside(), catalogue: { airing: away, dated: away } })
    await asking()
    await chat(7)
    await follow(7, id)
    await expect(asking()).rejects.toThrow('MongoDB is away')
  })

  test('a show that nobody follows is not announced', async () => {
    await show([episode(101, '2026-11-20T12:30:00Z')])
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    expect(due()).toEqual([])
  })

  test('several at one instant are one event, in their order', async () => {
    await chat(1)
    await follow(1, id)
    await show([8, 2, 3, 1, 5, 6, 7, 4].map(number => episode(100 + number, '2026-11-20T13:00:00Z')))
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    expect(due().map(({ data }) => data.episodes.map(({ number }) => number))).toEqual([[1, 2, 3, 4, 5, 6, 7, 8]])
  })

  test('one that joins an instant after the others were told has an event of its own', async () => {
    await chat(1)
    await follow(1, id)
    const episodes = [101, 102].map(each => episode(each, '2026-11-20T13:00:00Z'))
    await show(episodes)
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    await show([...episodes, episode(103, '2026-11-20T13:00:00Z')])
    await ticksUntil('2026-11-20T13:30:00Z')
    expect(due().map(event => [event.id, event.data.episodes.length])).toEqual([
      [`show/${id}@2026-11-20T13:00:00Z`, 2],
      [`show/${id}@2026-11-20T13:00:00Z/s1e3`, 1],
    ])
  })

  test('trailers and the like are not announced, specials that matter are', async () => {
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

  test('moved into the past by an edit, or brought late by the catalogue, it is still announced', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-22T01:00:00Z')])
    await tick()
    await ticksUntil('2026-11-20T16:00:00Z')
    await show([episode(101, '2026-11-20T13:00:00Z'), episode(102, '2026-11-20T14:00:00Z')])
    await ticksUntil('2026-11-20T16:05:00Z')
    expect(due().map(({ id }) => id)).toEqual([`show/${id}@2026-11-20T13:00:00Z`, `show/${id}@2026-11-20T14:00:00Z`])
  })
})

describe('the same episode, whatever TVMaze makes of it', () => {
  const told = async (episodes: Episode[]) => {
    await chat(1)
    await follow(1, id)
    await show(episodes)
    await tick()
    await ticksUntil('2026-11-20T13:00:00Z')
    expect(due()).toHaveLength(1)
  }

  test('renumbered after it was announced, it is not announced again', async () => {
    await told([episode(105, '2026-11-20T13:00:00Z')])
    await show([episode(105, '2026-11-20T13:00:00Z', { number: 6 })])
    await ticksUntil('2026-11-20T14:00:00Z')
    expect(due()).toHaveLength(1)
  })

  test('deleted and made anew with another id, it is not announced again', async () => {
    await told([episode(105, '2026-11-20T13:00:00Z')])
    await show([episode(205, '2026-11-20T13:20:00Z', { number: 5 })])
    await ticksUntil('2026-11-20T14:00:00Z')
    expect(due()).toHaveLength(1)
  })

  test('but the next one is announced, although it takes over the number of one that was', async () => {
    await told([episode(105, '2026-11-20T13:00:00Z'), episode(106, '2026-11-20T15:00:00Z')])
    await show([
      episode(105, '2026-11-20T13:00:00Z', { number: 4 }),
      episode(106, '2026-11-20T15:00:00Z', { number: 5 }),
    ])
    await ticksUntil('2026-11-20T15:00:00Z')
    expect(due().map(({ data }) => data.episodes[0]!.id)).toEqual([105, 106])
  })
})

describe('episodes of which only the date is known', () => {
  test('each zone hears at nine in its own morning, and only chats of that zone are meant', async () => {
    await chat(1)
    await chat(2, 'Europe/Lisbon')
    await chat(3, 'America/Rio_Branco')
    for (const who of [1, 2, 3]) await follow(who, id)
    await show([episode(101, '2026-11-21'), episode(102, '2026-11-21')])
    await tick()
    await ticksUntil('2026-11-22T12:00:00Z', 30)
    expect(
      due().map(event => [event.id, event.data.zone, event.data.followedBefore, event.data.episodes.length]),
    ).toEqual([
      [`show/${id}@2026-11-21/Europe-Lisbon`, 'Europe/Lisbon', '2026-11-21T09:00:00.000Z', 2],
      [`show/${id}@2026-11-21/America-Sao_Paulo`, 'America/Sao_Paulo', '2026-11-21T12:00:00.000Z', 2],
      [`show/${id}@2026-11-21/America-Rio_Branco`, 'America/Rio_Branco', '2026-11-21T14:00:00.000Z', 2],
    ])
    expect(due()[0]!.data.episodes[0]).toMatchObject({ airdate: '2026-11-21', airstamp: null })
  })

  test('who follows after nine on the day reads it on the card and gets no notice', async () => {
    await tick()
    at('2026-11-21T12:30:00Z')
    await chat(1)
    await follow(1, id, '2026-11-21T12:20:00Z')
    await show([episode(101, '2026-11-21')])
    await ticksUntil('2026-11-21T16:00:00Z')
    expect(due()).toEqual([])
  })

  test('nine is nine on the days when clocks change', async () => {
    at('2026-10-30T12:00:00Z')
    await chat(1, 'America/New_York')
    await follow(1, id)
    await show(['2026-10-31', '2026-11-01', '2026-11-02'].map((date, index) => episode(101 + index, date)))
    await tick()
    await ticksUntil('2026-11-03T00:00:00Z', 30)
    expect(due().map(({ data }) => data.followedBefore)).toEqual([
      '2026-10-31T13:00:00.000Z',
      '2026-11-01T14:00:00.000Z',
      '2026-11-02T14:00:00.000Z',
    ])
  })

  test('when the hour becomes known on the day, those who heard in the morning do not hear again, the others do', async () => {
    await chat(1)
    await chat(2, 'America/Rio_Branco')
    await follow(1, id)
    await follow(2, id)
    await show([episode(101, '2026-11-21')])
    await tick()
    await ticksUntil('2026-11-21T13:00:00Z', 30)
    await show([episode(101, '2026-11-21T13:30:00Z')])
    await ticksUntil('2026-11-21T18:00:00Z')
    expect(due().map(event => [event.id, event.data.zone])).toEqual([
      [`show/${id}@2026-11-21/America-Sao_Paulo`, 'America/Sao_Paulo'],
      [`show/${id}@2026-11-21T13:30:00Z/America-Rio_Branco`, 'America/Rio_Branco'],
    ])
  })
})

describe('real schedules', () => {
  test('a US late-night show is announced on the night it airs, in the week of the clock change too', async () => {
    at('2026-10-29T12:00:00Z')
    await chat(1)
    await follow(1, id)
    // TVMaze counts 00:37 to the evening before; only the airstamp says when it is.
    const nights = ['2026-10-29', '2026-11-02', '2026-11-03'].map((airdate, index) => {
      const next = new Date(Date.parse(`${airdate}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
      const airs = instantOf(next, '00:37', 'America/New_York').toISOString().replace('.000Z', 'Z')
      return episode(101 + index, airs, { airdate })
    })
    await show(nights)
    await tick()
    await ticksUntil('2026-11-05T00:00:00Z', 30)
    expect(due().map(({ id }) => id.split('@')[1])).toEqual([
      '2026-10-30T04:37:00Z',
      '2026-11-03T05:37:00Z',
      '2026-11-04T05:37:00Z',
    ])
  })
})

describe('after a gap', () => {
  test('what aired within 36 hours is announced on its own, what is older is one message', async () => {
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
      ['dev.vigia.episode.missed', 'episodes@2026-11-20T12:00:00.000Z'],
      ['dev.vigia.episode.due', `show/${id}@2026-11-25/America-Sao_Paulo`],
      ['dev.vigia.episode.due', `show/${id}@2026-11-25T01:00:00Z`],
    ])
    expect(published[0]!.data).toMatchObject({
      from: '2026-11-20T12:00:00.000Z',
      shows: [{ show: { id }, episodes: [{ id: 101 }, { id: 102 }, { id: 103 }] }],
    })
  })

  test('where some zones had heard before the gap, the others hear on their own', async () => {
    await chat(1)
    await chat(2, 'America/Rio_Branco')
    await follow(1, id)
    await follow(2, id)
    await show([episode(101, '2026-11-21')])
    await tick()
    await ticksUntil('2026-11-21T12:00:00Z', 30)
    at('2026-11-24T12:00:00Z')
    await tick()
    expect(published.map(({ id }) => id)).toEqual([
      `show/${id}@2026-11-21/America-Sao_Paulo`,
      `show/${id}@2026-11-21/America-Rio_Branco`,
    ])
  })
})

describe('crashes and repeats', () => {
  test('the broker is away: the events are published later, with the same ids, and none is lost', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-20T13:00:00Z'), episode(102, '2026-11-20T13:05:00Z')])
    await tick()
    at('2026-11-20T13:05:00Z')
    failWhen(event => event.id.endsWith('13:05:00Z'))
    await expect(tick('unlucky')).rejects.toThrow('away')
    await expect(tick('unlucky')).rejects.toThrow('away')
    failWhen(undefined)
    at('2026-11-20T13:10:00Z')
    await tick()
    await tick()
    expect(due().map(({ id }) => id)).toEqual([`show/${id}@2026-11-20T13:00:00Z`, `show/${id}@2026-11-20T13:05:00Z`])
  })

  test('an episode that joins between a crash and the repeat is not swallowed', async () => {
    await chat(1)
    await follow(1, id)
    const first = episode(101, '2026-11-20T13:00:00Z')
    await show([first])
    await tick()
    at('2026-11-20T13:00:00Z')
    failWhen(() => true)
    await expect(tick()).rejects.toThrow('away')
    await show([first, episode(102, '2026-11-20T13:00:00Z')])
    failWhen(undefined)
    await tick()
    expect(due().flatMap(({ data }) => data.episodes.map(({ id }) => id))).toEqual([101, 102])
  })

  test('a crash while looking keeps nothing, and the next tick finds everything', async () => {
    await chat(1)
    await follow(1, id)
    await show([episode(101, '2026-11-20T13:00:00Z')])
    await tick()
    at('2026-11-20T13:00:00Z')
    const broken = { ...outside(), catalogue: { ...catalogue, dated: () => Promise.reject(new Error('gone')) } }
    await expect(episodeChecker(rootCause('crash'), broken)).rejects.toThrow('gone')
    await tick()
    expect(due()).toHaveLength(1)
  })

  test('five ticks at once announce once', async () => {
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
