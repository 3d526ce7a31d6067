import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { validatorOf } from '#events/validate.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { seriesFollowed } from '#functions/series-refresher/series-followed.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { plain } from '#functions/telegram/html.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import type { NewEpisode, NewShow } from '#simulators/tvmaze.ts'
import { startTvmaze, type TvmazeSimulator } from '#simulators/tvmaze.ts'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** A Saturday, nine in the morning in São Paulo. */
const start = new Date('2026-11-21T12:00:00Z')

let database: TestDatabase
let simulator: TvmazeSimulator
let catalogue: ReturnType<typeof catalogueIn>
let closeMongo: () => Promise<void>
let now: Date
let published: VigiaEvent[]
let messages: DataOf<typeof MessageRequested>[]
let ticks = 0

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  now = start
  published = []
  messages = []
  await database.db.query('truncate chat, cursor, announcement, announcement_event, skipped_record cascade')
  simulator = await startTvmaze({ clock: () => now, limit: false })
  const server = await freshMongo()
  catalogue = catalogueIn(server.mongo)
  closeMongo = server.end
})
afterEach(async () => {
  await simulator.stop()
  await closeMongo()
})

const outside = () => ({
  db: database.db,
  tvmaze: tvmaze(simulator.url, { clock: () => now, wait: async () => {}, callsPerTenSeconds: 10_000 }),
  catalogue,
  follows: followsIn(database.db),
  chats: chatsIn(database.db),
  announcements: announcementsIn(database.db),
  cursors: cursorsIn(database.db),
  missingShows: missingShowsIn(database.db),
  skippedRecords: skippedRecordsIn(database.db),
  publish: async (events: readonly VigiaEvent[]) => {
    for (const event of events) await taken(event)
  },
  clock: () => now,
  log: pino({ level: 'silent' }),
})
const refresh = () => seriesRefresher(rootCause(`refresh-${ticks++}`), outside())
const check = () => episodeChecker(rootCause(`check-${ticks++}`), outside())
const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
/** Time passes as it does: the checker ticks, the refresher hourly. */
const until = async (end: Date, stepMs = HOUR) => {
  while (now < end) {
    now = new Date(Math.min(end.getTime(), now.getTime() + stepMs))
    await refresh()
    await check()
  }
}
const at = (ms: number) => new Date(start.getTime() + ms)
const on = (day: number) => new Date(start.getTime() + day * DAY).toISOString().slice(0, 10)

const chat = async (id: number, zone = 'America/Sao_Paulo', language: Language = 'pt-BR') => {
  await chatsIn(database.db).upsert({ id, kind: 'private', language })
  await chatsIn(database.db).setZone(id, zone)
}
const follow = (id: number, show: number, since = new Date('2026-01-01T00:00:00Z')) =>
  followsIn(database.db).follow(id, `show/${show}`, since, 'Farol')
/** A series that chat 1 has followed for long, and that the catalogue knows. */
const series = async (episodes: NewEpisode[], more: Partial<NewShow> = {}) => {
  await chat(1)
  const show = simulator.addShow({ name: 'Farol', on: { br: 'Globo' }, episodes, ...more })
  await follow(1, show.id)
  await refresh()
  await check()
  later(MINUTE)
  return show
}

/** What a chat has read so far, oldest first. */
const told = async (chatId = 1): Promise<string[]> =>
  messages.filter(message => message.chatId === chatId).map(({ html }) => plain(html).replaceAll('\n', ' | '))

const definitions = {
  [EpisodeDue.name]: EpisodeDue,
  [EpisodeMissed.name]: EpisodeMissed,
  [SeriesChanged.name]: SeriesChanged,
}

/** An event as the broker takes it: once, and handed on at once. */
const taken = async (event: VigiaEvent) => {
  if (published.some(({ id }) => id === event.id)) return
  published.push(event)
  const of = event.type.replace('dev.vigia.', '')
  const definition = definitions[of]
  if (definition === undefined) return
  const valid = validatorOf(definition)
  expect(valid(event.data), JSON.stringify(valid.errors)).toBe(true)
  const requests = await notificationFanout(event, { of, data: event.data } as never, outside())
  messages.push(...(requests as VigiaEvent<DataOf<typeof MessageRequested>>[]).map(({ data }) => data))
}

