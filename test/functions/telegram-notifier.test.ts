import { setTimeout } from 'node:timers/promises'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { followsIn } from '#database/series/follows.ts'
import { type DataOf, type EventOf, rootCause } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import { telegram } from '#functions/telegram/client.ts'
import { secondsAfterNoResponse } from '#functions/telegram-notifier/backoff.ts'
import type { Dependencies } from '#functions/telegram-notifier/deliver.ts'
import { outboxTick, telegramNotifier } from '#functions/telegram-notifier/telegram-notifier.ts'
import { type SimulatedUser, startTelegram, type TelegramSimulator } from '#simulators/telegram.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

const token = '111111:AAmainmainmainmainmainmainmainmainmain'
let database: TestDatabase
let simulator: TelegramSimulator
let outbox: Dependencies
let now = new Date('2026-11-21T17:00:00Z')
let waits: number[] = []

const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
const minutes = (count: number) => count * 60_000

beforeAll(async () => {
  database = await freshDatabase()
  simulator = await startTelegram({ botToken: token, clock: () => now })
})
afterAll(async () => {
  await simulator.stop()
  await database.end()
})

beforeEach(async () => {
  later(minutes(600))
  waits = []
  simulator.forgetCalls()
  simulator.clearInjectedErrors()
  simulator.revoke(false)
  await database.db.query('truncate message, bot_pause, chat_moved')
  outbox = {
    messages: messagesIn(database.db),
    chats: chatsIn(database.db),
    telegram: telegram({ apiRoot: simulator.url, token }),
    bot: 'bot',
    clock: () => now,
    // A virtual clock: whoever waits, time passes.
    wait: async ms => {
      waits.push(ms)
      later(ms)
    },
    random: () => 0,
    log: pino({ level: 'silent' }),
  }
})

let people = 0
/** Somebody who has talked to the bot. */
const person = async (): Promise<SimulatedUser> => {
  const user = simulator.user(`Pessoa ${people++}`)
  user.send('/start')
  await chatsIn(database.db).upsert({ id: user.chatId, kind: 'private', language: 'pt-BR' })
  return user
}
const group = async () => {
  const room = simulator.group('Turma')
  const seat = room.as(simulator.user('Ana'))
  room.addBot(simulator.user('Ana'))
  await chatsIn(database.db).upsert({ id: room.chatId, kind: 'group', language: 'pt-BR' })
  return { room, seat }
}

let requests = 0
const request = (
  chatId: number,
  data: Partial<DataOf<typeof MessageRequested>> = {},
): EventOf<typeof MessageRequested> =>
  MessageRequested.from(rootCause(`cause-${requests++}`), {
    key: String(chatId),
    subject: `chat/${chatId}`,
    data: { chatId, html: 'Oi', ...data },
  })
const notify = (event: EventOf<typeof MessageRequested>) => telegramNotifier(event, outbox)
const row = async (event: { id: string }) =>
  (await database.db.query('select * from message where key = $1', [event.id])).rows[0]!
const texts = (user: { answers(): { text: string }[] }) =>
  user.answers().flatMap(({ text }) => (text === '' ? [] : [text]))

