import { describe, expect, test } from 'vitest'
import { telegram } from '#functions/telegram/client.ts'
import { secondsAfterNoResponse } from '#functions/telegram-notifier/backoff.ts'
import { outboxTick, telegramNotifier } from '#functions/telegram-notifier/telegram-notifier.ts'
import { person, texts } from './chats.ts'
import { notify, refusedWith, request, row } from './requests.ts'
import { later, minutes, outbox, simulator, token, useNotifier, waits } from './support.ts'

useNotifier()

describe('if Telegram refuses all messages, refuses a message for an unknown reason, or fails', () => {
  test('400, any other description: the message is refused permanently, and the operators are notified', async () => {
    const ana = await person()
    const event = request(ana.chatId, { html: '<b> </b>' })
    expect(await notify(event)).toEqual(refusedWith(400))
    expect(await row(event)).toMatchObject({ state: 'refused', refusal: 'Bad Request: text must be non-empty' })
  })

  test.each([
    ['the token is revoked', { status: 401, description: 'Unauthorized' }],
    ['the account is frozen', { status: 400, description: 'Bad Request: FROZEN_METHOD_INVALID' }],
  ])('%s: sending stops, the operators are notified once, and all messages are sent afterwards', async (_, fault) => {
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

  test('409: the operators are notified, and the message is retried', async () => {
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
    ['a dropped connection', { dropConnection: true }],
  ])('%s: the message is retried after two seconds', async (_, fault) => {
    const ana = await person()
    simulator.failNext('sendMessage', fault)
    await notify(request(ana.chatId))
    expect(texts(ana)).toEqual(['Oi'])
    expect(waits).toEqual([2_000])
  })

  test('502 for hours: the message is refused after twelve attempts, and the operators are notified', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 502, body: 'no', times: 1000 })
    const event = request(ana.chatId)
    const published = [...(await notify(event))]
    for (let minute = 0; minute < 240; minute++) {
      later(minutes(1))
      published.push(...(await outboxTick(outbox)))
    }
    expect(simulator.calls('sendMessage').length).toBe(12)
    expect(secondsAfterNoResponse(12)).toBe(null)
    expect(await row(event)).toMatchObject({ state: 'refused', attempts: 12 })
    expect(new Set(published.map(({ id }) => id))).toEqual(new Set([`${event.id}/message.refused`]))
  })

  test('a refused connection: the message cannot have arrived, so it is retried for hours and the attempts do not count', async () => {
    const ana = await person()
    const unreachable = { ...outbox, telegram: telegram({ apiRoot: 'http://127.0.0.1:1', token }) }
    const event = request(ana.chatId)
    await telegramNotifier(event, unreachable)
    for (let hour = 0; hour < 12; hour++) {
      later(minutes(60))
      await outboxTick(unreachable)
    }
    expect(await row(event)).toMatchObject({ state: 'waiting', attempts: 0 })
    later(minutes(5))
    await outboxTick(outbox)
    expect(texts(ana)).toEqual(['Oi'])
  })

  test('refused connections for more than a day: the operators read for how long the message was tried', async () => {
    const ana = await person()
    const unreachable = { ...outbox, telegram: telegram({ apiRoot: 'http://127.0.0.1:1', token }) }
    const event = request(ana.chatId)
    await telegramNotifier(event, unreachable)
    later(minutes(26 * 60))
    const [refused] = await outboxTick(unreachable)
    expect(refused?.data).toMatchObject({
      reason: expect.stringMatching(/no answer \(ECONNREFUSED\); given up after 26 hours$/),
    })
    expect(await row(event)).toMatchObject({ state: 'refused' })
  })

  test('a message is delivered but the response is lost: the message is sent again, because the notifier cannot know about the delivery', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { delivered: true, dropConnection: true })
    await notify(request(ana.chatId))
    expect(texts(ana)).toEqual(['Oi', 'Oi'])
  })
})