const kinds = () =>
  published.map(({ type, data }) => {
    const { change, why } = data as { change?: string; why?: string }
    return [type.replace('dev.vigia.', ''), change ?? why].filter(Boolean).join(' ')
  })

describe('an episode that was announced as out', () => {
  test('and is put off by six days is told as put off, and announced when it airs', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: 4 }])
    await check()
    expect(kinds()).toEqual(['episode.due'])
    later(HOUR)
    simulator.setAirdate(show.episodes[0]!.id, { at: at(6 * DAY) })
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due', 'series.changed moved'])
    expect((await told())[1]).toMatch(/mudou de data .*antes: .*hoje.*agora: .*27 nov/)
    await until(at(5 * DAY + 23 * HOUR))
    expect(kinds().length).toBe(2)
    await until(at(6 * DAY + 2 * HOUR))
    expect(kinds()).toEqual(['episode.due', 'series.changed moved', 'episode.due'])
    await until(at(9 * DAY), 6 * HOUR)
    expect(kinds().length).toBe(3)
  })

  test('moved twice is announced at the last date only', async () => {
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

  test('moved and moved back is told each time, and not announced again', async () => {
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
    expect((await told()).at(-1)).toMatch(/agora: .*21 nov|agora: hoje/)
  })

  test.each<[string, number]>([
    ['an earlier day', -3 * DAY],
    ['an hour later the same evening', HOUR],
    ['half an hour past midnight', 13 * HOUR],
  ])('and moved to %s is out, as was said', async (_, by) => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    simulator.setAirdate(show.episodes[0]!.id, { at: at(by) })
    later(HOUR)
    await refresh()
    await until(at(2 * DAY), 6 * HOUR)
    expect(kinds().filter(kind => kind === 'episode.due').length).toBe(1)
  })

  test('in some zones only: the others hear of the new date, and all of the episode when it airs', async () => {
    await chat(2, 'Asia/Tokyo')
    const show = simulator.addShow({ name: 'Farol', on: { streamer: 'Netflix' }, episodes: [{ airs: { on: on(1) } }] })
    await follow(2, show.id)
    await chat(1)
    await follow(1, show.id)
    await refresh()
    // Nine o'clock on the 22nd is midnight UTC in Tokyo, noon in São Paulo.
    now = new Date('2026-11-22T00:10:00Z')
    await check()
    expect(await told(2)).toHaveLength(1)
    expect(await told(1)).toHaveLength(0)
    simulator.setAirdate(show.episodes[0]!.id, { on: on(7) })
    await until(new Date('2026-11-29T00:00:00Z'), 3 * HOUR)
    expect(await told(2)).toMatchObject([/Saiu|sai/, /mudou de data/, /Saiu|sai/])
    expect(await told(1)).toMatchObject([/mudou de data/, /Saiu|sai/])
  })

  test('by its date is not announced again when its hour becomes known, unless the hour is on another day', async () => {
    const show = await series([{ airs: { on: on(0) } }], { on: { streamer: 'Netflix' } })
    now = at(10 * MINUTE)
    await check()
    expect(kinds()).toEqual(['episode.due'])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(10 * HOUR) })
    await until(at(12 * HOUR))
    expect(kinds()).toEqual(['episode.due'])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(3 * DAY) })
    await until(at(4 * DAY), 3 * HOUR)
    expect(kinds()).toEqual(['episode.due', 'series.changed moved', 'episode.due'])
  })

  test('and loses its date is told as put off, then its new date once, and is announced when it airs', async () => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    simulator.setAirdate(show.episodes[0]!.id, 'unannounced')
    await until(at(6 * HOUR))
    simulator.editShow(show.id, { summary: 'Edited' })
    await until(at(12 * HOUR))
    simulator.setAirdate(show.episodes[0]!.id, { at: at(5 * DAY) })
    await until(at(6 * DAY), 6 * HOUR)
    expect(await told()).toMatchObject([
      /Saiu episódio novo/,
      /adiado, sem nova data/,
      /antes: ainda sem data.*agora: qui/,
      /Saiu episódio novo/,
    ])
  })

  test('and loses its date is told as put off without a new one', async () => {
    const show = await series([{ airs: { at: at(0) } }])
    await check()
    simulator.setAirdate(show.episodes[0]!.id, 'unannounced')
    later(HOUR)
    await refresh()
    expect((await told())[1]).toMatch(/adiado, sem nova data/)
  })
})