describe('a message is sent once', () => {
  test('a request becomes one message with its buttons, and a repeat nothing more', async () => {
    const ana = await person()
    const event = request(ana.chatId, {
      html: '<b>Ruptura</b> &amp; mais',
      buttons: [
        [
          { text: 'TVmaze', url: 'https://www.tvmaze.com/shows/82' },
          { text: 'ver', data: 'v1:-' },
        ],
      ],
      silent: true,
    })
    expect(await notify(event)).toEqual([])
    expect(await notify(event)).toEqual([])
    expect(ana.answers()).toMatchObject([
      {
        text: 'Ruptura & mais',
        silent: true,
        entities: [{ type: 'bold' }],
        buttons: [[{ url: 'https://www.tvmaze.com/shows/82' }, { data: 'v1:-' }]],
      },
    ])
    expect(await row(event)).toMatchObject({ state: 'sent', telegram_message_id: ana.last()!.id, attempts: 1 })
  })

  test('five at once for one chat, each twice, arrive once each and in their order', async () => {
    const ana = await person()
    const events = Array.from({ length: 5 }, (_, at) => request(ana.chatId, { html: `nº ${at}` }))
    // By the real clock: those who wait for another's send must not make its lease run out.
    const real = { ...outbox, clock: () => new Date(), wait: (ms: number) => setTimeout(ms) }
    for (const event of events) await outbox.messages.keep(event, real.clock())
    await Promise.all([...events, ...events].map(event => telegramNotifier(event, real)))
    while ((await outbox.messages.chatsWaiting(new Date(Date.now() + minutes(60)), 1)).length > 0)
      await outboxTick(real)
    expect(texts(ana)).toEqual(events.map((_, at) => `nº ${at}`))
  })

  test('a reply finds the message it answers', async () => {
    const ana = await person()
    const down = request(ana.chatId, { html: 'saiu do ar' })
    await notify(down)
    await notify(request(ana.chatId, { html: 'voltou', replyTo: down.id }))
    await notify(request(ana.chatId, { html: 'sem par', replyTo: 'never-sent' }))
    const [first, second, third] = ana.answers()
    expect(second!.replyTo).toBe(first!.id)
    expect(third!.replyTo).toBe(null)
  })

  test('a crash in the middle of a send is taken over when its lease has run out, by the broker and by the tick', async () => {
    for (const takeOver of [notify, () => outboxTick(outbox)]) {
      const ana = await person()
      const event = request(ana.chatId)
      await outbox.messages.keep(event, now)
      await outbox.messages.claim(ana.chatId, outbox.bot, now)
      await expect(notify(event)).rejects.toThrow(RetryLater)
      expect(texts(ana)).toEqual([])
      later(10_000)
      await takeOver(event)
      await notify(event)
      expect(texts(ana)).toEqual(['Oi'])
    }
  })

  test('when the receipt cannot be kept at first, it is kept a little later, and nothing is sent again', async () => {
    const ana = await person()
    let failures = 3
    outbox.messages = {
      ...outbox.messages,
      sent: (...args) =>
        failures-- > 0 ? Promise.reject(new Error('restarting')) : messagesIn(database.db).sent(...args),
    }
    const event = request(ana.chatId)
    await notify(event)
    await notify(event)
    expect(texts(ana)).toEqual(['Oi'])
    expect(await row(event)).toMatchObject({ state: 'sent' })
  })

  test('a chat that nobody knows is a dead letter', async () => {
    await expect(notify(request(4711))).rejects.toThrow(Permanent)
  })

  test('a photo carries the text; a text too long for a caption goes without the photo', async () => {
    const ana = await person()
    const photo = 'https://static.tvmaze.com/uploads/images/original_untouched/1/2.jpg'
    await notify(request(ana.chatId, { photo, html: '<i>pôster</i>' }))
    await notify(request(ana.chatId, { photo, html: 'a'.repeat(1025) }))
    expect(ana.answers()).toMatchObject([{ photo, text: 'pôster' }, { photo: null }])
  })

  test('a text over 4096 characters is cut between words', async () => {
    const ana = await person()
    expect(await notify(request(ana.chatId, { html: `<b>${'palavra '.repeat(600)}</b>` }))).toEqual([])
    expect(ana.last()!.text).toMatch(/palavra…$/)
    expect(ana.last()!.text.length).toBeLessThanOrEqual(4096)
  })
})

