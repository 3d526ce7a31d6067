import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { messagesIn } from '#database/messages/messages.ts'
import { Permanent, RetryLater } from '#functions/host/errors.ts'
import { telegram } from '#functions/telegram/client.ts'
import { outboxTick, telegramNotifier } from '#functions/telegram-notifier/telegram-notifier.ts'
import type { SimulatedUser } from '#simulators/telegram.ts'
import { group, person, texts } from './telegram-notifier/chats.ts'
import { notify, request, row } from './telegram-notifier/requests.ts'
import { database, later, minutes, now, outbox, simulator, token, useNotifier } from './telegram-notifier/support.ts'

useNotifier()

describe('a message is sent once', () => {
  test('a request becomes one message with its buttons, and a redelivery sends nothing', async () => {
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

  test('five simultaneous requests for one chat, each delivered twice, become one message each, in order', async () => {
    const ana = await person()
    const events = Array.from({ length: 5 }, (_, at) => request(ana.chatId, { html: `nº ${at}` }))
    // Uses the real clock. Each request that waits advances the test's clock, so on that clock the lease of the
    // request that is sending would expire.
    const real = { ...outbox, clock: () => new Date(), wait: (ms: number) => setTimeout(ms) }
    for (const event of events) await outbox.messages.keep(event, real.clock())
    await Promise.all([...events, ...events].map(event => telegramNotifier(event, real)))
    while ((await outbox.messages.chatsWaiting(new Date(Date.now() + minutes(60)), 1)).length > 0)
      await outboxTick(real)
    expect(texts(ana)).toEqual(events.map((_, at) => `nº ${at}`))
  })

  test('a reply refers to the message of the earlier request, if that message was sent', async () => {
    const ana = await person()
    const down = request(ana.chatId, { html: 'saiu do ar' })
    await notify(down)
    await notify(request(ana.chatId, { html: 'voltou', replyTo: down.id }))
    await notify(request(ana.chatId, { html: 'sem par', replyTo: 'never-sent' }))
    const [first, second, third] = ana.answers()
    expect(second!.replyTo).toBe(first!.id)
    expect(third!.replyTo).toBe(null)
  })

  test('a message whose sending was interrupted by a crash is sent by a redelivery or by the tick when the lease has expired', async () => {
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

  test('if the receipt cannot be stored at first, storing it is retried, and the message is not sent again', async () => {
    const ana = await person()
    let failures = 3
    outbox.messages = {
      ...outbox.messages,
      markSent: (...args) =>
        failures-- > 0 ? Promise.reject(new Error('restarting')) : messagesIn(database.db).markSent(...args),
    }
    const event = request(ana.chatId)
    await notify(event)
    await notify(event)
    expect(texts(ana)).toEqual(['Oi'])
    expect(await row(event)).toMatchObject({ state: 'sent' })
  })

  test('a request for an unknown chat fails permanently', async () => {
    await expect(notify(request(4711))).rejects.toThrow(Permanent)
  })

  test('a photo has the text as its caption; a text too long for a caption is sent without the photo', async () => {
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

describe('rate limits', () => {
  test('a chat gets three messages at once, then one per second on average', async () => {
    const ana = await person()
    for (let each = 0; each < 6; each++) await outbox.messages.keep(request(ana.chatId), now)
    const start = now.getTime()
    await outboxTick(outbox)
    const at = simulator.calls('sendMessage').map(call => call.at.getTime() - start)
    expect(at).toEqual([0, 0, 0, 3_000, 3_000, 3_000])
  })

  test('a group gets at most twenty messages per minute', async () => {
    const { room, seat } = await group()
    for (let each = 0; each < 25; each++) await outbox.messages.keep(request(room.chatId), now)
    await outboxTick(outbox)
    expect(seat.answers().length).toBe(20)
    later(minutes(1))
    await outboxTick(outbox)
    expect(seat.answers().length).toBe(25)
  })

  test('sixty chats at once get their messages, and each second has at most one message per worker above the limit', async () => {
    const all = await Promise.all(Array.from({ length: 60 }, person))
    for (const user of all) await outbox.messages.keep(request(user.chatId), now)
    await outboxTick(outbox)
    await outboxTick(outbox)
    const calls = simulator.calls('sendMessage')
    expect(calls.every(({ status }) => status === 200)).toBe(true)
    expect(all.map(user => user.answers().length)).toEqual(all.map(() => 1))
    const perSecond = Map.groupBy(calls, ({ at }) => Math.floor(at.getTime() / 1000))
    // Eight workers may read the limit at the same instant, before any of them has updated it. So a second may have
    // a few more messages than the limit allows.
    for (const second of perSecond.values()) expect(second.length).toBeLessThanOrEqual(33)
  })
})

describe('a burst', () => {
  const timesOf = (user: SimulatedUser) =>
    simulator.calls('sendMessage').flatMap((call, at) => (call.params.chat_id === user.chatId ? [at] : []))

  test('for one chat does not delay another chat, because the tick sends to the chats in turn', async () => {
    const [busy, quiet] = [await person(), await person()]
    for (let n = 0; n < 30; n++) await outbox.messages.keep(request(busy.chatId, { html: `nº ${n}` }), now)
    await outbox.messages.keep(request(quiet.chatId), now)
    later(minutes(1))
    await outboxTick(outbox)
    // The two workers do not run in step, so some of the thirty messages may be sent first, but never all of them.
    expect(timesOf(quiet)[0]).toBeLessThan(15)
    expect(texts(busy)).toEqual(Array.from({ length: 30 }, (_, n) => `nº ${n}`).slice(0, texts(busy).length))
    await outboxTick(outbox)
    expect(texts(busy)).toHaveLength(30)
  })

  test('for one chat is sent by one request; the other requests only store their messages', async () => {
    const ana = await person()
    const shared = { ...outbox, activeChats: new Map() }
    const events = Array.from({ length: 12 }, (_, n) => request(ana.chatId, { html: `nº ${n}` }))
    await Promise.all(events.map(event => telegramNotifier(event, shared)))
    await outboxTick(outbox)
    expect(texts(ana)).toHaveLength(12)
    expect(shared.activeChats.size).toBe(0)
  })

  test('for many chats loses no message and sends none twice, although most requests only store their message', async () => {
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

test('no error contains the token', async () => {
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
  const unreachable = await telegram({ apiRoot: 'http://127.0.0.1:1', token })
    .call('getMe', {})
    .catch((thrown: Error) => thrown)
  expect(JSON.stringify(unreachable)).toContain('getMe')
  expect(String((unreachable as Error).stack)).not.toContain(token)
})