describe('an episode that TVMaze enters anew with another id', () => {
  test.each<[string, NewEpisode]>([
    ['a special', { airs: { at: at(0) }, season: 1, number: null, name: 'Especial de Natal' }],
    ['an episode with a number', { airs: { at: at(0) }, season: 1, number: 4, name: 'Quatro' }],
  ])('%s is not announced twice', async (_, given) => {
    const show = await series([given])
    await check()
    for (const pause of [HOUR, 40 * HOUR]) {
      simulator.deleteEpisode(simulator.show(show.id)!.episodes[0]!.id)
      later(pause)
      await refresh()
      await check()
      simulator.addEpisode(show.id, { ...given, name: given.name!.toUpperCase() })
      later(MINUTE)
      await refresh()
      await check()
    }
    expect(kinds()).toEqual(['episode.due'])
  })

  test('a special that gets a number on the way is not announced twice', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: null, name: 'O Fim' }])
    await check()
    simulator.deleteEpisode(show.episodes[0]!.id)
    simulator.addEpisode(show.id, { airs: { at: at(0) }, season: 1, number: 9, name: 'O Fim' })
    later(HOUR)
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due'])
  })

  test.each<[string, NewEpisode, NewEpisode]>([
    [
      'a special with another name',
      { airs: { at: at(0) }, season: 1, number: null, name: 'Especial' },
      { airs: { at: at(0) }, season: 1, number: null, name: 'Especial de Natal' },
    ],
    [
      'a special dated a day earlier',
      { airs: { at: at(0) }, season: 1, number: null, name: 'Especial' },
      { airs: { at: at(-DAY) }, season: 1, number: null, name: 'Especial' },
    ],
    [
      'an episode that becomes a special',
      { airs: { at: at(0) }, season: 1, number: 9, name: 'Fim' },
      { airs: { at: at(0) }, season: 1, number: null, name: 'O Fim' },
    ],
    [
      'an episode with another number',
      { airs: { at: at(0) }, season: 1, number: 9 },
      { airs: { on: on(0) }, season: 2, number: 1 },
    ],
  ])('%s is not announced twice', async (_, given, anew) => {
    const show = await series([given])
    await check()
    simulator.deleteEpisode(show.episodes[0]!.id)
    simulator.addEpisode(show.id, anew)
    for (const pause of [HOUR, 12 * HOUR]) {
      later(pause)
      await refresh()
      await check()
    }
    expect(kinds()).toEqual(['episode.due'])
  })

  test('as two episodes has the second one announced', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: 4 }])
    await check()
    simulator.deleteEpisode(show.episodes[0]!.id)
    for (const number of [4, 5]) simulator.addEpisode(show.id, { airs: { at: at(0) }, season: 1, number })
    later(HOUR)
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due', 'episode.due'])
    expect((await told())[1]).toContain('T1 E5')
  })

  test('another special of the same day is announced', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: null, name: 'Bastidores' }])
    await check()
    simulator.addEpisode(show.id, { airs: { at: at(0) }, season: 1, number: null, name: 'Entrevistas' })
    later(HOUR)
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due', 'episode.due'])
  })

  test('a special that is next and comes back with another date is told as moved', async () => {
    const show = await series([{ airs: { at: at(3 * DAY) }, season: 1, number: null, name: 'Especial de Natal' }])
    simulator.deleteEpisode(show.episodes[0]!.id)
    simulator.addEpisode(show.id, { airs: { at: at(9 * DAY) }, season: 1, number: null, name: 'Especial de Natal' })
    later(HOUR)
    await refresh()
    expect(kinds()).toEqual(['series.changed moved'])
  })
})

