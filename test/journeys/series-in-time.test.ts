import { afterEach, beforeEach, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import { MessageRefused } from '#events/message-refused.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { Tick } from '#events/tick.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { errorNotifier, messageRefused, noticesTick } from '#functions/error-notifier/error-notifier.ts'
import { newNotifierState } from '#functions/error-notifier/notify-if-allowed.ts'
import { operatorsIn } from '#functions/error-notifier/operators.ts'
import { type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { telegram } from '#functions/telegram/client.ts'
import { outboxTick, telegramNotifier } from '#functions/telegram-notifier/telegram-notifier.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { root } from '#infra/repository.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { pingEvent } from '#local/sources/ping-source.ts'
import { startTelegram } from '#simulators/telegram.ts'
import { startTvmaze, type TvmazeFailure } from '#simulators/tvmaze.ts'
import { startBrokerServer } from '#test/support/broker-server.ts'
import { freshDatabase, freshMongo } from '#test/support/database.ts'
import { startFunction } from '#test/support/function-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

/*
 * The way from TVMaze to a chat on a clock of the test's own: the rules behind their real host, joined by the real broker and the
 * Triggers of triggers/, whose pauses between retries alone are left out.
 */

const HOUR = 3_600_000
const token = '700000001:series-in-time-bot-AAAAAAAAAAAAAAA'
const opsToken = '700000002:series-in-time-operators-AAAAAA'
const { triggers, sources } = readManifests(manifestFiles(root))

type Stage = Awaited<ReturnType<typeof raise>>
let stage: Stage

const raise = async (start: string) => {
  let now = new Date(start)
  const clock = () => now
  const [database, catalogueServer, world, shows] = await Promise.all([
    freshDatabase(),
    freshMongo(),
    startTelegram({ botToken: token, opsToken, clock, rates: false }),
    startTvmaze({ clock, limit: false }),
  ])
  const { db } = database
  const operator = world.operators.user('Operadora', { language: 'pt-br' })
  operator.send('/start')

  const hosts = new Map<string, Awaited<ReturnType<typeof startFunction>>>()
  const here = triggers.filter(({ subscriber }) => subscriber.kind === 'function' && subscriber.name in fittings)
  const house = await startBrokerServer(
    database.url,
    here.map(trigger => ({ ...trigger, delivery: { ...trigger.delivery, backoffDelayMs: 0 } })),
    {
      resolve: destination => {
        if (destination.kind !== 'function') throw new Error(`a ${destination.kind} is not on this stage`)
        const { name, path } = destination
        return {
          url: `http://${name}.localhost${path}`,
          function: name,
          reach: async () => ({ origin: `http://127.0.0.1:${hosts.get(name)!.port}`, release: () => {} }),
        }
      },
    },
  )
  const props: Props = {
    db,
    clock,
    catalogue: catalogueIn(catalogueServer.mongo),
    tvmaze: tvmaze(shows.url, {
      clock,
      wait: async () => {},
      callsPerTenSeconds: 10_000,
      attempts: 3,
      timeoutMs: 2_000,
    }),
    telegram: telegram({ apiRoot: world.url, token }),
    operators: operatorsIn(telegram({ apiRoot: world.url, token: opsToken }), String(operator.chatId)),
  }
  for (const [name, fitting] of Object.entries(fittings))
    hosts.set(name, await startFunction({ name, ...fitting(props) }, { sink: house.ingressUrl }))

  /** A tick of a PingSource as it is in knative/sources/, and everything that comes of it. */
  const tick = async (name: string) => {
    const source = sources.find(one => one.name === name)!
    await sendRequest(house.ingressUrl, pingEvent(source, now))
    await until(
      async () => (await house.broker.reads.events({ limit: 200 })).every(({ state }) => state !== 'pending'),
      {
        what: `everything that came of ${name}`,
      },
    )
  }

  return {
    shows,
    telegram: world,
    operator,
    follows: followsIn(db),
    catalogue: props.catalogue,
    tick,
    now: () => now,
    at: (instant: Date | string) => {
      now = new Date(instant)
    },
    later: (ms: number) => {
      now = new Date(now.getTime() + ms)
    },
    person: async (name: string, language: Language, zone: string) => {
      const person = world.user(name)
      person.send('/start')
      await chatsIn(db).upsert({ id: person.chatId, kind: 'private', language })
      await chatsIn(db).setZone(person.chatId, zone)
      return person
    },
    stop: async () => {
      await house.stop()
      for (const host of hosts.values()) await host[Symbol.asyncDispose]()
      await Promise.all([world.stop(), shows.stop(), database.end(), catalogueServer.end()])
    },
  }
}

interface Props {
  db: Awaited<ReturnType<typeof freshDatabase>>['db']
  clock: () => Date
  catalogue: ReturnType<typeof catalogueIn>
  tvmaze: ReturnType<typeof tvmaze>
  telegram: ReturnType<typeof telegram>
  operators: ReturnType<typeof operatorsIn>
}

/** As the functions' main.ts put them together. */
const fittings: Record<string, (props: Props) => Omit<FunctionDefinition, 'name'>> = {
  'series-refresher': ({ db, ...props }) => ({
    events: [
      on(Tick, (tick, { log, publish }) =>
        seriesRefresher(tick, {
          ...props,
          follows: followsIn(db),
          announcements: announcementsIn(db),
          cursors: cursorsIn(db),
          missingShows: missingShowsIn(db),
          skippedRecords: skippedRecordsIn(db),
          publish,
          log,
        }),
      ),
    ],
  }),
  'episode-checker': props => ({
    events: [on(Tick, (tick, { publish }) => episodeChecker(tick, { ...props, publish }))],
  }),
  'notification-fanout': ({ db, clock }) => {
    const outside = { follows: followsIn(db), chats: chatsIn(db), clock }
    return {
      events: [
        on(EpisodeDue, event => notificationFanout(event, { of: 'episode.due', data: event.data }, outside)),
        on(EpisodeMissed, event => notificationFanout(event, { of: 'episode.missed', data: event.data }, outside)),
        on(SeriesChanged, event => notificationFanout(event, { of: 'series.changed', data: event.data }, outside)),
      ],
    }
  },
  'telegram-notifier': ({ db, clock, telegram: api }) => {
    const outside = {
      messages: messagesIn(db),
      chats: chatsIn(db),
      telegram: api,
      bot: 'bot',
      clock,
      wait: async () => {},
      random: () => 0,
    }
    return {
      events: [
        on(MessageRequested, (event, { log }) => telegramNotifier(event, { ...outside, log })),
        on(Tick, (_, { log }) => outboxTick({ ...outside, log })),
      ],
    }
  },
  'error-notifier': ({ db, clock, operators }) => {
    const textSettings = async () => ({ language: 'pt-BR' as const, zone: 'America/Sao_Paulo' })
    const dependencies = { db, operators, notifierState: newNotifierState(), textSettings, clock }
    return {
      deadLetters: (letter, { log }) => errorNotifier(letter, { ...dependencies, log }),
      events: [
        on(MessageRefused, (event, { log }) => messageRefused(event, { ...dependencies, log })),
        on(Tick, (_, { log }) => noticesTick({ ...dependencies, log })),
      ],
    }
  },
}

beforeEach(() => {
  process.env.LOG_LEVEL ??= 'silent'
})
afterEach(() => stage?.stop())

const texts = (person: { answers(): { text: string }[] }) => person.answers().map(({ text }) => text)

test.each<TvmazeFailure>(['down', '429', 'html200', '502'])(
  'TVMaze %s for six hours: no follow is lost, what is due is told, and the operators hear once',
  async trouble => {
    stage = await raise('2026-11-21T12:07:00Z')
    const { shows, operator, follows, catalogue, tick, later } = stage
    const ana = await stage.person('Ana', 'pt-BR', 'America/Sao_Paulo')
    const show = shows.addShow({
      name: 'Meia-noite em Santos',
      on: { br: 'Canal Sul' },
      episodes: [{ airs: { at: new Date('2026-11-21T15:30:00Z') }, season: 1, number: 4, name: 'A ressaca' }],
    })
    for (const id of [show.id, shows.showIds.harbor]) await follows.follow(ana.chatId, `show/${id}`, stage.now())
    await tick('series-refresher')
    await tick('episode-checker')

    shows.fail(trouble)
    for (let hour = 1; hour <= 6; hour++) {
      later(HOUR)
      await tick('series-refresher')
      await tick('episode-checker')
      await tick('telegram-notifier')
      await tick('error-notifier')
    }
    expect(texts(operator)).toEqual([expect.stringMatching(/series-refresher-tick.*503 TVMaze does not answer/s)])
    expect(stage.telegram.operators.calls('editMessageText')).toEqual([])
    expect(texts(ana)).toEqual([expect.stringContaining('A ressaca')])
    expect((await follows.followedShows()).toSorted()).toEqual([shows.showIds.harbor, show.id])
    expect(await catalogue.show(shows.showIds.harbor)).not.toBeNull()

    // What happened meanwhile is known once it answers again.
    shows.fail(null)
    shows.addEpisode(show.id, {
      airs: { at: new Date('2026-11-21T18:30:00Z') },
      season: 1,
      number: 5,
      name: 'O farol',
    })
    later(HOUR)
    await tick('series-refresher')
    await tick('episode-checker')
    await tick('error-notifier')
    expect(texts(ana).filter(text => text.includes('O farol'))).toHaveLength(1)
    expect(texts(operator)).toHaveLength(1)
  },
)

test('a followed show that TVMaze answers 404 for: no follow is lost, the others are told, nobody is alarmed', async () => {
  stage = await raise('2026-11-21T12:07:00Z')
  const { shows, operator, follows, tick, later } = stage
  const ana = await stage.person('Ana', 'pt-BR', 'America/Sao_Paulo')
  const lost = shows.addShow({
    name: 'A Perdida',
    on: { br: 'Canal Sul' },
    episodes: [{ airs: { at: new Date('2026-11-21T15:30:00Z') }, season: 1, number: 1, name: 'Ainda assim' }],
  })
  for (const id of [lost.id, shows.showIds.harbor]) await follows.follow(ana.chatId, `show/${id}`, stage.now())
  await tick('series-refresher')
  shows.deleteShow(lost.id)
  for (let hour = 1; hour <= 6; hour++) {
    later(HOUR)
    await tick('series-refresher')
    await tick('episode-checker')
    await tick('error-notifier')
  }
  expect(texts(ana)).toEqual([expect.stringContaining('Ainda assim')])
  expect((await follows.followedShows()).toSorted()).toEqual([shows.showIds.harbor, lost.id])
  expect(texts(operator)).toEqual([])
})

test('two chats in two zones over the week in which the US change their clocks: each hears its own hours', async () => {
  stage = await raise('2026-10-25T12:07:00Z')
  const { shows, follows, tick } = stage
  const ana = await stage.person('Ana', 'pt-BR', 'America/Sao_Paulo')
  const bob = await stage.person('Bob', 'en', 'America/New_York')
  const { harbor, lateNight, streamer } = shows.showIds
  for (const { chatId } of [ana, bob])
    for (const id of [harbor, lateNight, streamer]) await follows.follow(chatId, `show/${id}`, stage.now())
  await tick('series-refresher')
  await tick('episode-checker')

  const heard = { ana: 0, bob: 0 }
  const told: [instant: string, who: string, show: string, when: string][] = []
  // A quarter to each hour around those that matter: a notice that came an hour early or late would be seen.
  const hours = [0, 1, 2, 3, 4, 5, 11, 12, 13, 14]
  for (let day = Date.parse('2026-10-26T00:45:00Z'); day < Date.parse('2026-11-06T00:00:00Z'); day += 24 * HOUR)
    for (const hour of hours) {
      stage.at(new Date(day + hour * HOUR))
      await tick('episode-checker')
      for (const [who, person] of [
        ['ana', ana],
        ['bob', bob],
      ] as const) {
        const all = texts(person)
        for (const text of all.slice(heard[who])) {
          const show = /Ganimedes|Ganymede/.test(text) ? 'streamer' : /Desk/.test(text) ? 'late night' : 'harbor'
          told.push([stage.now().toISOString().slice(5, 13), who, show, /🗓 (.*)/.exec(text)![1]!])
        }
        heard[who] = all.length
      }
    }
  const of = (show: string, person: string) =>
    told.filter(([, who, what]) => what === show && who === person).map(([at, , , when]) => `${at} ${when}`)

  expect(of('harbor', 'ana')).toEqual([
    '10-26T01 hoje · 22:00 (horário de Brasília)',
    '11-02T02 hoje · 23:00 (horário de Brasília)',
  ])
  expect(of('harbor', 'bob')).toEqual([
    '10-26T01 today · 9:00 PM (New York time)',
    '11-02T02 today · 9:00 PM (New York time)',
  ])

  // TVMaze counts the night to the evening before: read as a date, everything would be a day too early.
  const nights = (hour: number, when: string) => (day: string) => `${day}T0${hour} ${when}`
  const before = ['10-27', '10-28', '10-29', '10-30']
  const after = ['11-03', '11-04', '11-05']
  expect(of('late night', 'ana')).toEqual([
    ...before.map(nights(4, 'hoje · 01:37 (horário de Brasília)')),
    ...after.map(nights(5, 'hoje · 02:37 (horário de Brasília)')),
  ])
  expect(of('late night', 'bob')).toEqual([
    ...before.map(nights(4, 'today · 12:37 AM (New York time)')),
    ...after.map(nights(5, 'today · 12:37 AM (New York time)')),
  ])

  // Nobody knows its hour: each hears at nine of their own morning, and of no hour.
  expect(of('streamer', 'ana')).toEqual([
    '10-28T12 hoje (qua., 28 out) · horário não divulgado',
    '11-04T12 hoje (qua., 4 nov) · horário não divulgado',
  ])
  expect(of('streamer', 'bob')).toEqual([
    '10-28T13 today (Wed, Oct 28) · time not announced',
    '11-04T14 today (Wed, Nov 4) · time not announced',
  ])
})
