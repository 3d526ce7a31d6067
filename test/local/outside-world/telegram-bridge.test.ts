import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '#infra/net/free-port.ts'
import { type BridgeOptions, startTelegramBridge, type TelegramBridge } from '#local/outside-world/telegram-bridge.ts'
import type { WebhookRequest } from '#local/outside-world/update-queues.ts'
import { startTelegram, type TelegramSimulator } from '#simulators/telegram.ts'
import { type ManualTime, manualTime } from '#test/support/manual-time.ts'
import { until } from '#test/support/until.ts'

const TOKEN = '7000000001:SIMULATED_main_bot_of_the_bridge_test'
const SECRET = 'secret-of-the-webhook'
const menu: BridgeOptions['menu'] = [
  { language: 'en', commands: [{ command: 'help', description: 'What this bot can do' }] },
  { language: 'pt', commands: [{ command: 'ajuda', description: 'O que este bot faz' }] },
]

let telegram: TelegramSimulator
let bridge: TelegramBridge | undefined
let acceptedRequests: WebhookRequest[]
let lines: string[]

beforeEach(async () => {
  telegram = await startTelegram({ botToken: TOKEN, rates: false })
  acceptedRequests = []
  lines = []
})
afterEach(async () => {
  bridge?.stop()
  bridge = undefined
  await telegram.stop()
})