describe('late news', () => {
  test('a premiere that was moved from Friday to three days ago is told once, as out', async () => {
    const show = await series([{ airs: { at: at(6 * DAY) }, season: 2, number: 1 }])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(-3 * DAY) })
    await until(at(8 * DAY), 6 * HOUR)
    expect(kinds()).toEqual(['episode.missed late'])
    expect(await told()).toMatchObject([/Saiu sem aviso.*Farol T2 E1/])
  })

  test('an episode that was entered two days after it aired is told once, to who followed then', async () => {
    const show = await series([{ airs: { at: at(-9 * DAY) }, season: 1, number: 1 }])
    await chat(2, 'Europe/Lisbon', 'en')
    await follow(2, show.id, at(-DAY))
    simulator.addEpisode(show.id, { airs: { at: at(-2 * DAY) }, season: 1, number: 2 })
    await until(at(DAY), 6 * HOUR)
    expect(kinds()).toEqual(['episode.missed late'])
    expect(await told()).toHaveLength(1)
    expect(await told(2)).toEqual([])
  })

  test('a whole season that came out two days ago without notice is one line', async () => {
    const show = await series([{ airs: { on: on(-300) }, season: 1, number: 1 }], { on: { streamer: 'Netflix' } })
    for (let number = 1; number <= 8; number++)
      simulator.addEpisode(show.id, { airs: { on: on(-2) }, season: 2, number })
    await until(at(DAY), 6 * HOUR)
    expect(await told()).toMatchObject([/T2 E1–E8/])
  })

  test('what came out a day ago is announced as usual, and only so', async () => {
    const show = await series([{ airs: { at: at(6 * DAY) } }])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(-DAY) })
    await until(at(3 * DAY), 6 * HOUR)
    expect(kinds()).toEqual(['episode.due'])
  })

  test.each([34, 35, 35.75, 36, 36.25, 37])('at the edge, %s hours ago, it is told once and not twice', async hours => {
    const show = await series([{ airs: { at: at(6 * DAY) } }])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(-hours * HOUR) })
    await refresh()
    for (let tick = 0; tick < 12; tick++) {
      later(5 * MINUTE)
      await check()
    }
    expect(await told()).toHaveLength(1)
  })

  test.each<[string, number[]]>([
    ['eight old episodes at once', [-80, -73, -66, -59, -52, -45, -38, -31]],
    ['eight weekly ones of which the last is recent', [-52, -45, -38, -31, -24, -17, -10, -3]],
    ['one of three weeks ago', [-21]],
  ])('a back catalogue is no news: %s', async (_, days) => {
    const show = await series([{ airs: { at: at(6 * DAY) }, season: 9, number: 1 }])
    for (const [index, day] of days.entries())
      simulator.addEpisode(show.id, { airs: { at: at(day * DAY) }, season: 1, number: index + 1 })
    await until(at(DAY), 6 * HOUR)
    expect(kinds()).toEqual([])
  })

  test('a series followed just now, or fetched for the first time, tells nothing of its past', async () => {
    const show = await series([{ airs: { at: at(-3 * DAY) } }])
    await until(at(DAY), 6 * HOUR)
    simulator.addEpisode(show.id, { airs: { at: at(-2 * DAY) } })
    await followsIn(database.db).unfollow(1, `show/${show.id}`)
    await follow(1, show.id, now)
    await until(at(2 * DAY), 6 * HOUR)
    expect(await told()).toEqual([])
  })

  test('a crash between telling and keeping says it again with the same id', async () => {
    const show = await series([{ airs: { at: at(6 * DAY) } }])
    simulator.setAirdate(show.episodes[0]!.id, { at: at(-3 * DAY) })
    later(HOUR)
    const crashing = { ...outside(), catalogue: { ...catalogue, keep: () => Promise.reject(new Error('gone')) } }
    await expect(seriesRefresher(rootCause('crash'), crashing)).rejects.toThrow('gone')
    await until(at(DAY), 3 * HOUR)
    expect(kinds()).toEqual(['episode.missed late'])
    const silent = { ...outside(), publish: () => Promise.reject(new Error('broker away')) }
    simulator.addEpisode(show.id, { airs: { at: at(-2 * DAY) } })
    later(HOUR)
    await expect(seriesRefresher(rootCause('mute'), silent)).rejects.toThrow('broker away')
    await until(at(2 * DAY), 3 * HOUR)
    expect(kinds()).toEqual(['episode.missed late', 'episode.missed late'])
  })
})

