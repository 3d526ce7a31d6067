import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { telegram } from '#functions/telegram/client.ts'
import { botCheck, webhookCheck } from '#infra/cli/doctor/telegram-checks.ts'
import { startTelegram, type TelegramSimulator } from '#simulators/telegram.ts'
import { until } from '#test/support/until.ts'

const token = '700000001:doctor-bot-token-AAAAAAAAAAAAAAAAA'
let simulator: TelegramSimulator
beforeEach(async () => {
  simulator = await startTelegram({ botToken: token })
})
afterEach(() => simulator.stop())

const setWebhook = (url: string) => telegram({ apiRoot: simulator.url, token }).call('setWebhook', { url })
const check = (url: string | null | undefined, now = new Date()) =>
  webhookCheck({ apiRoot: simulator.url, token, url, now })

describe('a bot', () => {
  test('whose token Telegram does not know is a failure that names the variable', async () => {
    const unknown = { apiRoot: simulator.url, token: '1:x' }
    expect(await botCheck({ ...unknown, variable: 'TELEGRAM_BOT_TOKEN' })).toMatchObject({
      state: 'failed',
      found: 'Telegram does not know the token (401)',
      next: expect.stringContaining('TELEGRAM_BOT_TOKEN'),
    })
    expect(await botCheck({ ...unknown, variable: 'TELEGRAM_OPS_BOT_TOKEN' })).toMatchObject({
      state: 'failed',
      next: expect.stringContaining('TELEGRAM_OPS_BOT_TOKEN'),
    })
  })

  test('that is not configured is a warning', async () => {
    for (const variable of ['TELEGRAM_BOT_TOKEN', 'TELEGRAM_OPS_BOT_TOKEN'] as const)
      expect(await botCheck({ apiRoot: simulator.url, token: undefined, variable })).toMatchObject({
        state: 'warning',
        found: expect.stringContaining(`${variable} is not set`),
      })
  })

  test('whose Telegram does not answer, or answers with an error of its own, is a failure', async () => {
    simulator.failNext('getMe', { status: 429, retryAfter: 7 })
    const bot = { apiRoot: simulator.url, token, variable: 'TELEGRAM_BOT_TOKEN' as const }
    expect(await botCheck(bot)).toMatchObject({ state: 'failed', found: expect.stringContaining('refused getMe: 429') })
    expect(await botCheck({ ...bot, apiRoot: 'http://127.0.0.1:1' })).toMatchObject({
      state: 'failed',
      found: 'Telegram does not answer (getMe: no answer (ECONNREFUSED))',
    })
  })
})

describe('a webhook', () => {
  test('at the expected URL is ok, and so is no webhook while updates are fetched', async () => {
    expect(await check(null)).toEqual({ state: 'ok', found: 'no webhook, updates are fetched; 0 updates wait' })
    await setWebhook('https://vigia.example/telegram')
    expect(await check('https://vigia.example/telegram')).toEqual({
      state: 'ok',
      found: 'webhook at vigia.example; 0 updates wait',
    })
    expect(await check(undefined)).toMatchObject({ state: 'ok' })
  })

  test('that is missing is a failure', async () => {
    expect(await check('https://vigia.example/telegram')).toMatchObject({
      state: 'failed',
      found: 'no webhook is set, but PUBLIC_URL is',
    })
    expect(await check(undefined)).toMatchObject({ state: 'failed', found: 'no webhook is set' })
  })

  test('of another program is a failure that shows only the host, because the path may be a secret', async () => {
    await setWebhook('https://other.example/secret-path')
    const elsewhere = await check('https://vigia.example/telegram')
    const fetched = await check(null)
    expect(elsewhere).toMatchObject({ state: 'failed', found: 'the webhook is at other.example, not at PUBLIC_URL' })
    expect(fetched).toMatchObject({
      state: 'failed',
      found: 'a webhook at other.example is set, but PUBLIC_URL is not',
    })
    expect(JSON.stringify([elsewhere, fetched])).not.toContain('secret-path')
  })

  test('whose last delivery failed is a failure with the error, its age and the waiting updates; later it is ok', async () => {
    const refusing = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
    onTestFinished(() => void refusing.close())
    await until(() => refusing.listening)
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/telegram`
    await setWebhook(url)
    simulator.user('Ana').send('oi')
    const at = await until(() => simulator.webhookInfo().last_error_date)
    expect(await check(url, new Date((at + 300) * 1000))).toMatchObject({
      state: 'failed',
      found: expect.stringMatching(/^the last delivery failed 5 min ago: .+; 1 update waits$/),
    })
    expect(await check(url, new Date((at + 3_600) * 1000))).toMatchObject({ state: 'ok' })
  })

  test('that is not set, because updates are fetched, is a failure if more than 50 updates wait', async () => {
    const user = simulator.user('Ana')
    for (let count = 0; count < 51; count++) user.send(`oi ${count}`)
    expect(await check(null)).toMatchObject({
      state: 'failed',
      found: 'no webhook, updates are fetched; 51 updates wait',
    })
  })
})