const start = (options: Partial<BridgeOptions> = {}) => {
  bridge = startTelegramBridge({
    apiRoot: telegram.url,
    token: TOKEN,
    webhookSecret: SECRET,
    menu,
    say: line => lines.push(line),
    deliver: async request => {
      acceptedRequests.push(request)
      return { status: 200 }
    },
    ...options,
  })
  return bridge
}
/** Calls the simulator as the bot. */
const call = (method: string, params: object) =>
  fetch(`${telegram.url}/bot${TOKEN}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
  })
/** Advances the time in steps until the condition is true. */
const advanceUntil = (time: ManualTime, stepMs: number, condition: () => boolean, what: string) =>
  until(
    async () => {
      await time.advance(stepMs)
      return condition()
    },
    { what },
  )
const texts = () =>
  acceptedRequests.map(({ body }) => JSON.parse(body).message?.text ?? JSON.parse(body).callback_query?.data)
const logged = (pattern: RegExp) =>
  until(() => lines.some(line => pattern.test(line)), { what: `${pattern} to be logged` })

describe('without PUBLIC_URL', () => {
  test('updates are fetched and delivered in order, with the secret', async () => {
    const running = start()
    await until(() => running.state() === 'polling', { what: 'polling' })
    const ana = telegram.user('Ana')
    for (const text of ['um', 'dois', 'três']) ana.send(text)
    await until(() => acceptedRequests.length === 3, { what: 'three updates' })
    expect(texts()).toEqual(['um', 'dois', 'três'])
    expect(acceptedRequests[0]?.headers['x-telegram-bot-api-secret-token']).toBe(SECRET)
    await until(() => telegram.pending().length === 0, { what: 'the updates to be confirmed' })
  })

  test('a webhook from an earlier start is removed, and its waiting updates are delivered', async () => {
    await call('setWebhook', { url: `http://127.0.0.1:${await freePort()}/` })
    telegram.user('Ana').send('waited')
    await until(() => telegram.deliveries().length > 0, { what: 'a delivery to the webhook that fails' })
    start()
    await until(() => acceptedRequests.length === 1, { what: 'the waiting update' })
    expect(telegram.calls('deleteWebhook')).toHaveLength(1)
    expect(telegram.webhookInfo().url).toBe('')
  })

  test('an update is confirmed only after the function has accepted it, and is retried until then', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    let working = false
    const attempts: string[] = []
    start({
      time,
      deliver: async ({ body }) => {
        attempts.push(JSON.parse(body).message.text)
        if (!working) throw new Error('connect ECONNREFUSED')
        return { status: 204 }
      },
    })
    telegram.user('Ana').send('first')
    telegram.user('Ana').send('second')
    await until(() => attempts.length >= 1, { what: 'the first attempt' })
    await advanceUntil(time, 10_000, () => attempts.length >= 4, 'repeated attempts')
    expect(new Set(attempts)).toEqual(new Set(['first']))
    expect(telegram.pending()).toHaveLength(2)
    working = true
    await advanceUntil(time, 60_000, () => telegram.pending().length === 0, 'both updates to be accepted')
    expect(attempts.at(-1)).toBe('second')
    expect(lines.join('\n')).toMatch(/did not take update \d+ \(connect ECONNREFUSED\)/)
  })

  test('the Retry-After of the function is respected', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    const at: number[] = []
    start({
      time,
      deliver: async () => {
        at.push(time.now().getTime())
        return at.length === 1 ? { status: 503, retryAfter: '30' } : { status: 200 }
      },
    })
    telegram.user('Ana').send('later')
    await until(() => at.length === 1, { what: 'the first attempt' })
    await advanceUntil(time, 1000, () => at.length === 2, 'the second attempt')
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(30_000)
  })

  test('a button press does not wait for a message of the same person', async () => {
    const held: string[] = []
    start({
      deliver: async request => {
        const update = JSON.parse(request.body)
        if (update.message?.text === 'stuck') {
          held.push('stuck')
          await until(() => acceptedRequests.length > 0, { what: 'the press' })
        }
        acceptedRequests.push(request)
        return { status: 200 }
      },
    })
    const ana = telegram.user('Ana')
    ana.send('/start')
    await until(() => acceptedRequests.length === 1, { what: '/start' })
    await call('sendMessage', {
      chat_id: ana.id,
      text: 'oi',
      reply_markup: { inline_keyboard: [[{ text: 'Seguir', callback_data: 'v1:f:82' }]] },
    })
    acceptedRequests.splice(0)
    ana.send('stuck')
    ana.press('Seguir')
    await until(() => acceptedRequests.length === 2, { what: 'both updates' })
    expect(texts()).toEqual(['v1:f:82', 'stuck'])
  })

  test('a chat whose update is deferred or slow does not delay other chats, and its own updates stay in order', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    const delivered: string[] = []
    let release = () => {}
    const slow = new Promise<void>(resolve => {
      release = resolve
    })
    start({
      time,
      deliver: async ({ body }) => {
        const { text } = JSON.parse(body).message
        delivered.push(text)
        if (text === 'flooded' && delivered.filter(other => other === text).length === 1)
          return { status: 503, retryAfter: '40' }
        if (text === 'slow') await slow
        return { status: 200 }
      },
    })
    for (const text of ['flooded', 'after the flood']) telegram.user('Ana').send(text)
    for (const text of ['slow', 'after the slow one']) telegram.user('Bia').send(text)
    await until(() => delivered.includes('slow') && delivered.includes('flooded'), { what: 'a first attempt of both' })
    const begun = time.now().getTime()
    telegram.user('Caio').send('/hoje')
    await advanceUntil(time, 50, () => delivered.includes('/hoje'), 'the other chat')
    expect(time.now().getTime() - begun).toBeLessThan(40_000)
    expect(delivered).toEqual(expect.not.arrayContaining(['after the flood', 'after the slow one']))
    // Telegram keeps all updates until the oldest update has been accepted.
    expect(telegram.pending()).toHaveLength(5)
    release()
    await advanceUntil(time, 10_000, () => telegram.pending().length === 0, 'every update to be confirmed')
    const inOrder = (...texts: string[]) => delivered.filter(text => texts.includes(text))
    expect(inOrder('slow', 'after the slow one')).toEqual(['slow', 'after the slow one'])
    expect(inOrder('flooded', 'after the flood')).toEqual(['flooded', 'flooded', 'after the flood'])
    expect(inOrder('/hoje')).toEqual(['/hoje'])
  })

  test('the updates of at most 20 chats are delivered at the same time', async () => {
    let [open, most] = [0, 0]
    const released: (() => void)[] = []
    start({
      deliver: async request => {
        most = Math.max(most, ++open)
        await new Promise<void>(resolve => released.push(resolve))
        open--
        acceptedRequests.push(request)
        return { status: 200 }
      },
    })
    for (let person = 0; person < 50; person++) telegram.user(`Pessoa ${person}`).send('oi')
    await until(() => open === 20, { what: 'twenty deliveries at once' })
    await until(
      () => {
        released.shift()?.()
        return acceptedRequests.length === 50
      },
      { what: 'all updates' },
    )
    expect(most).toBe(20)
    await until(() => telegram.pending().length === 0, { what: 'the updates to be confirmed' })
  })

  test('while getUpdates is answered with 429, updates that were already fetched are delivered', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    let tries = 0
    start({ time, deliver: async () => ({ status: ++tries < 3 ? 503 : 200 }) })
    telegram.user('Ana').send('oi')
    await until(() => tries > 0, { what: 'the first attempt' })
    telegram.failNext('getUpdates', { status: 429, retryAfter: 30, times: 1 })
    await advanceUntil(time, 500, () => tries === 3, 'the update to be accepted')
    telegram.user('Ana').send('e agora')
    await advanceUntil(time, 5_000, () => tries === 4, 'the next update')
  })

  test('a revoked token is reported with the name of its variable, and no call is repeated', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    telegram.revoke()
    const running = start({ time })
    await logged(/TELEGRAM_BOT_TOKEN is mistyped or was revoked/)
    expect(running.state()).toBe('refused')
    // A repeated call would wait for a timer.
    expect(time.next()).toBeNull()
    expect(lines.join()).not.toContain(TOKEN)
  })

  test('another program with the same token is reported, and updates arrive again when that program has stopped', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    telegram.failNext('getUpdates', {
      status: 409,
      description: 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
      times: 3,
    })
    start({ time })
    await logged(/Another program reads the updates/)
    telegram.user('Ana').send('still here')
    await advanceUntil(time, 30_000, () => acceptedRequests.length === 1, 'the update')
    expect(lines.filter(line => /Another program/.test(line))).toHaveLength(1)
    expect(lines).toContain('Telegram answers again.')
  })

  test('an outage of Telegram is reported once, and updates arrive afterwards', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    telegram.failNext('*', { status: 502, body: '<html>Bad gateway</html>', times: 4 })
    start({ time })
    await logged(/cannot be reached/)
    telegram.user('Ana').send('after the outage')
    await advanceUntil(time, 60_000, () => acceptedRequests.length === 1, 'the update')
    expect(lines.filter(line => /cannot be reached/.test(line))).toHaveLength(1)
  })
})

