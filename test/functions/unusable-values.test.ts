import { copyFile, mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { jsonText } from '#database/connect.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { migrate, migrationsDir } from '#database/migrate.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { followsIn } from '#database/series/follows.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { validShow } from '#database/series/valid-show.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { isCalendarDate } from '#events/ranges.ts'
import type { RecordSkipped } from '#events/record-skipped.ts'
import { validatorOf } from '#events/validate.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { Permanent } from '#functions/host/errors.ts'
import { logger } from '#functions/host/log.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { decode, encode } from '#functions/telegram/callback-data.ts'
import { deliver } from '#functions/telegram-notifier/deliver.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'
import { emptyDatabase } from '#test/support/database.ts'

const oldButton = 'Esse botão não vale mais. Mande o comando de novo.'

let world: Webhook
let published: VigiaEvent[]
beforeAll(async () => {
  world = await startWebhook()
})
afterAll(() => world.stop())
beforeEach(async () => {
  published = []
  world.time.now = new Date('2026-11-21T15:00:00Z')
  await world.db.query('truncate chat, cursor, announcement, announcement_event, skipped_record cascade')
})

const publish = async (events: readonly VigiaEvent[]) => {
  published.push(...events)
}
const outside = () => ({
  db: world.db,
  catalogue: world.catalogue,
  tvmaze: tvmaze(world.tvmaze.url, { callsPerTenSeconds: 10_000 }),
  follows: followsIn(world.db),
  announcements: announcementsIn(world.db),
  cursors: cursorsIn(world.db),
  missingShows: missingShowsIn(world.db),
  skippedRecords: skippedRecordsIn(world.db),
  publish,
  clock: () => world.time.now,
  log: logger('test'),
})
let ticks = 0
const bothTicks = async () => {
  await episodeChecker(rootCause(`check-${ticks++}`), outside())
  await seriesRefresher(rootCause(`refresh-${ticks++}`), outside())
}
const of = (name: string) => published.filter(({ type }) => type === `dev.vigia.${name}`)
const skipped = () => of('record.skipped').map(({ data }) => data as DataOf<typeof RecordSkipped>)

let people = 0
/** Somebody with a message on the screen, from which buttons can be forged. */
const newPerson = async () => {
  const person = world.person(`pessoa ${people++}`)
  const { id } = await person.says('/start')
  return { ...person, forge: (data: string) => person.forges(id, data) }
}
const followsOf = async ({ chatId }: { chatId: number }) =>
  (await followsIn(world.db).of(chatId, '')).map(({ subject }) => subject)

/** A series that aired an hour ago, in the catalogue, followed by chat 1. */
const airedSeries = async (id: number, more: Record<string, unknown> = {}) => {
  await chatsIn(world.db).upsert({ id: 1, kind: 'private', language: 'pt-BR' })
  await followsIn(world.db).follow(1, `show/${id}`, new Date('2026-01-01T00:00:00Z'))
  const airs = '2026-11-21T14:00:00Z'
  await world.catalogue.keep({
    _id: id,
    name: 'Série',
    url: `https://www.tvmaze.com/shows/${id}`,
    image: null,
    channel: null,
    premiered: null,
    status: 'Running',
    updated: 1,
    imdb: null,
    thetvdb: null,
    names: { pt: null },
    episodes: [
      { id: id * 10, name: 'x', season: 1, number: 1, type: 'regular', airdate: airs.slice(0, 10), airstamp: airs },
    ],
    fetchedAt: '2026-11-21T13:00:00Z',
    ...more,
  } as never)
}

describe('a forged button', () => {
  test.each([
    'v1:f:999999999999999:0:0',
    'v1:f:2147483648:1:0',
    'v1:f:0:0:0',
    'v1:f:0:1:0',
    'v1:f:-1:1:0',
    'v1:f:82:0:0',
    'v1:f:82:1:999999999999999',
    'v1:b:2147483648:0:0',
    'v1:b:999999999999999:0:mhyx',
    'v1:b:82:0:zzzzzzzzz0',
    'v1:r:999999999999999:1:0:mhyx',
    'v1:r:82:1:0:zzzzzzzzzz',
    'v1:u:999999999999999:1:0',
    'v1:d:2147483648:0',
    'v1:o:0',
    'v1:c:0',
    'v1:m:999999999999999',
    'v1:l:10000',
    'v1:n:7:999999999999999',
    'v1:z:Mars/Olympus',
    'v1:z:',
    'v1:i:xx',
    'v1:f:NaN:1:0',
    'v1:f:1e3:1:0',
    'v1:f:\u0661:1:0',
    'v1:f:82:1:0\0',
  ])('%j no longer works, and the ticks go on', async data => {
    const person = await newPerson()
    expect((await person.forge(data)).note).toBe(oldButton)
    expect(await followsOf(person)).toEqual([])
    await bothTicks()
    expect(published).toEqual([])
  })

  test.each([
    ['follow', 'v1:f:2147483647:1:0'],
    ['restore', 'v1:b:2147483647:0:mhyx0000'],
    ['refollow', 'v1:r:2147483647:1:0:mhyx0000'],
  ])('%s of a series that no card, catalogue or TVMaze has is not followed', async (_, data) => {
    const person = await newPerson()
    expect((await person.forge(data)).note).toBe(oldButton)
    expect(await followsOf(person)).toEqual([])
  })

  test('of a series that TVMaze has, but no card of the chat, is followed by its name', async () => {
    const person = await newPerson()
    expect((await person.forge(`v1:f:${world.tvmaze.showIds.harbor}:1:0`)).note).toContain('Pronto')
    expect(await followsIn(world.db).of(person.chatId, 'show/')).toMatchObject([{ title: 'Harbor Nine' }])
  })

  test('while TVMaze does not answer asks to wait, and follows nothing', async () => {
    const person = await newPerson()
    world.tvmaze.fail('502')
    expect((await person.forge('v1:f:4711:1:0')).note).toBe(
      'O TVmaze não está respondendo. Tente de novo em um minuto.',
    )
    world.tvmaze.fail(null)
    expect(await followsOf(person)).toEqual([])
  })

  test('undo of a follow from long ago stays possible without a card, with the name that it had', async () => {
    const person = await newPerson()
    await world.fillCatalogue(world.tvmaze.showIds.harbor)
    expect((await person.forge(`v1:b:${world.tvmaze.showIds.harbor}:0:mhyx0000`)).note).toContain('Desfeito')
    expect(await followsOf(person)).toEqual([`show/${world.tvmaze.showIds.harbor}`])
  })

  const small = fc.integer({ min: -2, max: 12 })
  const edges = fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e15 - 1, 1e15, 0, -1)
  const part = fc.oneof(
    small.map(String),
    edges.map(String),
    fc.nat().map(at => at.toString(36)),
    fc.string(),
  )
  const data = fc
    .tuple(fc.constantFrom(...'sfurldbntmocpgxyihzq-'), fc.array(part, { maxLength: 5 }))
    .map(([letter, parts]) => ['v1', letter, ...parts].join(':'))

  test('whatever it says is nothing, or something that can be written again and that every table takes', () => {
    fc.assert(
      fc.property(fc.oneof(data, fc.string({ unit: 'binary' })), given => {
        const press = decode(given)
        if (press === null) return
        expect(encode(press)).toBe(given)
        if ('show' in press) expect(press.show).toSatisfy(show => show >= 1 && show <= 2_147_483_647)
        if ('followedAt' in press) expect(press.followedAt.getTime()).toBeLessThan(Date.UTC(2200, 0, 1))
      }),
      { numRuns: 5_000 },
    )
  })

  test('whatever it says, no tick fails for it', async () => {
    const person = await newPerson()
    await fc.assert(
      fc.asyncProperty(data, async given => {
        await person.forge(given.slice(0, 64))
        await bothTicks()
      }),
      { numRuns: 60 },
    )
  })
})