describe('what Telegram answers, and what becomes of the message', () => {
  const refusedWith = (code: number) => [
    expect.objectContaining({ type: 'dev.vigia.message.refused', data: expect.objectContaining({ code }) }),
  ]

  test('429: sent when Telegram said, at the cost of no try', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 429, retryAfter: 30 })
    const event = request(ana.chatId)
    expect(await notify(event)).toEqual([])
    expect(await row(event)).toMatchObject({
      state: 'waiting',
      attempts: 0,
      not_before: new Date(now.getTime() + 30_000),
    })
    later(29_000)
    await outboxTick(outbox)
    // The tick stays for the last seconds of a wait.
    expect(texts(ana)).toEqual(['Oi'])
    expect(waits).toEqual([1_000])
  })

  test('429 for a second or two: the request itself waits', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 429, retryAfter: 2 })
    await notify(request(ana.chatId))
    expect(texts(ana)).toEqual(['Oi'])
    expect(waits).toEqual([2_000])
  })

  test('429 for one chat in the middle of a bulk is that chat’s wait alone', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, person))
    for (const user of all.slice(0, 4)) await notify(request(user.chatId))
    simulator.failNext('sendMessage', { status: 429, retryAfter: 40, chatId: all[4]!.chatId })
    await notify(request(all[4]!.chatId))
    await notify(request(all[4]!.chatId, { html: 'depois' }))
    await notify(request(all[5]!.chatId))
    expect(texts(all[5]!)).toEqual(['Oi'])
    expect(await outbox.messages.pausedUntil(outbox.bot)).toBe(null)
    later(10_000)
    await outboxTick(outbox)
    expect(texts(all[4]!)).toEqual([])
    later(30_000)
    await outboxTick(outbox)
    expect(texts(all[4]!)).toEqual(['Oi', 'depois'])
  })

  test('429 in several chats within seconds: the whole bot waits, in every replica, and goes on afterwards', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, person))
    for (const user of all.slice(0, 2)) await notify(request(user.chatId))
    simulator.failNext('sendMessage', { status: 429, retryAfter: 20, times: 3 })
    for (const user of all.slice(2, 5)) await notify(request(user.chatId))
    const calls = simulator.calls('sendMessage').length
    await notify(request(all[5]!.chatId))
    await outboxTick(outbox)
    expect(simulator.calls('sendMessage').length).toBe(calls)
    later(20_000)
    await outboxTick(outbox)
    expect(all.flatMap(texts)).toEqual(['Oi', 'Oi', 'Oi', 'Oi', 'Oi', 'Oi'])
    expect(await outbox.messages.pausedUntil(outbox.bot)).toBe(null)
  })

  test.each([
    ['without a wait', 5, {}],
    ['with a wait of years', 86_400, { parameters: { retry_after: 999_999_999_999 } }],
    ['with a wait that is no number', 5, { parameters: { retry_after: 'soon' } }],
  ])('429 %s: a wait of %i s', async (_, seconds, more) => {
    const ana = await person()
    const body = JSON.stringify({ ok: false, error_code: 429, description: 'Too Many Requests', ...more })
    simulator.failNext('sendMessage', { status: 429, body, contentType: 'application/json' })
    const event = request(ana.chatId)
    await notify(event)
    expect(await row(event)).toMatchObject({
      state: 'waiting',
      attempts: 0,
      not_before: new Date(now.getTime() + seconds * 1000),
    })
  })

  test('a message that must wait for its chat goes out when it may, and holds up nothing else', async () => {
    const [ana, bia] = [await person(), await person()]
    const event = request(ana.chatId, { notBefore: new Date(now.getTime() + 40_000).toISOString() })
    await notify(event)
    await notify(request(bia.chatId))
    expect([texts(ana), texts(bia)]).toEqual([[], ['Oi']])
    later(40_000)
    await outboxTick(outbox)
    expect(texts(ana)).toEqual(['Oi'])
  })

  test('403, blocked: the chat is unreachable, its other messages too, and no operator is woken', async () => {
    const ana = await person()
    await outbox.messages.keep(request(ana.chatId), now)
    const second = request(ana.chatId)
    await outbox.messages.keep(second, now)
    ana.block()
    expect(await notify(request(ana.chatId))).toEqual([])
    expect(await chatsIn(database.db).find(ana.chatId)).toMatchObject({ unreachableSince: expect.any(Date) })
    expect(await row(second)).toMatchObject({ state: 'refused', refusal: 'Forbidden: bot was blocked by the user' })
    expect(simulator.calls('sendMessage').length).toBe(1)
  })

  test.each([
    [
      'deactivated',
      async () => {
        const ana = await person()
        ana.deactivate()
        return ana.chatId
      },
    ],
    [
      'kicked from the group',
      async () => {
        const { room } = await group()
        room.kickBot(simulator.user('Ana'))
        return room.chatId
      },
    ],
    [
      'the group was deleted',
      async () => {
        const { room } = await group()
        room.remove()
        return room.chatId
      },
    ],
    [
      'never started',
      async () => {
        const stranger = simulator.user(`Estranho ${people++}`)
        await chatsIn(database.db).upsert({ id: stranger.chatId, kind: 'private', language: 'pt-BR' })
        return stranger.chatId
      },
    ],
  ])('403, %s: unreachable, in silence', async (_, gone) => {
    const chatId = await gone()
    const event = request(chatId)
    expect(await notify(event)).toEqual([])
    expect(await chatsIn(database.db).find(chatId)).toMatchObject({ unreachableSince: expect.any(Date) })
    expect(await row(event)).toMatchObject({ state: 'refused' })
  })

  test('400, chat not found: unreachable, and the operators hear', async () => {
    await chatsIn(database.db).upsert({ id: 999_999_999, kind: 'private', language: 'pt-BR' })
    const event = request(999_999_999)
    const said = await notify(event)
    expect(said).toEqual(refusedWith(400))
    expect(said[0]).toMatchObject({ id: `${event.id}/message.refused`, causationid: event.id, vigiahops: 1 })
    expect(await notify(event)).toEqual(said)
    expect(await chatsIn(database.db).find(999_999_999)).toMatchObject({ unreachableSince: expect.any(Date) })
  })

  test('400, the group became a supergroup: everything moves, the message is there once', async () => {
    const { room } = await group()
    const upgraded = room.upgrade()
    const seat = upgraded.as(simulator.user('Ana'))
    const event = request(room.chatId)
    expect(await notify(event)).toEqual([])
    expect(await notify(event)).toEqual([])
    // Asked for before the news of the move got around.
    await notify(request(room.chatId, { html: 'mais uma' }))
    expect(texts(seat)).toEqual(['Oi', 'mais uma'])
    expect(await chatsIn(database.db).find(room.chatId)).toBe(null)
    expect(await chatsIn(database.db).find(upgraded.chatId)).toMatchObject({ kind: 'supergroup' })
  })

  test('400, the message replied to is gone: sent without the reply', async () => {
    const ana = await person()
    const first = request(ana.chatId)
    await notify(first)
    simulator.failNext('sendMessage', { status: 400, description: 'Bad Request: message to be replied not found' })
    expect(await notify(request(ana.chatId, { html: 'voltou', replyTo: first.id }))).toEqual([])
    expect(ana.last()).toMatchObject({ text: 'voltou', replyTo: null })
  })

  test('400, the topic of the message replied to is closed: sent without the reply', async () => {
    const ana = await person()
    const first = request(ana.chatId)
    await notify(first)
    simulator.failNext('sendMessage', { status: 400, description: 'Bad Request: TOPIC_CLOSED' })
    await notify(request(ana.chatId, { html: 'voltou', replyTo: first.id }))
    expect(ana.last()).toMatchObject({ text: 'voltou', replyTo: null })
  })

  describe('a topic of a forum', () => {
    const forum = async () => {
      const room = simulator.group('Fórum', { forum: true })
      const ana = simulator.user('Ana')
      room.addBot(ana)
      await chatsIn(database.db).upsert({ id: room.chatId, kind: 'supergroup', language: 'pt-BR' })
      const [series, sites] = [room.openTopic('Séries'), room.openTopic('Sites')]
      const follows = followsIn(database.db)
      await follows.follow(room.chatId, 'show/82', now, 'Ruptura', series)
      await follows.follow(room.chatId, 'monitor/7', now, 'x', sites)
      const told = () =>
        room
          .as(ana)
          .answers()
          .flatMap(({ text, threadId }) => (/^(Oi|voltou)/.test(text) ? [[text, threadId]] : []))
      return { room, series, sites, follows, told }
    }

    test('is where a message goes, also while General is closed', async () => {
      const { room, series, told } = await forum()
      room.closeTopic(1)
      expect(await notify(request(room.chatId, { threadId: series }))).toEqual([])
      expect(told()).toEqual([['Oi', series]])
    })

    test('that is closed is replaced by General, for as long as it is closed', async () => {
      const { room, series, told } = await forum()
      const first = request(room.chatId, { threadId: series })
      await notify(first)
      room.closeTopic(series)
      expect(await notify(request(room.chatId, { html: 'voltou', threadId: series, replyTo: first.id }))).toEqual([])
      room.reopenTopic(series)
      await notify(request(room.chatId, { threadId: series }))
      expect(told()).toEqual([
        ['Oi', series],
        ['voltou', null],
        ['Oi', series],
      ])
    })

    test('that is deleted is replaced by General, from then on', async () => {
      const { room, series, follows, told } = await forum()
      room.deleteTopic(series)
      expect(await notify(request(room.chatId, { threadId: series }))).toEqual([])
      expect(told()).toEqual([['Oi', null]])
      expect(await follows.threadOf(room.chatId, 'show/82')).toBeNull()
      expect(await follows.threadOf(room.chatId, 'monitor/7')).not.toBeNull()
    })

    test('is replaced by another one in which the group follows something, where General is closed too', async () => {
      const { room, series, sites, told } = await forum()
      room.closeTopic(1)
      room.closeTopic(series)
      expect(await notify(request(room.chatId, { threadId: series }))).toEqual([])
      expect(await notify(request(room.chatId))).toEqual([])
      expect(told()).toEqual([
        ['Oi', sites],
        ['Oi', sites],
      ])
    })

    test('is told to the operators where every topic is closed', async () => {
      const { room, series, sites, told } = await forum()
      for (const topic of [1, series, sites]) room.closeTopic(topic)
      const event = request(room.chatId, { threadId: series })
      expect(await notify(event)).toEqual(refusedWith(400))
      expect(told()).toEqual([])
      expect(await row(event)).toMatchObject({ state: 'refused', refusal: 'Bad Request: TOPIC_CLOSED' })
      // The group can be written to again once a topic is open.
      room.reopenTopic(1)
      expect(await notify(request(room.chatId))).toEqual([])
      expect(told()).toEqual([['Oi', null]])
    })

    test('is not asked for by its number where it is General', async () => {
      const { room, told } = await forum()
      expect(await notify(request(room.chatId, { threadId: 1 }))).toEqual([])
      expect(told()).toEqual([['Oi', null]])
    })

    test('means nothing in a group without topics, and in one that has become a supergroup', async () => {
      const { room, seat } = await group()
      await notify(request(room.chatId, { threadId: 77 }))
      expect(texts(seat)).toEqual(['Oi'])
      const upgraded = room.upgrade()
      await notify(request(room.chatId, { threadId: 77, html: 'mudou' }))
      expect(texts(upgraded.as(simulator.user('Ana')))).toEqual(['mudou'])
    })
  })

  test('400, HTML that Telegram cannot read: sent as plain text, and the operators hear', async () => {
    const ana = await person()
    expect(await notify(request(ana.chatId, { html: '<blink>Tom &amp; Zé</blink>' }))).toEqual(refusedWith(400))
    expect(ana.last()).toMatchObject({ text: 'Tom & Zé', entities: [] })
  })

  test('400, too long by a count that is not ours: cut, and the operators hear', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 400, description: 'Bad Request: message is too long' })
    expect(await notify(request(ana.chatId, { html: 'palavra '.repeat(400) }))).toEqual(refusedWith(400))
    expect(ana.last()!.text).toMatch(/palavra…$/)
  })

  test.each([
    'Bad Request: wrong HTTP URL specified',
    'Bad Request: failed to get HTTP URL content',
    'Bad Request: wrong type of the web page content',
    'Bad Request: PHOTO_INVALID_DIMENSIONS',
  ])('400, %s: the smaller poster, then text', async description => {
    const ana = await person()
    const photo = 'https://static.tvmaze.com/uploads/images/original_untouched/1/2.jpg'
    simulator.failNext('sendPhoto', { status: 400, description })
    await notify(request(ana.chatId, { photo }))
    expect(ana.last()).toMatchObject({ photo: photo.replace('original_untouched', 'medium_portrait') })
    simulator.failNext('sendPhoto', { status: 400, description, times: 2 })
    expect(await notify(request(ana.chatId, { photo, html: 'sem foto' }))).toEqual([])
    expect(ana.last()).toMatchObject({ photo: null, text: 'sem foto' })
  })

  test.each(['Bad Request: BUTTON_DATA_INVALID', 'Bad Request: reply markup is too long'])(
    '400, %s: sent without buttons, and the operators hear',
    async description => {
      const ana = await person()
      simulator.failNext('sendMessage', { status: 400, description })
      const event = request(ana.chatId, { buttons: [[{ text: 'x', data: 'y' }]] })
      expect(await notify(event)).toEqual(refusedWith(400))
      expect(ana.last()).toMatchObject({ text: 'Oi', buttons: [] })
    },
  )

  test('400, anything else: refused for good, and the operators hear', async () => {
    const ana = await person()
    const event = request(ana.chatId, { html: '<b> </b>' })
    expect(await notify(event)).toEqual(refusedWith(400))
    expect(await row(event)).toMatchObject({ state: 'refused', refusal: 'Bad Request: text must be non-empty' })
  })

  test.each([
    ['the token is revoked', { status: 401, description: 'Unauthorized' }],
    ['the account is frozen', { status: 400, description: 'Bad Request: FROZEN_METHOD_INVALID' }],
  ])('%s: nothing more is sent, the operators hear once, and everything goes out when it is over', async (_, fault) => {
    const [ana, bia] = [await person(), await person()]
    simulator.failNext('*', { ...fault, times: 100 })
    expect(await notify(request(ana.chatId))).toEqual(refusedWith(fault.status))
    expect(await notify(request(bia.chatId))).toEqual([])
    expect(simulator.calls('sendMessage').length).toBe(1)
    later(minutes(11))
    await outboxTick(outbox)
    later(minutes(11))
    expect(await outboxTick(outbox)).toEqual([])
    expect(simulator.calls('sendMessage').length).toBe(3)
    simulator.clearInjectedErrors()
    later(minutes(11))
    await outboxTick(outbox)
    expect([...texts(ana), ...texts(bia)]).toEqual(['Oi', 'Oi'])
  })

  test('409: the operators hear, and the message is tried again', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 409, description: 'Conflict: terminated by other getUpdates request' })
    const event = request(ana.chatId)
    expect(await notify(event)).toEqual(refusedWith(409))
    later(minutes(1))
    await outboxTick(outbox)
    expect(texts(ana)).toEqual(['Oi'])
  })

  test.each([
    ['500', { status: 500, description: 'Internal Server Error' }],
    ['a page of HTML with status 502', { status: 502, body: '<html>Bad Gateway</html>', contentType: 'text/html' }],
    ['a page of HTML with status 200', { status: 200, body: '<html>Olá</html>', contentType: 'text/html' }],
    ['a connection that breaks off', { dropConnection: true }],
  ])('%s: tried again soon', async (_, fault) => {
    const ana = await person()
    simulator.failNext('sendMessage', fault)
    await notify(request(ana.chatId))
    expect(texts(ana)).toEqual(['Oi'])
    expect(waits).toEqual([2_000])
  })

  test('silence for hours: a bounded number of tries, then the operators hear', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 502, body: 'no', times: 1000 })
    const event = request(ana.chatId)
    const said = [...(await notify(event))]
    for (let minute = 0; minute < 240; minute++) {
      later(minutes(1))
      said.push(...(await outboxTick(outbox)))
    }
    expect(simulator.calls('sendMessage').length).toBe(12)
    expect(secondsAfterNoResponse(12)).toBe(null)
    expect(await row(event)).toMatchObject({ state: 'refused', attempts: 12 })
    expect(new Set(said.map(({ id }) => id))).toEqual(new Set([`${event.id}/message.refused`]))
  })

  test('nobody listens where Telegram should be: nothing can have arrived, so it is tried for a day and costs no try', async () => {
    const ana = await person()
    const away = { ...outbox, telegram: telegram({ apiRoot: 'http://127.0.0.1:1', token }) }
    const event = request(ana.chatId)
    await telegramNotifier(event, away)
    for (let hour = 0; hour < 12; hour++) {
      later(minutes(60))
      await outboxTick(away)
    }
    expect(await row(event)).toMatchObject({ state: 'waiting', attempts: 0 })
    later(minutes(5))
    await outboxTick(outbox)
    expect(texts(ana)).toEqual(['Oi'])
  })

  test('delivered, but the answer was lost: sent again, for there is no way to know', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { delivered: true, dropConnection: true })
    await notify(request(ana.chatId))
    expect(texts(ana)).toEqual(['Oi', 'Oi'])
  })
})

