import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { type NoticeChange, noticeSettingsIn, type QuietHours } from '#database/series/notice-settings.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'
import { isQuiet, type ModelChat, type ModelEpisode, step, tell } from './told-model.ts'

let database: TestDatabase
let catalogue: ReturnType<typeof catalogueIn>
let closeMongo: () => Promise<void>
let lastShow = 5_000
let lastEpisode = 100_000

beforeAll(async () => {
  database = await freshDatabase()
  const { mongo, end } = await freshMongo()
  catalogue = catalogueIn(mongo)
  closeMongo = end
})
afterAll(async () => {
  await closeMongo()
  await database.end()
})

/** An episode of the model, and its present id at TVmaze. */
type Entry = ModelEpisode & { id: number }

interface World {
  now: number
  showId: number
  chats: ModelChat[]
  entries: Entry[]
  newNumber: number
}

type Action = (world: World) => Promise<void>

const hour = 3_600_000
const iso = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')

const save = async ({ showId, entries, now }: World) => {
  await catalogue.keep({
    ...{ _id: showId, name: 'Farol', url: `https://www.tvmaze.com/shows/${showId}`, image: null, channel: null },
    ...{ premiered: null, status: 'Running', updated: 1, imdb: null, thetvdb: null, names: { pt: null } },
    fetchedAt: iso(now),
    episodes: entries.map(({ id, name, number, at, date }) => ({
      ...{ id, name, season: 1, number, type: 'regular', airdate: date, airstamp: at === null ? null : iso(at) },
    })),
  })
  await looksIn(database.db).showChanged(showId)
}

/** Moves an episode to a time, or only to its date. */
const date = (entry: Entry, at: number | null, hasHour: boolean) => {
  entry.at = hasHour ? at : null
  entry.date = at === null ? '' : iso(at).slice(0, 10)
}

const add =
  (hours: number, hasHour: boolean): Action =>
  async world => {
    const number = ++world.newNumber
    const entry: Entry = {
      id: ++lastEpisode,
      name: `Parte ${'abcdefghijklmnopqrstuvwxyz'[number]}`,
      number,
      at: null,
      date: '',
    }
    date(entry, noonish(world.now + hours * hour), hasHour)
    world.entries.push(entry)
    await save(world)
  }

/** Times at which no clock of the zones changes. */
const noonish = (at: number) => {
  const day = Math.floor(at / (24 * hour)) * 24 * hour
  const hours = Math.round((at - day) / (hour / 2)) / 2
  return day + (hours > 4 && hours < 10 ? 10 : hours) * hour
}

const edit =
  (pick: number, change: (entry: Entry, world: World) => void): Action =>
  async world => {
    const entry = world.entries[pick % Math.max(1, world.entries.length)]
    if (entry === undefined) return
    change(entry, world)
    await save(world)
  }

const setting =
  (chat: number, isOwn: boolean, changeAt: (now: number) => NoticeChange): Action =>
  async ({ chats, showId, now }) => {
    const one = chats[chat]!
    const change = changeAt(now)
    await noticeSettingsIn(database.db).change(one.id, isOwn ? showId : 0, change, new Date(now))
    Object.assign(isOwn ? one.own : one.general, change)
    one.digestAt = now
  }

const quiet =
  (chat: number, hours: QuietHours | null): Action =>
  async ({ chats, now }) => {
    await noticeSettingsIn(database.db).setQuiet(chats[chat]!.id, hours, new Date(now))
    chats[chat]!.quiet = hours
    chats[chat]!.digestAt = now
  }

const zone =
  (chat: number, name: string): Action =>
  async ({ chats }) => {
    await chatsIn(database.db).setZone(chats[chat]!.id, name)
    chats[chat]!.zone = name
  }

/** TVmaze merges the show into another one, as series-refresher handles it. */
const merge: Action = async world => {
  const to = ++lastShow
  const { db } = database
  await announcementsIn(db).copyToShow(world.showId, to)
  const from = world.showId
  world.showId = to
  await save(world)
  await noticeSettingsIn(db).moveShow(from, to)
  await followsIn(db).moveSubject(`show/${from}`, `show/${to}`)
  await catalogue.forget(from)
}

