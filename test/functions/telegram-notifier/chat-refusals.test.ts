import { describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { outboxTick } from '#functions/telegram-notifier/telegram-notifier.ts'
import { group, person, texts } from './chats.ts'
import { notify, refusedWith, request, row } from './requests.ts'
import { database, later, now, outbox, simulator, useNotifier, waits } from './support.ts'

useNotifier()

describe('if Telegram refuses the chat or asks for a wait', () => {
  test('429: the message is sent after the wait, and the attempt does not count', async () => {
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
    // If a wait ends in a few seconds, the tick itself waits for its end and then sends the message.
    expect(texts(ana)).toEqual(['Oi'])
    expect(waits).toEqual([1_000])
  })

  test('429 for two seconds: the request itself waits', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 429, retryAfter: 2 })
    await notify(request(ana.chatId))
    expect(texts(ana)).toEqual(['Oi'])
    expect(waits).toEqual([2_000])
  })

  test('429 for one chat makes only that chat wait', async () => {
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

  test('429 for several chats within seconds: the whole bot waits, in every replica, and continues afterwards', async () => {
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
    ['without a retry_after', 5, {}],
    ['with a retry_after of years', 86_400, { parameters: { retry_after: 999_999_999_999 } }],
    ['with a retry_after that is not a number', 5, { parameters: { retry_after: 'soon' } }],
  ])('429 %s: the message waits %i s', async (_, seconds, more) => {
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

  test('a message with notBefore is sent at that time, and does not delay other chats', async () => {
    const [ana, bia] = [await person(), await person()]
    const event = request(ana.chatId, { notBefore: new Date(now.getTime() + 40_000).toISOString() })
    await notify(event)
    await notify(request(bia.chatId))
    expect([texts(ana), texts(bia)]).toEqual([[], ['Oi']])
    later(40_000)
    await outboxTick(outbox)
    expect(texts(ana)).toEqual(['Oi'])
  })

  test('403, the user blocked the bot: the chat becomes unreachable, its other messages are refused, and the operators are not notified', async () => {
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
      'the user is deactivated',
      async () => {
        const ana = await person()
        ana.deactivate()
        return ana.chatId
      },
    ],
    [
      'the bot was kicked from the group',
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
      'the user never started the bot',
      async () => {
        const user = simulator.user('Estranho')
        await chatsIn(database.db).upsert({ id: user.chatId, kind: 'private', language: 'pt-BR' })
        return user.chatId
      },
    ],
  ])('403, %s: the chat becomes unreachable, and the operators are not notified', async (_, unreachableChat) => {
    const chatId = await unreachableChat()
    const event = request(chatId)
    expect(await notify(event)).toEqual([])
    expect(await chatsIn(database.db).find(chatId)).toMatchObject({ unreachableSince: expect.any(Date) })
    expect(await row(event)).toMatchObject({ state: 'refused' })
  })

  test('400, chat not found: the chat becomes unreachable, and the operators are notified', async () => {
    await chatsIn(database.db).upsert({ id: 999_999_999, kind: 'private', language: 'pt-BR' })
    const event = request(999_999_999)
    const published = await notify(event)
    expect(published).toEqual(refusedWith(400))
    expect(published[0]).toMatchObject({ id: `${event.id}/message.refused`, causationid: event.id, vigiahops: 1 })
    expect(await notify(event)).toEqual(published)
    expect(await chatsIn(database.db).find(999_999_999)).toMatchObject({ unreachableSince: expect.any(Date) })
  })

  test('400, the group became a supergroup: the chat gets its new id, and the message is sent once', async () => {
    const { room } = await group()
    const upgraded = room.upgrade()
    const seat = upgraded.as(simulator.user('Ana'))
    const event = request(room.chatId)
    expect(await notify(event)).toEqual([])
    expect(await notify(event)).toEqual([])
    // This message is requested for the chat's old id.
    await notify(request(room.chatId, { html: 'mais uma' }))
    expect(texts(seat)).toEqual(['Oi', 'mais uma'])
    expect(await chatsIn(database.db).find(room.chatId)).toBe(null)
    expect(await chatsIn(database.db).find(upgraded.chatId)).toMatchObject({ kind: 'supergroup' })
  })
})