describe('a row that should not be there', () => {
  test('stops nobody: the others are announced, and the operators hear of it once', async () => {
    await airedSeries(900_500)
    await world.db.query('alter table follow drop constraint follow_subject_usable')
    await world.db.query('alter table chat drop constraint chat_zone_usable')
    for (const subject of ['show/999999999999999', 'show/2147483648', 'show/0', 'show/abc', 'show/', 'show/-1'])
      await world.db.query('insert into follow (chat_id, subject) values (1, $1)', [subject])
    await bothTicks()
    expect(of('episode.due').map(({ subject }) => subject)).toEqual(['show/900500'])
    expect(skipped().map(({ store, key }) => `${store} ${key}`)).toEqual(
      expect.arrayContaining(['follow show/999999999999999', 'follow show/abc', 'follow show/0']),
    )
    expect(skipped().length).toBe(6)
    await bothTicks()
    expect(skipped().length).toBe(6)
  })

  test('a chat in a zone that does not exist hears by the default one, and keeps nobody from hearing', async () => {
    await airedSeries(900_510, {
      episodes: [{ id: 5, name: 'x', season: 1, number: 1, type: 'regular', airdate: '2026-11-21', airstamp: null }],
    })
    await chatsIn(world.db).upsert({ id: 2, kind: 'private', language: 'en' })
    await world.db.query(`update chat set zone = 'Mars/Olympus Mons' where id = 2`)
    await followsIn(world.db).follow(2, 'show/900510', new Date('2026-01-01T00:00:00Z'))
    await bothTicks()
    const due = of('episode.due') as VigiaEvent<DataOf<typeof EpisodeDue>>[]
    expect(due.map(({ data }) => data.zone).toSorted()).toEqual(['America/Sao_Paulo', 'Mars/Olympus Mons'])
    const told = await Promise.all(
      due.map(event =>
        notificationFanout(
          event,
          { name: 'episode.due', data: event.data },
          { ...outside(), chats: chatsIn(world.db) },
        ),
      ),
    )
    expect(
      told
        .flat()
        .map(({ subject }) => subject)
        .toSorted(),
    ).toEqual(['chat/1', 'chat/2'])
    expect(skipped()).toMatchObject([{ store: 'chat', key: 'zone Mars/Olympus Mons' }])
  })

  test('an event that no broker takes holds back no other', async () => {
    await airedSeries(900_520)
    const refusing = async (events: readonly VigiaEvent[]) => {
      for (const event of events) if (event.subject === 'show/1') throw new Permanent('the broker answered 413')
      await publish(events)
    }
    await world.db.query(
      `insert into announcement_event (id, type, subject, data, made_at) values ('a', 'episode.due', 'show/1', '{}', now())`,
    )
    await episodeChecker(rootCause('poison'), { ...outside(), publish: refusing })
    await episodeChecker(rootCause('again'), { ...outside(), publish: refusing })
    expect(of('episode.due').map(({ subject }) => subject)).toEqual(['show/900520'])
    expect(skipped()).toMatchObject([{ store: 'announcement_event', key: 'a' }])
  })
})