describe('the pace', () => {
  test('three at once to a chat, then one a second', async () => {
    const ana = await person()
    for (let each = 0; each < 6; each++) await outbox.messages.keep(request(ana.chatId), now)
    const start = now.getTime()
    await outboxTick(outbox)
    const at = simulator.calls('sendMessage').map(call => call.at.getTime() - start)
    expect(at).toEqual([0, 0, 0, 3_000, 3_000, 3_000])
  })

  test('a group gets no more than twenty a minute', async () => {
    const { room, seat } = await group()
    for (let each = 0; each < 25; each++) await outbox.messages.keep(request(room.chatId), now)
    await outboxTick(outbox)
    expect(seat.answers().length).toBe(20)
    later(minutes(1))
    await outboxTick(outbox)
    expect(seat.answers().length).toBe(25)
  })

  test('sixty chats at once: no second has more than the bot may send, and all of them get theirs', async () => {
    const all = await Promise.all(Array.from({ length: 60 }, person))
    for (const user of all) await outbox.messages.keep(request(user.chatId), now)
    await outboxTick(outbox)
    await outboxTick(outbox)
    const calls = simulator.calls('sendMessage')
    expect(calls.every(({ status }) => status === 200)).toBe(true)
    expect(all.map(user => user.answers().length)).toEqual(all.map(() => 1))
    const perSecond = Map.groupBy(calls, ({ at }) => Math.floor(at.getTime() / 1000))
    // Eight workers may look at the same instant before one of them has written.
    for (const second of perSecond.values()) expect(second.length).toBeLessThanOrEqual(33)
  })
})

