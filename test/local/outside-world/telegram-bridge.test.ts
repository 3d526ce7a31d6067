import { afterEach, beforeEach, describe, expect, test } from 'vitest'
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
let taken: WebhookRequest[]
let words: string[]

beforeEach(async () => {
  telegram = await startTelegram({ botToken: TOKEN, rates: false })
  taken = []
  words = []
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
    say: line => words.push(line),
    deliver: async request => {
      taken.push(request)
      return { status: 200 }
    },
    ...options,
  })
  return bridge
}
/** Lets time pass in steps until something holds. */
const passing = (time: ManualTime, stepMs: number, condition: () => boolean, what: string) =>
  until(
    async () => {
      await time.advance(stepMs)
      return condition()
    },
    { what },
  )
const texts = () => taken.map(({ body }) => JSON.parse(body).message?.text ?? JSON.parse(body).callback_query?.data)
const said = (pattern: RegExp) => until(() => words.some(line => pattern.test(line)), { what: `${pattern} to be said` })

describe('without PUBLIC_URL', () => {
  test('updates are asked for and handed on with the secret, in their order', async () => {
    const running = start()
    await until(() => running.state() === 'polling', { what: 'polling' })
    const ana = telegram.user('Ana')
    for (const text of ['um', 'dois', 'três']) ana.send(text)
    await until(() => taken.length === 3, { what: 'three updates' })
    expect(texts()).toEqual(['um', 'dois', 'três'])
    expect(taken[0]?.headers['x-telegram-bot-api-secret-token']).toBe(SECRET)
    await until(() => telegram.pending().length === 0, { what: 'the updates to be confirmed' })
  })

  test('a webhook left over from before is removed, and what waited there is handed on', async () => {
    const old = telegram.user('Ana')
    old.send('waited')
    start()
    await until(() => taken.length === 1, { what: 'the waiting update' })
    expect(telegram.calls('deleteWebhook')).toHaveLength(1)
    expect(telegram.webhookInfo().url).toBe('')
  })

  test('an update is confirmed only after the function took it, and is offered again until then', async () => {
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
    await passing(time, 10_000, () => attempts.length >= 4, 'repeated attempts')
    expect(new Set(attempts)).toEqual(new Set(['first']))
    expect(telegram.pending()).toHaveLength(2)
    working = true
    await passing(time, 60_000, () => telegram.pending().length === 0, 'both to be taken')
    expect(attempts.at(-1)).toBe('second')
    expect(words.join('\n')).toMatch(/did not take update \d+ \(connect ECONNREFUSED\)/)
  })

  test('Retry-After of the function is kept to', async () => {
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
    await passing(time, 1000, () => at.length === 2, 'the second attempt')
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(30_000)
  })

  test('a press of a button is not held up by a message of the same person', async () => {
    const held: string[] = []
    start({
      deliver: async request => {
        const update = JSON.parse(request.body)
        if (update.message?.text === 'stuck') {
          held.push('stuck')
          await until(() => taken.length > 0, { what: 'the press' })
        }
        taken.push(request)
        return { status: 200 }
      },
    })
    const ana = telegram.user('Ana')
    ana.send('/start')
    await until(() => taken.length === 1, { what: '/start' })
    await fetch(`${telegram.url}/bot${TOKEN}/sendMessage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        chat_id: ana.id,
        text: 'oi',
        reply_markup: { inline_keyboard: [[{ text: 'Seguir', callback_data: 'v1:f:82' }]] },
      }),
    })
    taken.splice(0)
    ana.send('stuck')
    ana.press('Seguir')
    await until(() => taken.length === 2, { what: 'both' })
    expect(texts()).toEqual(['v1:f:82', 'stuck'])
  })

  test('a chat whose update must wait, or takes long, holds up no other chat, and keeps its own order', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    const handed: string[] = []
    let release = () => {}
    const slow = new Promise<void>(resolve => {
      release = resolve
    })
    start({
      time,
      deliver: async ({ body }) => {
        const { text } = JSON.parse(body).message
        handed.push(text)
        if (text === 'flooded' && handed.filter(other => other === text).length === 1)
          return { status: 503, retryAfter: '40' }
        if (text === 'slow') await slow
        return { status: 200 }
      },
    })
    for (const text of ['flooded', 'after the flood']) telegram.user('Ana').send(text)
    for (const text of ['slow', 'after the slow one']) telegram.user('Bia').send(text)
    await until(() => handed.includes('slow') && handed.includes('flooded'), { what: 'both to be tried' })
    const begun = time.now().getTime()
    telegram.user('Caio').send('/hoje')
    await passing(time, 50, () => handed.includes('/hoje'), 'the other chat')
    expect(time.now().getTime() - begun).toBeLessThan(40_000)
    expect(handed).toEqual(expect.not.arrayContaining(['after the flood', 'after the slow one']))
    // Nothing is forgotten by Telegram before the oldest one is taken.
    expect(telegram.pending()).toHaveLength(5)
    release()
    await passing(time, 10_000, () => telegram.pending().length === 0, 'all of them')
    const inOrder = (...texts: string[]) => handed.filter(text => texts.includes(text))
    expect(inOrder('slow', 'after the slow one')).toEqual(['slow', 'after the slow one'])
    expect(inOrder('flooded', 'after the flood')).toEqual(['flooded', 'flooded', 'after the flood'])
    expect(inOrder('/hoje')).toEqual(['/hoje'])
  })

  test('so many chats are handed on side by side, and no more', async () => {
    let [open, most] = [0, 0]
    const released: (() => void)[] = []
    start({
      deliver: async request => {
        most = Math.max(most, ++open)
        await new Promise<void>(resolve => released.push(resolve))
        open--
        taken.push(request)
        return { status: 200 }
      },
    })
    for (let person = 0; person < 50; person++) telegram.user(`Pessoa ${person}`).send('oi')
    await until(() => open === 20, { what: 'twenty at once' })
    await until(
      () => {
        released.shift()?.()
        return taken.length === 50
      },
      { what: 'all of them' },
    )
    expect(most).toBe(20)
    await until(() => telegram.pending().length === 0, { what: 'the updates to be confirmed' })
  })

  test('429 for getUpdates: what was received is handed on meanwhile', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    let tries = 0
    start({ time, deliver: async () => ({ status: ++tries < 3 ? 503 : 200 }) })
    telegram.user('Ana').send('oi')
    await until(() => tries > 0, { what: 'the first try' })
    telegram.failNext('getUpdates', { status: 429, retryAfter: 30, times: 1 })
    await passing(time, 500, () => tries === 3, 'the update to be taken')
    telegram.user('Ana').send('e agora')
    await passing(time, 5_000, () => tries === 4, 'the next update')
  })

  test('a revoked token ends in words that name it, and no call is repeated', async () => {
    telegram.revoke()
    const running = start()
    await said(/TELEGRAM_BOT_TOKEN is mistyped or was revoked/)
    expect(running.state()).toBe('refused')
    expect(words.join()).not.toContain(TOKEN)
  })

  test('another program with the same token is named, and the bot hears again when it is gone', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    telegram.failNext('getUpdates', {
      status: 409,
      description: 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
      times: 3,
    })
    start({ time })
    await said(/Another program reads the updates/)
    telegram.user('Ana').send('still here')
    await passing(time, 30_000, () => taken.length === 1, 'the update')
    expect(words.filter(line => /Another program/.test(line))).toHaveLength(1)
    expect(words).toContain('Telegram answers again.')
  })

  test('an outage of Telegram is said once and survived', async () => {
    const time = manualTime(new Date('2026-11-21T12:00:00Z'))
    telegram.failNext('*', { status: 502, body: '<html>Bad gateway</html>', times: 4 })
    start({ time })
    await said(/cannot be reached/)
    telegram.user('Ana').send('after the outage')
    await passing(time, 60_000, () => taken.length === 1, 'the update')
    expect(words.filter(line => /cannot be reached/.test(line)).length).toBeLessThanOrEqual(2)
  })
})

describe('with PUBLIC_URL', () => {
  test('the webhook is set with secret, kinds of updates and connections', async () => {
    const running = start({ publicUrl: 'http://telegram-webhook.localhost:8080/' })
    await until(() => running.state() === 'webhook', { what: 'the webhook' })
    expect(telegram.calls('setWebhook')[0]?.params).toEqual({
      url: 'http://telegram-webhook.localhost:8080/',
      secret_token: SECRET,
      allowed_updates: ['message', 'callback_query', 'my_chat_member'],
      max_connections: 20,
    })
    expect(telegram.calls('getUpdates')).toEqual([])
  })

  test('an address that Telegram does not take is named together with what it must be', async () => {
    const running = start({ publicUrl: 'http://vigia.example.org/' })
    await said(/PUBLIC_URL=http:\/\/vigia\.example\.org\/: Bad Request: bad webhook: An HTTPS URL must be provided/)
    expect(running.state()).toBe('refused')
  })
})

describe('the menu and the description', () => {
  const menuSet = () => until(() => telegram.calls('setMyShortDescription').length === 2, { what: 'the profile' })

  test('are set in both languages, and not again when they are right', async () => {
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
    await until(() => telegram.calls('getMyShortDescription').length === 2, { what: 'a second look' })
    expect(telegram.calls().filter(({ method }) => method.startsWith('setMy'))).toEqual([])
  })

  test('only what differs is set', async () => {
    start()
    await menuSet()
    bridge?.stop()
    telegram.forgetCalls()
    start({ menu: [menu[0]!, { language: 'pt', commands: [{ command: 'ajuda', description: 'Ajuda' }] }] })
    await until(() => telegram.calls('getMyShortDescription').length === 2, { what: 'a second look' })
    expect(telegram.calls().filter(({ method }) => method.startsWith('setMy'))).toMatchObject([
      { method: 'setMyCommands', params: { language_code: 'pt' } },
    ])
  })

  test('a refusal of the menu keeps no update from being handed on', async () => {
    telegram.failNext('getMyCommands', { status: 400, description: 'Bad Request: BOT_COMMAND_INVALID' })
    const running = start()
    await said(/refused getMyCommands/)
    telegram.user('Ana').send('oi')
    await until(() => taken.length === 1, { what: 'the update' })
    expect(running.state()).toBe('polling')
  })
})