test('a stored message that cannot be sent is refused, and the operators hear of it', async () => {
  await chatsIn(world.db).upsert({ id: 1, kind: 'private', language: 'en' })
  await world.db.query(
    `insert into message (key, chat_id, request, cause, not_before, requested_at) values ('a', 1, '{"html": 5}', '{}', now(), now())`,
  )
  const messages = messagesIn(world.db)
  const claim = await messages.claim(1, 'bot', new Date(Date.now() + 60_000))
  if (claim === null || !('message' in claim)) throw new Error('nothing to send')
  const call = () => Promise.reject(new Error('nothing should be sent'))
  const outcome = await deliver({ messages, telegram: { call }, clock: () => new Date() } as never, claim.message)
  expect(outcome).toEqual({ is: 'settled' })
  expect(await messages.notes({ keys: ['a'] })).toMatchObject([{ code: 400, chatId: 1 }])
  expect(await messages.claim(1, 'bot', new Date(Date.now() + 120_000))).toBe(null)
})

describe('an entry of the catalogue', () => {
  const aired = {
    id: 7,
    name: 'x',
    season: 1,
    number: 1,
    type: 'regular',
    airdate: '2026-11-21',
    airstamp: '2026-11-21T14:00:00Z',
  }

  test.each<[string, Record<string, unknown>]>([
    ['a day that is none', { airdate: '2026-11-31', airstamp: null }],
    ['the zeroth', { airdate: '0000-00-00', airstamp: null }],
    ['30 February', { airdate: '2026-02-30', airstamp: null }],
    ['no date', { airdate: null, airstamp: null }],
    ['garbage for an instant', { airstamp: 'soon' }],
    ['a year of five digits', { airdate: '12026-11-21', airstamp: '+012026-11-21T01:00:00Z' }],
    ['the year 12026 in between', { airdate: '2026-11-21', airstamp: '2026-11-21T14:00:00Z garbage' }],
    ['no season and no number', { season: null, number: null }],
    ['a negative number', { season: -1, number: -5 }],
    ['huge numbers', { season: 1e300, number: 2 ** 53 }],
    ['a number in letters', { season: '1', number: '2' }],
    ['an id beyond the tables', { id: 2 ** 40 }],
    ['no name', { name: null }],
    ['a very long name', { name: 'x'.repeat(100_000) }],
    ['a name of control characters and half an emoji', { name: 'a\u0001b\u001b[31m\ud83d' }],
    ['another kind of thing', { name: 5, airdate: 20261121, airstamp: {}, type: [] }],
  ])('with %s: the tick goes on and the others are announced', async (_, wrong) => {
    await airedSeries(900_600)
    await airedSeries(900_601, {
      episodes: [
        { ...aired, ...wrong },
        { ...aired, id: 8, number: 2 },
      ],
    })
    await bothTicks()
    const due = of('episode.due') as VigiaEvent<DataOf<typeof EpisodeDue>>[]
    expect(new Set(due.map(({ subject }) => subject))).toEqual(new Set(['show/900600', 'show/900601']))
    for (const { data } of due) expect(validatorOf(EpisodeDue)(data)).toBe(true)
  })

  test.each<[string, Record<string, unknown>]>([
    ['no episodes', { episodes: null }],
    ['episodes that are none', { episodes: [null, 5, 'x', {}] }],
    ['a name of another kind', { name: { pt: 'x' }, names: null }],
    ['no time of its last look', { fetchedAt: 'yesterday', updated: -5 }],
  ])('with %s stops nobody', async (_, wrong) => {
    await airedSeries(900_610)
    await airedSeries(900_611, wrong)
    await bothTicks()
    expect(of('episode.due').map(({ subject }) => subject)).toContain('show/900610')
  })

  test('impossible dates are told to the operators once', async () => {
    await airedSeries(900_620, { episodes: [{ ...aired, id: 9, airdate: '2026-11-31' }] })
    await bothTicks()
    await bothTicks()
    expect(skipped()).toEqual([{ store: 'show', key: '900620', reason: 'episode 9: airdate' }])
  })

  test('whatever it holds becomes a show that events can carry, or none', () => {
    const odd = fc.oneof(fc.anything(), fc.constantFrom('2026-02-30', '', null, -1, 2 ** 31, '2026-11-21T01:00:00Z'))
    const wild = fc.record({
      _id: fc.oneof(fc.integer(), odd),
      name: odd,
      names: odd,
      url: odd,
      updated: odd,
      fetchedAt: odd,
      premiered: odd,
      episodes: fc.oneof(
        odd,
        fc.array(
          fc.record({
            id: fc.oneof(fc.nat(), odd),
            name: fc.string({ unit: 'binary' }),
            season: odd,
            number: odd,
            airdate: odd,
            airstamp: odd,
          }),
        ),
      ),
    })
    const valid = validatorOf(EpisodeDue)
    fc.assert(
      fc.property(wild, document => {
        const { show } = validShow(document)
        if (show === null || show.episodes.length === 0) return
        const followedBefore = new Date(0).toISOString()
        const data = { show: toEventShow(show), episodes: show.episodes.map(toEventEpisode), followedBefore }
        expect(valid(data), JSON.stringify(valid.errors)).toBe(true)
        expect(() => JSON.parse(jsonText(data))).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })
})

test('a chat that cannot be told keeps the news from no other', async () => {
  await airedSeries(900_700)
  const reader = (id: number) => ({ id, kind: 'private', language: 'en', zone: 'UTC', unreachableSince: null })
  const wordless = {
    ...reader(2),
    get zone(): string {
      throw new Error('no zone')
    },
  }
  const readers = [reader(1), wordless, reader(3)]
  const events = await notificationFanout(
    rootCause('news'),
    {
      name: 'series.changed',
      data: {
        change: 'moved',
        before: { airdate: '2026-11-22', airstamp: null },
        show: { id: 1, name: 'x', url: 'https://x', image: null, channel: null },
      },
    },
    {
      clock: () => world.time.now,
      chats: chatsIn(world.db),
      follows: {
        followersOf: async () => readers as never,
        followersOfAny: async () => [],
        threadOf: async () => null,
      },
    },
  )
  expect(events.map(({ subject }) => subject)).toEqual(['chat/1', 'record/chat', 'chat/3'])
})

test('days and instants of events are those of the calendar', () => {
  const valid = validatorOf(EpisodeDue)
  const data = (airdate: string, followedBefore: string) => ({
    show: { id: 1, name: 'x', url: 'https://x', image: null, channel: null },
    episodes: [{ id: 1, name: 'x', season: 1, number: 1, airdate, airstamp: null }],
    followedBefore,
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1890, max: 2210 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
      (year, month, day) => {
        const two = (number: number) => String(number).padStart(2, '0')
        const date = `${year}-${two(month)}-${two(day)}`
        expect(valid(data(date, '2026-01-01T00:00:00Z')), date).toBe(isCalendarDate(date))
        expect(valid(data('', `${date}T23:59:59.123Z`)), date).toBe(isCalendarDate(date))
      },
    ),
    { numRuns: 5_000 },
  )
  for (const year of [1900, 2000, 2024, 2100]) {
    const leapDay = `${year}-02-29`
    expect(valid(data(leapDay, '2026-01-01T00:00:00Z')), leapDay).toBe(isCalendarDate(leapDay))
  }
})

test('JSON for a table holds neither NUL nor half an emoji, and everything else as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 20 }), async text => {
      const { rows } = await world.db.query<{ back: { text: string } }>('select $1::jsonb as back', [
        jsonText({ text }),
      ])
      expect(rows[0]!.back.text).toBe(text.toWellFormed().replaceAll('\0', '\ufffd'))
    }),
    { numRuns: 300 },
  )
  for (const text of ['\\u0000', 'a\\', '\\\\u0000', '\0\0', '\ud83d', '\ud83d\ude00']) {
    const { rows } = await world.db.query<{ back: string }>('select $1::jsonb ->> 0 as back', [jsonText([text])])
    expect(rows[0]!.back).toBe(text.toWellFormed().replaceAll('\0', '\ufffd'))
  }
})

