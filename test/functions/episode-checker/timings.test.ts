import { describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { type NoticeChange, noticeSettingsIn } from '#database/series/notice-settings.ts'
import type { Channel } from '#database/series/show.ts'
import type { EpisodeDigest } from '#events/episode-digest.ts'
import type { DataOf } from '#events/event.ts'
import {
  at,
  chat,
  database,
  due,
  episode,
  follow,
  id,
  now,
  published,
  publishedAt,
  show,
  tick,
  ticksUntil,
  useChecker,
} from './support.ts'

useChecker()

const settings = () => noticeSettingsIn(database.db)
const set = (change: NoticeChange, showId = 0, chatId = 1) => settings().change(chatId, showId, change, now)
const quiet = (from: number, to: number) => settings().setQuiet(1, { from: from * 60, to: to * 60 }, now)

/** What was told, and when: `101 2026-11-21T01:00`, or `101,102 daily 2026-11-21T12:00`. */
const told = () =>
  published.map(event => {
    const { why, shows, episodes } = event.data as DataOf<typeof EpisodeDigest> & { episodes?: { id: number }[] }
    const ids = (episodes ?? shows.flatMap(each => each.episodes)).map(({ id }) => id).join(',')
    return [ids, why, publishedAt.get(event.id)!.slice(0, 16)].filter(Boolean).join(' ')
  })

const follower = async () => {
  await chat(1)
  await follow(1, id)
}

describe('countries and channels', () => {
  const brazilian: Channel = { id: 12, kind: 'network', name: 'TV Brasil', country: 'BR' }
  const worldwide: Channel = { id: 1, kind: 'web', name: 'Netflix', country: null }
  test.each<[string, string[], Channel[] | undefined]>([
    ['all, if none is chosen', [], [brazilian]],
    ['a chosen country', ['BR'], [brazilian]],
    ['a chosen network', ['US', 'n12'], [brazilian]],
    ['a chosen streaming service of a series that is also on a network', ['w1'], [brazilian, worldwide]],
    ['services of several countries', ['global'], [worldwide]],
    ['a series whose channel is not known', ['BR'], []],
    ['a series of an earlier release, without channels', ['BR'], undefined],
  ])('are told: %s', async (_, schedules, channels) => {
    await follower()
    await set({ schedules })
    await show([episode(101, '2026-11-21T18:00:00Z')], { ...(channels && { channels }) })
    await ticksUntil('2026-11-22T13:00:00Z', 60)
    expect(told()).toEqual(['101 2026-11-21T18:00'])
  })

  test('are not told otherwise, unless the series has a choice of its own', async () => {
    await follower()
    await chat(2)
    await follow(2, id)
    await show([episode(101, '2026-11-21T18:00:00Z')], { channels: [brazilian] })
    for (const chatId of [1, 2]) await set({ schedules: ['US', 'w12', 'n1', 'global'] }, 0, chatId)
    await set({ schedules: [] }, id, 2)
    await ticksUntil('2026-11-22T13:00:00Z', 60)
    expect(due().map(({ data }) => data.chats)).toEqual([[2]])
  })
})

describe('an episode is told', () => {
  test.each<[string, NoticeChange, string]>([
    ['when it comes out', {}, '101 2026-11-21T18:00'],
    ['some hours later', { timing: 'later', laterHours: 3 }, '101 2026-11-21T21:00'],
    ['an hour before', { timing: 'hour' }, '101 2026-11-21T17:00'],
    ['a day before', { timing: 'day' }, '101 2026-11-20T18:00'],
    ['in a daily digest', { timing: 'daily', digestHour: 7 }, '101 daily 2026-11-21T10:00'],
    ['in a weekly digest', { timing: 'weekly', digestHour: 10, digestWeekday: 6 }, '101 weekly 2026-11-21T13:00'],
  ])('once %s', async (_, change, expected) => {
    await follower()
    await set(change)
    await show([episode(101, '2026-11-21T18:00:00Z')])
    await ticksUntil('2026-11-22T13:00:00Z', 30)
    expect(told()).toEqual([expected])
  })

  test.each<[string, NoticeChange, string]>([
    ['an hour before', { timing: 'hour' }, '101 2026-11-21T12:00'],
    ['a day before', { timing: 'day' }, '101 2026-11-20T12:30'],
    ['in a daily digest', { timing: 'daily', digestHour: 20 }, '101 daily 2026-11-20T23:00'],
  ])('%s without a time if only its date is known', async (_, change, expected) => {
    await follower()
    await set(change)
    await tick()
    await show([episode(101, '2026-11-21')])
    await ticksUntil('2026-11-22T13:00:00Z', 30)
    expect(told()).toEqual([expected])
  })

  test('as the choice for its series says, and else as the chat has chosen', async () => {
    await follower()
    await set({ timing: 'day' })
    await set({ timing: 'hour' }, id)
    await show([episode(101, '2026-11-21T18:00:00Z')])
    await ticksUntil('2026-11-21T19:00:00Z', 30)
    expect(told()).toEqual(['101 2026-11-21T17:00'])
    await settings().forgetShow(1, id, now)
    await show([episode(101, '2026-11-21T18:00:00Z'), episode(102, '2026-11-23T18:00:00Z')])
    await ticksUntil('2026-11-23T19:00:00Z', 30)
    expect(told().slice(1)).toEqual(['102 2026-11-22T18:00'])
  })

  test('once also if the choice changes between two times', async () => {
    await follower()
    await set({ timing: 'hour' })
    await show([episode(101, '2026-11-20T14:00:00Z'), episode(102, '2026-11-20T20:00:00Z')])
    await ticksUntil('2026-11-20T13:30:00Z', 30)
    await set({ timing: 'air' })
    await ticksUntil('2026-11-20T19:30:00Z', 30)
    expect(told()).toEqual(['101 2026-11-20T13:00'])
    // The hour before has passed already, so the episode is told at once.
    await set({ timing: 'hour' })
    await ticksUntil('2026-11-20T22:00:00Z', 30)
    expect(told().slice(1)).toEqual(['102 2026-11-20T20:00'])
  })

  test('again if it was postponed after it was told a day before', async () => {
    await follower()
    await set({ timing: 'day' })
    await show([episode(101, '2026-11-21T18:00:00Z')])
    await ticksUntil('2026-11-20T20:00:00Z', 30)
    await show([episode(101, '2026-11-28T18:00:00Z')])
    await ticksUntil('2026-11-29T00:00:00Z', 60)
    expect(told()).toEqual(['101 2026-11-20T18:00', '101 2026-11-27T18:00'])
  })

  test('once if the zone of the chat changes on a day of which only the date is known', async () => {
    await chat(1, 'Asia/Tokyo')
    await follow(1, id)
    await show([episode(101, '2026-11-21'), episode(102, '2026-11-22')])
    await ticksUntil('2026-11-21T01:00:00Z', 30)
    await chatsIn(database.db).setZone(1, 'America/Sao_Paulo')
    await ticksUntil('2026-11-21T20:00:00Z', 30)
    expect(told()).toEqual(['101 2026-11-21T00:00'])
    // In Tokyo it is nine o'clock on the 22nd already when the chat moves there.
    await ticksUntil('2026-11-22T02:00:00Z', 30)
    await chatsIn(database.db).setZone(1, 'Asia/Tokyo')
    await ticksUntil('2026-11-22T20:00:00Z', 30)
    expect(told().slice(1)).toEqual(['102 2026-11-22T02:30'])
  })
})

describe('only some episodes', () => {
  const season = [1, 2, 3].map(number => episode(100 + number, `2026-11-2${number}T18:00:00Z`))
  test.each<[NoticeChange['episodes'], string[]]>([
    ['premieres', ['101']],
    ['finales', ['103']],
    ['both', ['101', '103']],
    ['all', ['101', '102', '103']],
  ])('are told to a chat that wants %s', async (episodes, expected) => {
    await follower()
    await set({ episodes: episodes! })
    await show(season, { seasons: [{ number: 1, episodes: 3 }] })
    await ticksUntil('2026-11-24T00:00:00Z', 60)
    expect(told().map(each => each.split(' ')[0])).toEqual(expected)
  })

  test('are told to a chat that wants all specials, or none', async () => {
    const specials = [
      episode(101, '2026-11-21T18:00:00Z', { number: null, type: 'insignificant_special' }),
      episode(102, '2026-11-22T18:00:00Z', { number: null, type: 'significant_special' }),
    ]
    await follower()
    await chat(2)
    await follow(2, id)
    await set({ specials: 'all' })
    await set({ specials: 'none' }, id, 2)
    await show(specials)
    await ticksUntil('2026-11-23T00:00:00Z', 60)
    expect(due().map(({ data }) => [data.episodes[0]!.id, data.chats])).toEqual([
      [101, [1]],
      [102, [1]],
    ])
  })
})

describe('a series that is muted', () => {
  test('is told again from the date on, and nothing that came out before', async () => {
    await follower()
    await set({ mutedUntil: new Date('2026-11-22T12:00:00Z') }, id)
    await show([101, 102, 103].map((each, day) => episode(each, `2026-11-2${1 + day}T10:00:00Z`)))
    await ticksUntil('2026-11-24T00:00:00Z', 60)
    expect(told()).toEqual(['103 2026-11-23T10:00'])
  })

  test('is told from the moment on at which the silence is ended early', async () => {
    await follower()
    await set({ mutedUntil: new Date('2026-12-22T12:00:00Z') })
    await show([101, 102].map((each, day) => episode(each, `2026-11-2${1 + day}T10:00:00Z`)))
    await ticksUntil('2026-11-21T12:00:00Z', 60)
    await set({ mutedUntil: now })
    await ticksUntil('2026-11-23T00:00:00Z', 60)
    expect(told()).toEqual(['102 2026-11-22T10:00'])
  })
})

describe('quiet hours', () => {
  test('hold the notices until their end, in one message and in order', async () => {
    await follower()
    await quiet(22, 8)
    await show([
      episode(101, '2026-11-20T20:00:00Z'),
      episode(103, '2026-11-21T05:00:00Z'),
      episode(102, '2026-11-21T02:00:00Z'),
      episode(104, '2026-11-21T15:00:00Z'),
    ])
    await ticksUntil('2026-11-21T16:00:00Z', 30)
    expect(told()).toEqual(['101 2026-11-20T20:00', '102,103 quiet 2026-11-21T11:00', '104 2026-11-21T15:00'])
  })

  test('that are removed release at once what they hold', async () => {
    await follower()
    await quiet(22, 8)
    await show([episode(101, '2026-11-21T02:00:00Z')])
    await ticksUntil('2026-11-21T04:00:00Z', 30)
    await settings().setQuiet(1, null, now)
    await ticksUntil('2026-11-21T12:00:00Z', 30)
    expect(told()).toEqual(['101 2026-11-21T04:30'])
  })

  test('hold a digest too', async () => {
    await follower()
    await set({ timing: 'daily', digestHour: 7 })
    await quiet(22, 8)
    await show([episode(101, '2026-11-21T15:00:00Z')])
    await ticksUntil('2026-11-21T16:00:00Z', 30)
    expect(told()).toEqual(['101 daily 2026-11-21T11:00'])
  })
})

test('a chat that could not be reached is told about the last 36 hours when it uses the bot again', async () => {
  await follower()
  await show([episode(101, '2026-11-20T18:00:00Z'), episode(102, '2026-11-22T18:00:00Z')])
  await chatsIn(database.db).markUnreachable(1, 'blocked')
  await ticksUntil('2026-11-23T00:00:00Z', 60)
  await chatsIn(database.db).upsert({ id: 1, kind: 'private', language: 'pt-BR' })
  await tick()
  expect(told()).toEqual(['102 2026-11-23T00:00'])
})

test('600 chats get their notice at the same tick, in events of at most 500 chats, and nothing is due afterwards', async () => {
  await database.db.query(`insert into chat (id, kind) select each, 'private' from generate_series(1, 600) each`)
  await database.db.query(
    `insert into follow (chat_id, subject, followed_at) select id, 'show/' || $1, '2026-01-01' from chat`,
    [String(id)],
  )
  await show([episode(101, '2026-11-20T13:00:00Z')])
  await tick()
  at('2026-11-20T13:00:00Z')
  await tick()
  expect(due().flatMap(({ data }) => data.chats).length).toBe(600)
  expect(due().every(({ data }) => data.chats!.length <= 500)).toBe(true)
  const { rows } = await database.db.query<{ due: number }>('select count(*) as due from follow where next_at <= $1', [
    now,
  ])
  expect(rows).toEqual([{ due: 0 }])
}, 240_000)