describe('a series that ends', () => {
  test('with a special still to come ends with that one', async () => {
    const show = await series([
      { airs: { at: at(-30 * DAY) }, season: 1, number: 8 },
      { airs: { at: at(6 * DAY) }, season: 1, number: null, name: 'Adeus' },
    ])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect(await told()).toMatchObject([/está acabando.*último episódio.*Adeus.*27 nov/])
    await until(at(7 * DAY), 3 * HOUR)
    expect(kinds()).toEqual(['series.changed ended', 'episode.due'])
  })

  test('cancelled with three episodes left names the last of them', async () => {
    const show = await series(
      [2, 9, 16].map((day, index) => ({ airs: { at: at(day * DAY) }, season: 3, number: 6 + index })),
    )
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect(await told()).toMatchObject([/último episódio.*T3 E8/])
  })

  test('with one of today whose hour nobody knows ends with that one', async () => {
    const show = await series([{ airs: { on: on(0) } }])
    later(6 * HOUR)
    simulator.editShow(show.id, { status: 'Ended' })
    await refresh()
    expect((await told()).at(-1)).toMatch(/último episódio previsto.*T1 E1.*hoje/)
  })

  test('with one that has no date yet does not say that none is planned', async () => {
    const show = await series([{ airs: { at: at(-3 * DAY) } }, { airs: 'unannounced' }])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect((await told()).at(-1)).toMatch(/último episódio previsto.*T1 E2.*ainda sem data/)
  })

  test('with an older one that was never dated has no more episodes', async () => {
    const show = await series([
      { airs: { at: at(-9 * DAY) }, season: 1, number: 2 },
      { airs: 'unannounced', season: 1, number: 1 },
      { airs: 'unannounced', season: 0, number: null, name: 'Piloto' },
    ])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect((await told()).at(-1)).toMatch(/não há mais episódios previstos/)
  })

  test('without anything to come has no more episodes', async () => {
    const show = await series([{ airs: { at: at(-30 * DAY) } }, { airs: 'unannounced' }])
    simulator.editShow(show.id, { status: 'Ended' })
    later(HOUR)
    await refresh()
    expect(await told()).toMatchObject([/não há mais episódios/])
  })

  test.each(['To Be Determined', 'In Development'] as const)(
    'one that goes from Running to %s is no news',
    async status => {
      const show = await series([{ airs: { at: at(6 * DAY) } }])
      simulator.editShow(show.id, { status })
      later(HOUR)
      await refresh()
      expect(kinds()).toEqual([])
    },
  )
})