describe('a burst', () => {
  const timesOf = (user: SimulatedUser) =>
    simulator.calls('sendMessage').flatMap((call, at) => (call.params.chat_id === user.chatId ? [at] : []))

  test('of one chat does not delay another: the tick gives each chat its turn', async () => {
    const [busy, quiet] = [await person(), await person()]
    for (let n = 0; n < 30; n++) await outbox.messages.keep(request(busy.chatId, { html: `nº ${n}` }), now)
    await outbox.messages.keep(request(quiet.chatId), now)
    later(minutes(1))
    await outboxTick(outbox)
    // Two workers take turns at their own speed: some of the thirty may be sent before, but never all of them.
    expect(timesOf(quiet)[0]).toBeLessThan(15)
    expect(texts(busy)).toEqual(Array.from({ length: 30 }, (_, n) => `nº ${n}`).slice(0, texts(busy).length))
    await outboxTick(outbox)
    expect(texts(busy)).toHaveLength(30)
  })

  test('of one chat is sent by one request; the others only store theirs', async () => {
    const ana = await person()
    const shared = { ...outbox, activeChats: new Map() }
    const events = Array.from({ length: 12 }, (_, n) => request(ana.chatId, { html: `nº ${n}` }))
    await Promise.all(events.map(event => telegramNotifier(event, shared)))
    await outboxTick(outbox)
    expect(texts(ana)).toHaveLength(12)
    expect(shared.activeChats.size).toBe(0)
  })

  test('of many chats is stored at once, and no message is lost or sent twice', async () => {
    const people = await Promise.all(Array.from({ length: 40 }, person))
    const shared = { ...outbox, activeChats: new Map() }
    const events = people.flatMap(user => [0, 1, 2].map(n => request(user.chatId, { html: `nº ${n}` })))
    await Promise.all(events.map(event => telegramNotifier(event, shared)))
    for (let ticks = 0; ticks < 5; ticks++) {
      later(minutes(1))
      await outboxTick(outbox)
    }
    for (const user of people) expect(texts(user).toSorted()).toEqual(['nº 0', 'nº 1', 'nº 2'])
  })
})

test('the token is in no error', async () => {
  const ana = await person()
  for (const fault of [
    { status: 502, body: `<html>/bot${token}/sendMessage</html>` },
    { dropConnection: true },
    { status: 400, description: `Bad Request: ${token}` },
  ]) {
    simulator.failNext('sendMessage', fault)
    const error = (await outbox.telegram
      .call('sendMessage', { chat_id: ana.chatId, text: 'x' })
      .catch((thrown: Error) => thrown)) as Error
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(token)
  }
  const nowhere = await telegram({ apiRoot: 'http://127.0.0.1:1', token })
    .call('getMe', {})
    .catch((thrown: Error) => thrown)
  expect(JSON.stringify(nowhere)).toContain('getMe')
  expect(String((nowhere as Error).stack)).not.toContain(token)
})