const zones = ['America/Sao_Paulo', 'America/New_York', 'Europe/Lisbon', 'Asia/Tokyo', 'Australia/Adelaide']
const named = (name: string, action: Action): [string, Action] => [name, action]
const pick = fc.integer({ min: 0, max: 5 })
const chat = fc.integer({ min: 0, max: 1 })
const hoursAway = fc.integer({ min: -30, max: 120 })
const action: fc.Arbitrary<[string, Action]> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.integer({ min: -20, max: 60 }), fc.boolean())
      .map(([hours, hasHour]) => named(`an episode in ${hours} h, hour: ${hasHour}`, add(hours, hasHour))),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(pick, hoursAway, fc.boolean()).map(([which, hours, hasHour]) =>
      named(
        `${which} moves to ${hours} h from now, hour: ${hasHour}`,
        edit(which, (entry, { now }) => date(entry, noonish(now + hours * hour), hasHour)),
      ),
    ),
  },
  pick.map(which =>
    named(
      `${which} loses its date`,
      edit(which, entry => date(entry, null, false)),
    ),
  ),
  pick.map(which =>
    named(
      `${which} is created again`,
      edit(which, entry => {
        entry.id = ++lastEpisode
      }),
    ),
  ),
  pick.map(which =>
    named(
      `${which} gets another number`,
      edit(which, (entry, world) => {
        entry.number = ++world.newNumber
      }),
    ),
  ),
  pick.map(which =>
    named(
      `${which} is deleted if nobody knows it`,
      edit(which, (entry, world) => {
        const isKnown = world.chats.some(({ told }) => told.some(({ name }) => name === entry.name))
        if (!isKnown) world.entries.splice(world.entries.indexOf(entry), 1)
      }),
    ),
  ),
  fc.constant(named('the show is merged', merge)),
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        chat,
        fc.boolean(),
        fc.constantFrom<NoticeChange>(
          ...[{ timing: 'air' as const }, { timing: 'later' as const, laterHours: 5 }, { timing: 'hour' as const }],
          ...[{ timing: 'day' as const }, { timing: 'daily' as const, digestHour: 18 }],
          ...[{ timing: 'weekly' as const, digestHour: 10, digestWeekday: 3 }, { episodes: 'premieres' as const }],
          ...[{ episodes: 'all' as const }, { episodes: 'all' as const }],
        ),
      )
      .map(([who, isOwn, change]) =>
        named(
          `${who} chooses ${JSON.stringify(change)}, own: ${isOwn}`,
          setting(who, isOwn, () => change),
        ),
      ),
  },
  fc.tuple(chat, fc.boolean(), fc.integer({ min: 0, max: 40 })).map(([who, isOwn, hours]) =>
    named(
      `${who} is muted for ${hours} h`,
      setting(who, isOwn, now => ({ mutedUntil: new Date(now + hours * hour) })),
    ),
  ),
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        chat,
        fc.constantFrom(null, { from: 22 * 60, to: 8 * 60 }, { from: 60, to: 7 * 60 }, { from: 13 * 60, to: 15 * 60 }),
      )
      .map(([who, hours]) => named(`${who} has quiet hours ${JSON.stringify(hours)}`, quiet(who, hours))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(chat, fc.constantFrom(...zones))
      .map(([who, name]) => named(`${who} moves to ${name}`, zone(who, name))),
  },
)

const start = async (at: string): Promise<World> => {
  const { db } = database
  await db.query('truncate chat, cursor, announcement, announcement_event cascade')
  const now = Date.parse(at)
  const showId = ++lastShow
  const chats = [1, 2].map(
    (id): ModelChat => ({
      ...{ id, zone: zones[id - 1]!, followedAt: now - 24 * hour, general: {}, own: {}, quiet: null },
      ...{ digestAt: now - 24 * hour, told: [] },
    }),
  )
  for (const { id, zone: name, followedAt } of chats) {
    await chatsIn(db).upsert({ id, kind: 'private', language: 'en' })
    await chatsIn(db).setZone(id, name)
    await followsIn(db).follow(id, `show/${showId}`, new Date(followedAt))
  }
  const world: World = { now, showId, chats, entries: [], newNumber: 0 }
  await save(world)
  return world
}

/** A tick. Returns what it tells: `1 Parte a`. */
const tick = async ({ now, showId }: World): Promise<string[]> => {
  const published: VigiaEvent[] = []
  await episodeChecker(rootCause(`tick@${now}`), {
    db: database.db,
    catalogue,
    publish: async events => void published.push(...events),
    clock: () => new Date(now),
  })
  return published.flatMap(({ data }) => {
    const { chats, chatId, shows, show, episodes } = data as {
      chats?: number[]
      chatId?: number
      shows?: { show: { id: number }; episodes: { name: string }[] }[]
      show?: { id: number }
      episodes?: { name: string }[]
    }
    const all = shows ?? [{ show: show!, episodes: episodes! }]
    for (const each of all) expect(each.show.id).toBe(showId)
    return (chats ?? [chatId!]).flatMap(who => all.flatMap(each => each.episodes.map(({ name }) => `${who} ${name}`)))
  })
}

/** A tick of Vigia and of the model, which must tell the same. */
const both = async (world: World, what: string) => {
  const expected = world.chats.flatMap(one => {
    const names = tell(one, world.entries, world.now)
    if (names.length > 0) expect(isQuiet(one, world.now), 'nothing is told in quiet hours').toBe(false)
    return names.map(name => `${one.id} ${name}`)
  })
  const told = await tick(world)
  expect(told.toSorted(), `${what}, at ${iso(world.now)}`).toEqual(expected.toSorted())
}

test('each chat is told what the model says and when: nothing twice, nothing lost, nothing at night, nothing about the past', async () => {
  await fc.assert(
    fc.asyncProperty(
      // Around these days clocks change in New York and Adelaide, a year ends, and there is a 29 February.
      fc.constantFrom('2026-10-31T12:00:00Z', '2027-03-13T12:00:00Z', '2026-12-30T12:00:00Z', '2028-02-27T12:00:00Z'),
      fc.array(fc.tuple(action, fc.constantFrom(1, 2, 5, 12, 24)), { minLength: 8, maxLength: 18 }),
      async (at, actions) => {
        const world = await start(at)
        await both(world, 'at the beginning')
        for (const [[name, act], halfHours] of actions) {
          await act(world)
          for (let passed = 0; passed < halfHours; passed++) {
            world.now += step
            await both(world, name)
          }
        }
        for (const { told } of world.chats) {
          const dates = told.map(({ name, at: when, date: day }) => `${name} ${when ?? day}`)
          expect(new Set(dates).size, 'nothing is told twice for one date').toBe(dates.length)
        }
      },
    ),
    { numRuns: 12, endOnFailure: true },
  )
}, 600_000)