describe('a series that TVMaze merged into another', () => {
  const merged = async (name = 'Farol') => {
    const old = await series([{ airs: { at: at(0) }, season: 1, number: 1 }])
    const heir = simulator.addShow({
      name,
      on: { br: 'Globo' },
      episodes: [{ airs: { at: at(0) }, season: 1, number: 1 }],
    })
    await check()
    simulator.redirectShow(old.id, heir.id)
    return { old, heir }
  }
  const followsOf = async (id: number) => (await followsIn(database.db).of(id, '')).map(({ subject }) => subject)

  test('is followed by its new id, announces nothing twice, and costs no more calls than any other', async () => {
    const { old, heir } = await merged()
    await chat(2)
    await follow(2, old.id, at(-DAY))
    await follow(2, heir.id, at(-HOUR))
    await until(at(9 * DAY), 12 * HOUR)
    expect(await followsOf(1)).toEqual([`show/${heir.id}`])
    expect(await followsOf(2)).toEqual([`show/${heir.id}`])
    expect((await followsIn(database.db).find(2, `show/${heir.id}`))!.followedAt).toEqual(at(-DAY))
    expect((await told()).filter(text => text.includes('T1 E1')).length).toBe(1)
    expect(await catalogue.show(old.id)).toBe(null)
    simulator.forgetCalls()
    await until(at(10 * DAY), HOUR)
    expect(simulator.calls().filter(({ path }) => path.startsWith(`/shows/${old.id}`))).toEqual([])
  })

  test('under another name is told to who followed the old one, and to no other', async () => {
    const { old, heir } = await merged('O Novo Farol')
    await chat(2)
    await follow(2, heir.id, at(-DAY))
    await until(at(9 * DAY), 12 * HOUR)
    expect((await told()).at(-1)).toMatch(/O Novo Farol é o novo nome de Farol/)
    expect((await told(2)).filter(text => text.includes('novo nome'))).toEqual([])
    expect(kinds().filter(kind => kind.endsWith('merged')).length).toBe(1)
    expect(await followsOf(1)).toEqual([`show/${heir.id}`])
    expect(old.id).not.toBe(heir.id)
  })

  test('through a chain of merges arrives at the last one', async () => {
    const { heir } = await merged()
    const last = simulator.addShow({ name: 'Farol', on: { br: 'Globo' } })
    simulator.redirectShow(heir.id, last.id)
    await until(at(9 * DAY), 12 * HOUR)
    expect(await followsOf(1)).toEqual([`show/${last.id}`])
  })

  test('followed on an old button is followed by its new id at once, whatever the catalogue has', async () => {
    const { old, heir } = await merged()
    await catalogue.forget(old.id)
    await chat(3)
    await follow(3, old.id, now)
    const event = SeriesFollowed.from(rootCause('press'), {
      subject: `show/${old.id}`,
      data: { chatId: 3, showId: old.id, followedAt: now.toISOString() },
    })
    await seriesFollowed(event, outside())
    await seriesFollowed(event, outside())
    expect(await followsOf(3)).toEqual([`show/${heir.id}`])
    expect(await followsOf(1)).toEqual([`show/${heir.id}`])
  })

  test('in a circle holds up no other, and the operators hear once', async () => {
    const { old, heir } = await merged()
    simulator.redirectShow(heir.id, old.id)
    const other = simulator.addShow({ name: 'Outra', on: { br: 'Globo' }, episodes: [{ airs: { at: at(9 * DAY) } }] })
    await follow(1, other.id)
    await until(at(10 * DAY), 12 * HOUR)
    expect(kinds().filter(kind => kind === 'record.skipped').length).toBe(1)
    expect((await told()).at(-1)).toContain('Outra')
    expect(await followsOf(1)).toEqual(expect.arrayContaining([`show/${old.id}`]))
  })
})

test('an id that TVMaze never had leaves the queue after three times over two days, and its follower hears once', async () => {
  await chat(1)
  await follow(1, 4711)
  await until(at(3 * DAY))
  expect(kinds()).toEqual(['series.changed gone'])
  expect(await told()).toMatchObject([/Farol não está mais no TVmaze/])
  simulator.forgetCalls()
  await until(at(6 * DAY))
  expect(simulator.calls().filter(({ path }) => path === '/shows/4711')).toEqual([])
  expect(kinds()).toEqual(['series.changed gone'])
  simulator.addShow({ id: 4711, name: 'Farol', on: { br: 'Globo' } })
  await until(at(40 * DAY), 12 * HOUR)
  expect(await catalogue.show(4711)).toMatchObject({ name: 'Farol' })
})