describe('with PUBLIC_URL', () => {
  test('the webhook is set with the secret, the kinds of updates and the number of connections', async () => {
    const running = start({ publicUrl: 'http://telegram-webhook.localhost:8080/' })
    await until(() => running.state() === 'webhook', { what: 'the webhook' })
    expect(telegram.calls('setWebhook')[0]?.params).toEqual({
      url: 'http://telegram-webhook.localhost:8080/',
      secret_token: SECRET,
      allowed_updates: ['message', 'callback_query', 'inline_query', 'my_chat_member'],
      max_connections: 20,
    })
    expect(telegram.calls('getUpdates')).toEqual([])
  })

  test('an address that Telegram refuses is reported with the requirements for it', async () => {
    const running = start({ publicUrl: 'http://vigia.example.org/' })
    await logged(/PUBLIC_URL=http:\/\/vigia\.example\.org\/: Bad Request: bad webhook: An HTTPS URL must be provided/)
    expect(running.state()).toBe('refused')
  })
})

describe('the menu and the description', () => {
  const menuSet = () => until(() => telegram.calls('setMyShortDescription').length === 2, { what: 'the profile' })

  test('are set in both languages, and are not set again if they are unchanged', async () => {
    start()
    await menuSet()
    const sets = telegram.calls('setMyCommands').map(({ params }) => [params.language_code, params.commands])
    expect(sets).toEqual([
      [undefined, menu[0]?.commands],
      ['pt', menu[1]?.commands],
    ])
    bridge?.stop()
    telegram.forgetCalls()
    start()
    await until(() => telegram.calls('getMyShortDescription').length === 2, { what: 'a second check of the profile' })
    expect(telegram.calls().filter(({ method }) => method.startsWith('setMy'))).toEqual([])
  })

  test('only the commands that differ are set', async () => {
    start()
    await menuSet()
    bridge?.stop()
    telegram.forgetCalls()
    start({ menu: [menu[0]!, { language: 'pt', commands: [{ command: 'ajuda', description: 'Ajuda' }] }] })
    await until(() => telegram.calls('getMyShortDescription').length === 2, { what: 'a second check of the profile' })
    expect(telegram.calls().filter(({ method }) => method.startsWith('setMy'))).toMatchObject([
      { method: 'setMyCommands', params: { language_code: 'pt' } },
    ])
  })

  test('updates are delivered even if the menu is refused', async () => {
    telegram.failNext('getMyCommands', { status: 400, description: 'Bad Request: BOT_COMMAND_INVALID' })
    const running = start()
    await logged(/refused getMyCommands/)
    telegram.user('Ana').send('oi')
    await until(() => acceptedRequests.length === 1, { what: 'the update' })
    expect(running.state()).toBe('polling')
  })
})
