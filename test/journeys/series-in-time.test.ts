import { afterEach, beforeEach, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { reportsIn } from '#database/reports/reports.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { incidentAnswersIn } from '#database/uptime/incident-answers.ts'
import { webhookListenersIn } from '#database/webhooks/webhooks.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import { MessageRefused } from '#events/message-refused.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { Tick } from '#events/tick.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { errorNotifier, messageRefused, noticesTick } from '#functions/error-notifier/error-notifier.ts'
import { newNotifierState } from '#functions/error-notifier/notify-unless-paused.ts'
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
 * These tests follow an episode from TVmaze to a chat, on a clock that the test sets. The rules run on the real
 * function server, with the real broker and the Triggers of triggers/; only the pauses between retries are removed.
 */

const hourMs = 3_600_000
const token = '700000001:series-in-time-bot-AAAAAAAAAAAAAAA'
const opsToken = '700000002:series-in-time-operators-AAAAAA'
const { triggers, sources } = readManifests(manifestFiles(root))

type SeriesJourney = Awaited<ReturnType<typeof startJourney>>
let journey: SeriesJourney

const startJourney = async (start: string) => {
  let now = new Date(start)
  const clock = () => now
  const [database, catalogueServer, telegramSimulator, shows] = await Promise.all([
    freshDatabase(),
    freshMongo(),
    startTelegram({ botToken: token, opsToken, clock, rates: false }),
    startTvmaze({ clock, limit: false }),
  ])
  const { db } = database
  const operator = telegramSimulator.operators.user('Operadora', { language: 'pt-br' })
  operator.send('/start')

  const hosts = new Map<string, Awaited<ReturnType<typeof startFunction>>>()
  const ownTriggers = triggers.filter(
    ({ subscriber }) => subscriber.kind === 'function' && subscriber.name in definitions,
  )
  const brokerServer = await startBrokerServer(
    database.url,
    ownTriggers.map(trigger => ({ ...trigger, delivery: { ...trigger.delivery, backoffDelayMs: 0 } })),
    {
      resolve: destination => {
        if (destination.kind !== 'function')
          throw new Error(`this test has no destination of the kind ${destination.kind}`)
        const { name, path } = destination
        return {
          url: `http://${name}.localhost${path}`,
          function: name,
          reach: async () => ({ origin: `http://127.0.0.1:${hosts.get(name)!.port}`, release: () => {} }),
        }
      },
    },
  )
  const dependencies: Dependencies = {
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
    telegram: telegram({ apiRoot: telegramSimulator.url, token }),
    operators: operatorsIn(telegram({ apiRoot: telegramSimulator.url, token: opsToken }), String(operator.chatId)),
  }
  for (const [name, definition] of Object.entries(definitions))
    hosts.set(name, await startFunction({ name, ...definition(dependencies) }, { sink: brokerServer.ingressUrl }))

  /** Sends the tick of a PingSource of knative/sources/, and waits until no event is pending. */
  const tick = async (name: string) => {
    const source = sources.find(one => one.name === name)!
    await sendRequest(brokerServer.ingressUrl, pingEvent(source, now))
    await until(
      async () => (await brokerServer.broker.reads.events({ limit: 200 })).every(({ state }) => state !== 'pending'),
      {
        what: `the events after the tick of ${name}`,
      },
    )
  }

  return {
    shows,
    telegram: telegramSimulator,
    operator,
    follows: followsIn(db),
    catalogue: dependencies.catalogue,
    tick,
    now: () => now,
    setNow: (instant: Date | string) => {
      now = new Date(instant)
    },
    advance: (ms: number) => {
      now = new Date(now.getTime() + ms)
    },
    person: async (name: string, language: Language, zone: string) => {
      const person = telegramSimulator.user(name)
      person.send('/start')
      await chatsIn(db).upsert({ id: person.chatId, kind: 'private', language })
      await chatsIn(db).setZone(person.chatId, zone)
      return person
    },
    stop: async () => {
      await brokerServer.stop()
      for (const host of hosts.values()) await host[Symbol.asyncDispose]()
      await Promise.all([telegramSimulator.stop(), shows.stop(), database.end(), catalogueServer.end()])
    },
  }
}

interface Dependencies {
  db: Awaited<ReturnType<typeof freshDatabase>>['db']
  clock: () => Date
  catalogue: ReturnType<typeof catalogueIn>
  tvmaze: ReturnType<typeof tvmaze>
  telegram: ReturnType<typeof telegram>
  operators: ReturnType<typeof operatorsIn>
}

/** The definitions of the functions, composed as in each main.ts. */
const definitions: Record<string, (dependencies: Dependencies) => Omit<FunctionDefinition, 'name'>> = {
  'series-refresher': ({ db, ...dependencies }) => ({
    events: [
      on(Tick, (tick, { log, publish }) =>
        seriesRefresher(tick, {
          ...dependencies,
          follows: followsIn(db),
          announcements: announcementsIn(db),
          cursors: cursorsIn(db),
          looks: looksIn(db),
          missingShows: missingShowsIn(db),
          noticeSettings: noticeSettingsIn(db),
          seen: seenIn(db),
          seriesNames: seriesNamesIn(db),
          skippedRecords: skippedRecordsIn(db),
          publish,
          log,
        }),
      ),
    ],
  }),
  'episode-checker': dependencies => ({
    events: [on(Tick, (tick, { publish }) => episodeChecker(tick, { ...dependencies, publish }))],
  }),
  'notification-fanout': ({ db, clock }) => {
    const dependencies = {
      follows: followsIn(db),
      subscribers: subscribersIn(db),
      noticeSettings: noticeSettingsIn(db),
      waitingNotices: waitingNoticesIn(db),
      webhooks: webhookListenersIn(db),
      chats: chatsIn(db),
      clock,
    }
    return {
      events: [
        on(EpisodeDue, event => notificationFanout(event, { name: 'episode.due', data: event.data }, dependencies)),
        on(EpisodeMissed, event =>
          notificationFanout(event, { name: 'episode.missed', data: event.data }, dependencies),
        ),
        on(SeriesChanged, event =>
          notificationFanout(event, { name: 'series.changed', data: event.data }, dependencies),
        ),
      ],
    }
  },
  'telegram-notifier': ({ db, clock, telegram: api }) => {
    const dependencies = {
      messages: messagesIn(db),
      chats: chatsIn(db),
      incidentAnswers: incidentAnswersIn(db),
      reports: reportsIn(db),
      telegram: api,
      bot: 'bot',
      clock,
      wait: async () => {},
      random: () => 0,
      release: 'sources (unreleased)',
    }
    return {
      events: [
        on(MessageRequested, (event, { log }) => telegramNotifier(event, { ...dependencies, log })),
        on(Tick, (_, { log }) => outboxTick({ ...dependencies, log })),
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
afterEach(() => journey?.stop())

const texts = (person: { answers(): { text: string }[] }) => person.answers().map(({ text }) => text)

test.each<TvmazeFailure>(['down', '429', 'html200', '502'])(
  'if TVmaze fails for six hours (%s), no follow is lost, due episodes are announced, and the operators get one notice',
  async failure => {
    journey = await startJourney('2026-11-21T12:07:00Z')
    const { shows, operator, follows, catalogue, tick, advance } = journey
    const ana = await journey.person('Ana', 'pt-BR', 'America/Sao_Paulo')
    const show = shows.addShow({
      name: 'Meia-noite em Santos',
      on: { br: 'Canal Sul' },
      episodes: [{ airs: { at: new Date('2026-11-21T15:30:00Z') }, season: 1, number: 4, name: 'A ressaca' }],
    })
    for (const id of [show.id, shows.showIds.harbor]) await follows.follow(ana.chatId, `show/${id}`, journey.now())
    await tick('series-refresher')
    await tick('episode-checker')

    shows.fail(failure)
    for (let hour = 1; hour <= 6; hour++) {
      advance(hourMs)
      await tick('series-refresher')
      await tick('episode-checker')
      await tick('telegram-notifier')
      await tick('error-notifier')
    }
    expect(texts(operator)).toEqual([expect.stringMatching(/series-refresher-tick.*503 TVmaze does not answer/s)])
    expect(journey.telegram.operators.calls('editMessageText')).toEqual([])
    expect(texts(ana)).toEqual([expect.stringContaining('A ressaca')])
    expect((await follows.followedShows()).toSorted()).toEqual([shows.showIds.harbor, show.id])
    expect(await catalogue.show(shows.showIds.harbor)).not.toBeNull()

    // TVmaze answers again, with an episode that was added during the outage.
    shows.fail(null)
    shows.addEpisode(show.id, {
      airs: { at: new Date('2026-11-21T18:30:00Z') },
      season: 1,
      number: 5,
      name: 'O farol',
    })
    advance(hourMs)
    await tick('series-refresher')
    await tick('episode-checker')
    await tick('error-notifier')
    expect(texts(ana).filter(text => text.includes('O farol'))).toHaveLength(1)
    expect(texts(operator)).toHaveLength(1)
  },
)

test('if TVmaze deletes a followed show, no follow is lost, its known episode is still announced, and the operators get no notice', async () => {
  journey = await startJourney('2026-11-21T12:07:00Z')
  const { shows, operator, follows, tick, advance } = journey
  const ana = await journey.person('Ana', 'pt-BR', 'America/Sao_Paulo')
  const lost = shows.addShow({
    name: 'A Perdida',
    on: { br: 'Canal Sul' },
    episodes: [{ airs: { at: new Date('2026-11-21T15:30:00Z') }, season: 1, number: 1, name: 'Ainda assim' }],
  })
  for (const id of [lost.id, shows.showIds.harbor]) await follows.follow(ana.chatId, `show/${id}`, journey.now())
  await tick('series-refresher')
  shows.deleteShow(lost.id)
  for (let hour = 1; hour <= 6; hour++) {
    advance(hourMs)
    await tick('series-refresher')
    await tick('episode-checker')
    await tick('error-notifier')
  }
  expect(texts(ana)).toEqual([expect.stringContaining('Ainda assim')])
  expect((await follows.followedShows()).toSorted()).toEqual([shows.showIds.harbor, lost.id])
  expect(texts(operator)).toEqual([])
})

test('in the week in which US clocks change, two chats in two zones get each notice at the right local time', async () => {
  journey = await startJourney('2026-10-25T12:07:00Z')
  const { shows, follows, tick } = journey
  const ana = await journey.person('Ana', 'pt-BR', 'America/Sao_Paulo')
  const bob = await journey.person('Bob', 'en', 'America/New_York')
  const { harbor, lateNight, streamer } = shows.showIds
  for (const { chatId } of [ana, bob])
    for (const id of [harbor, lateNight, streamer]) await follows.follow(chatId, `show/${id}`, journey.now())
  await tick('series-refresher')
  await tick('episode-checker')

  const seen = { ana: 0, bob: 0 }
  const notices: [instant: string, who: string, show: string, when: string][] = []
  // The ticks come at a quarter to each hour around the expected hours, so that a notice an hour too early or too late
  // fails the test.
  const hours = [0, 1, 2, 3, 4, 5, 11, 12, 13, 14]
  for (let day = Date.parse('2026-10-26T00:45:00Z'); day < Date.parse('2026-11-06T00:00:00Z'); day += 24 * hourMs)
    for (const hour of hours) {
      journey.setNow(new Date(day + hour * hourMs))
      await tick('episode-checker')
      for (const [who, person] of [
        ['ana', ana],
        ['bob', bob],
      ] as const) {
        const all = texts(person)
        for (const text of all.slice(seen[who])) {
          const show = /Ganimedes|Ganymede/.test(text) ? 'streamer' : /Desk/.test(text) ? 'late night' : 'harbor'
          notices.push([journey.now().toISOString().slice(5, 13), who, show, /🗓 (.*)/.exec(text)![1]!])
        }
        seen[who] = all.length
      }
    }
  const of = (show: string, person: string) =>
    notices.filter(([, who, what]) => what === show && who === person).map(([at, , , when]) => `${at} ${when}`)

  expect(of('harbor', 'ana')).toEqual([
    '10-26T01 hoje · 22:00 (horário de Brasília)',
    '11-02T02 hoje · 23:00 (horário de Brasília)',
  ])
  expect(of('harbor', 'bob')).toEqual([
    '10-26T01 today · 9:00 PM (New York time)',
    '11-02T02 today · 9:00 PM (New York time)',
  ])

  // The late-night show airs after midnight, but TVmaze gives the day before as its airdate, so notices by the airdate
  // would come a day too early.
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

  // The airtime of the streaming show is not known, so each chat gets a notice without a time, at 09:00 in the zone of
  // the chat.
  expect(of('streamer', 'ana')).toEqual([
    '10-28T12 hoje (qua., 28 out) · horário não divulgado',
    '11-04T12 hoje (qua., 4 nov) · horário não divulgado',
  ])
  expect(of('streamer', 'bob')).toEqual([
    '10-28T13 today (Wed, Oct 28) · time not announced',
    '11-04T14 today (Wed, Nov 4) · time not announced',
  ])
})