test('rows that an older version let in are gone after the upgrade, and the good ones stay', async () => {
  const old = await mkdtemp(join(tmpdir(), 'vigia-migrations-'))
  for (const file of await readdir(migrationsDir))
    if (file < '0007' && file.endsWith('.sql')) await copyFile(join(migrationsDir, file), join(old, file))
  const { url, db, end } = await emptyDatabase()
  try {
    await migrate(url, { dir: old })
    await db.query(`insert into chat (id, zone) values (1, 'America/Manaus'), (2, 'Mars/Olympus Mons')`)
    for (const subject of ['show/82', 'show/2147483647', 'monitor/7', 'show/2147483648', 'show/0', 'show/x', 'x'])
      await db.query('insert into follow (chat_id, subject) values (1, $1)', [subject])
    await db.query(`insert into follow (chat_id, subject, followed_at) values (2, 'show/82', '-infinity')`)
    await migrate(url)
    expect((await followsIn(db).of(1, '')).map(({ subject }) => subject).toSorted()).toEqual([
      'monitor/7',
      'show/2147483647',
      'show/82',
    ])
    expect((await followsIn(db).of(2, ''))[0]!.followedAt).toBeInstanceOf(Date)
    expect(await chatsIn(db).find(2)).toMatchObject({ zone: 'America/Sao_Paulo' })
    await expect(followsIn(db).follow(1, 'show/2147483648', new Date())).rejects.toThrow('follow_subject_usable')
  } finally {
    await end()
  }
})
