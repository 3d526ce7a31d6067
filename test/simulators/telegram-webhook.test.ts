import type { IncomingHttpHeaders } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Update } from '#simulators/telegram/bot-api.ts'
import { startServer, type TestServer } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { ana, buttons, call, refusal, sendToAna, telegram, time } from './support/telegram.ts'

describe('the webhook', () => {
  /** An update that the webhook received, and the ways to answer it. */
  interface ReceivedUpdate {
    update: Update
    headers: IncomingHttpHeaders
    answer(status: number, options?: { headers?: Record<string, string>; body?: string }): void
    dropConnection(): void
  }
  let webhook: TestServer
  let received: ReceivedUpdate[]
  /** Answers an update when it arrives; null if the test answers later. */
  let reply: ((entry: ReceivedUpdate) => void) | null

  beforeEach(async () => {
    received = []
    reply = entry => entry.answer(200)
    webhook = await startServer((request, response) => {
      let body = ''
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => {
        const entry: ReceivedUpdate = {
          update: JSON.parse(body),
          headers: request.headers,
          answer: (status, { headers = {}, body: text = '' } = {}) =>
            void response.writeHead(status, headers).end(text),
          dropConnection: () => void request.socket.destroy(),
        }
        received.push(entry)
        reply?.(entry)
      })
    })
  })
  afterEach(() => webhook.stop())

  const setWebhook = (more: object = {}) =>
    call('setWebhook', {
      url: `http://telegram-webhook.localhost:${webhook.port}/hook`,
      secret_token: 'a-secret_1',
      ...more,
    })
  const texts = () => received.map(({ update }) => update.message?.text ?? update.callback_query?.data)
  const deliveries = (count: number) =>
    until(() => telegram.deliveries().length >= count, { what: `${count} deliveries` })
  /** Advances the time from retry to retry until there are `count` attempts. Returns the pauses in seconds. */
  const pausesUntil = async (count: number) => {
    while (received.length < count) {
      const before = received.length
      await until(() => telegram.deliveries().length === before && time.next() !== null, {
        what: 'a retry to be planned',
      })
      await time.advance(time.next() ?? 0)
      await until(() => received.length > before, { what: 'the retry' })
    }
    await deliveries(count)
    const at = telegram.deliveries().map(delivery => delivery.at.getTime())
    return at.slice(1).map((when, index) => (when - at[index]!) / 1000)
  }

  test.each<[string, object, string]>([
    ['plain http', { url: 'http://vigia.example.org/' }, 'bad webhook: An HTTPS URL must be provided for webhook'],
    [
      'an unusual port',
      { url: 'https://vigia.example.org:9000/' },
      'bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443',
    ],
    ['no address', { url: 'https://' }, 'invalid webhook URL specified'],
    [
      'a secret with a space',
      { url: 'https://a.org', secret_token: 'a b' },
      'secret token contains unallowed characters',
    ],
    ['a secret that is too long', { url: 'https://a.org', secret_token: 'a'.repeat(257) }, 'secret token is too long'],
  ])('%s is refused', async (_, params, words) => {
    expect(await refusal('setWebhook', params)).toBe(`400 Bad Request: ${words}`)
  })

  test('gets updates with its secret and its host name in the headers, over a connection to this machine', async () => {
    expect((await setWebhook({ max_connections: 5 })).result).toBe(true)
    ana.send('oi')
    await deliveries(1)
    expect(received[0]?.headers).toMatchObject({
      host: `telegram-webhook.localhost:${webhook.port}`,
      'x-telegram-bot-api-secret-token': 'a-secret_1',
      'content-type': 'application/json',
    })
    expect((await call('getWebhookInfo')).result).toMatchObject({
      url: `http://telegram-webhook.localhost:${webhook.port}/hook`,
      pending_update_count: 0,
      max_connections: 5,
    })
  })

  test("setting the webhook again less than a second later gets 429, and after a second 'already set'", async () => {
    await setWebhook()
    expect((await setWebhook()).status).toBe(429)
    await time.advance(1000)
    expect(await setWebhook()).toMatchObject({ result: true, description: 'Webhook is already set' })
  })

  test.each([200, 201, 204, 299])('status %i accepts the update', async status => {
    reply = entry => entry.answer(status)
    await setWebhook()
    ana.send('oi')
    await deliveries(1)
    expect(telegram.pending()).toEqual([])
  })

  test('an update that gets any other status, including a redirect, is retried at once and then after 2, 4, 8 … seconds', async () => {
    // The random limit of the seventh pause is no whole number of milliseconds.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.01234567)
    reply = entry => entry.answer(302, { headers: { location: '/elsewhere' } })
    await setWebhook()
    ana.send('oi')
    // Wait for the first retry, which comes at once and needs no advance of the time. Until then, the next timer is the
    // timeout of the request.
    await until(() => received.length >= 2, { what: 'the first attempt and the retry at once' })
    const pauses = await pausesUntil(7)
    expect(pauses.map(Math.round)).toEqual([0, 2, 4, 8, 16, 32])
    expect((await call('getWebhookInfo')).result).toMatchObject({
      pending_update_count: 1,
      last_error_message: 'Wrong response from the webhook: 302 Found',
    })
    reply = entry => entry.answer(200)
    expect((await pausesUntil(8)).at(-1)).toBeCloseTo(60.741)
    expect(telegram.pending()).toEqual([])
    random.mockRestore()
  })

  test('Retry-After is honoured, up to an hour', async () => {
    const answers = ['90', '999999']
    reply = entry => entry.answer(503, { headers: { 'retry-after': answers.shift() ?? '1' } })
    await setWebhook()
    ana.send('oi')
    await until(() => received.length === 1, { what: 'the first attempt' })
    expect((await pausesUntil(3)).map(Math.round)).toEqual([90, 3600])
  })

  test('a dropped connection and a missing response are errors too', async () => {
    reply = entry => entry.dropConnection()
    await setWebhook()
    ana.send('oi')
    await until(() => received.length >= 1, { what: 'the first attempt' })
    await deliveries(1)
    expect(telegram.deliveries()[0]).toMatchObject({ status: null, error: 'Webhook connection closed' })
    reply = null
    await until(
      async () => {
        await time.advance(1000)
        return telegram.deliveries().some(({ error }) => error === 'Read timeout expired')
      },
      { what: 'the 60 seconds to pass' },
    )
  })

  test('updates expire: a press after 150 seconds, a message after a day', async () => {
    ana.send('/start')
    await sendToAna('card', buttons([{ text: 'a', callback_data: 'pressed' }]))
    ana.press('a')
    reply = entry => entry.answer(500)
    await setWebhook()
    await until(() => received.length >= 2, { what: 'an attempt of both updates' })
    const waiting = () => telegram.pending().map(({ message }) => message?.text ?? 'press')
    const pass = (ms: number, what: string[]) =>
      until(
        async () => {
          await time.advance(ms)
          return JSON.stringify(waiting()) === JSON.stringify(what)
        },
        { what: `${what} to wait` },
      )
    await pass(5_000, ['/start'])
    await pass(3_600_000, [])
  })

  test('delivers one message at a time within a chat; presses and other chats do not wait for it', async () => {
    ana.send('/start')
    await sendToAna('card', buttons([{ text: 'a', callback_data: 'pressed' }]))
    telegram.forgetCalls()
    reply = null
    await setWebhook()
    ana.send('second')
    ana.press('a')
    telegram.user('Bia').send('other chat')
    await until(() => received.length === 3, { what: 'three deliveries at once' })
    expect(texts().sort()).toEqual(['/start', 'other chat', 'pressed'])
    reply = entry => entry.answer(200)
    for (const entry of [...received]) entry.answer(200)
    await deliveries(4)
    expect(texts().at(-1)).toBe('second')
  })

  test('a failing update delays only its own chat', async () => {
    reply = entry => entry.answer(entry.update.message?.text === 'poison' ? 500 : 200)
    await setWebhook()
    ana.send('poison')
    ana.send('behind it')
    telegram.user('Bia').send('free')
    await until(() => texts().includes('free'), { what: 'the other chat' })
    await until(() => texts().filter(text => text === 'poison').length >= 2, { what: 'a retry' })
    expect(texts()).not.toContain('behind it')
  })

  test('max_connections limits the deliveries in flight', async () => {
    reply = null
    await setWebhook({ max_connections: 2 })
    for (const name of ['Bia', 'Caio', 'Duda', 'Enzo']) telegram.user(name).send(name)
    await until(() => received.length === 2, { what: 'two deliveries' })
    received[0]?.answer(200)
    await until(() => received.length === 3, { what: 'the third delivery' })
    expect(telegram.deliveries()).toHaveLength(1)
  })

  test('a method in the response is executed and recorded, unless it reads something or changes the webhook', async () => {
    const methods = [
      { method: 'sendMessage', chat_id: ana.chatId, text: 'from the answer' },
      { method: 'getMe' },
      { method: 'deleteWebhook' },
    ]
    reply = entry =>
      entry.answer(200, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(methods.shift() ?? {}),
      })
    await setWebhook()
    for (const text of ['um', 'dois', 'três', 'quatro']) ana.send(text)
    await deliveries(4)
    expect(telegram.deliveries().map(({ executed }) => executed)).toEqual(['sendMessage', null, null, null])
    expect(ana.answers().map(({ text }) => text)).toEqual(['from the answer'])
    expect(telegram.webhookInfo().url).not.toBe('')
  })

  test('gets every update twice, or one update again, when a test asks for it', async () => {
    telegram.deliverTwice(true)
    await setWebhook()
    ana.send('um')
    ana.send('dois')
    await deliveries(4)
    expect(texts()).toEqual(['um', 'um', 'dois', 'dois'])
    telegram.redeliver(received[0]!.update)
    await deliveries(5)
    expect(received[4]?.update).toEqual(received[0]?.update)
  })

  test('updates from before setWebhook are delivered unless setWebhook drops them; without a webhook, updates wait', async () => {
    ana.send('waiting')
    await setWebhook()
    await deliveries(1)
    await call('deleteWebhook')
    ana.send('later')
    expect(telegram.pending()).toHaveLength(1)
    await time.advance(1000)
    await setWebhook({ drop_pending_updates: true })
    expect(telegram.pending()).toEqual([])
  })

  test('the webhook is removed after 23 hours of 410 responses', async () => {
    reply = entry => entry.answer(410, { headers: { 'retry-after': '3600' } })
    await setWebhook()
    ana.send('oi')
    await until(() => received.length === 1, { what: 'the first attempt' })
    await pausesUntil(24)
    expect(telegram.webhookInfo().url).not.toBe('')
    await time.advance(3_600_000)
    await until(() => telegram.webhookInfo().url === '', { what: 'the webhook to be removed' })
  })
})
