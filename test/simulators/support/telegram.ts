import { afterEach, beforeEach, expect } from 'vitest'
import type { Message } from '#simulators/telegram/bot-api.ts'
import {
  type SimulatedUser,
  startTelegram,
  type TelegramOptions,
  type TelegramSimulator,
} from '#simulators/telegram.ts'
import { type ManualTime, manualTime } from '#test/support/manual-time.ts'

export const botToken = '7000000001:SIMULATED_main_bot'
export const opsToken = '7000000002:SIMULATED_operators_bot'

// A file that imports this module gets a new simulator with the person Ana before each of its tests. The exported
// variables always hold the values of the current test.
export let time: ManualTime
export let telegram: TelegramSimulator
export let ana: SimulatedUser

beforeEach(async () => {
  time = manualTime(new Date('2026-11-21T12:00:00Z'))
  telegram = await startTelegram({ botToken, opsToken, time, rates: false })
  ana = telegram.user('Ana', { language: 'pt-br' })
})
afterEach(() => telegram.stop())

/** Replaces the simulator of the current test with one that has these rate limits. Ana has written to its bot. */
export const restartWithRates = async (rates: NonNullable<TelegramOptions['rates']>) => {
  await telegram.stop()
  telegram = await startTelegram({ botToken, time, rates })
  ana = telegram.user('Ana')
  ana.send('/start')
}

interface ApiResponse<Result> {
  ok: boolean
  /** Undefined if the call was refused; then a test that reads a field of the result fails. */
  result: Result
  error_code?: number
  description?: string
  parameters?: { retry_after?: number; migrate_to_chat_id?: number }
}

/** Calls a method of the Bot API with JSON. */
export const call = async <Result = Message>(
  method: string,
  params: object = {},
  token = botToken,
): Promise<ApiResponse<Result> & { status: number }> => {
  const response = await fetch(`${telegram.url}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
  })
  return { status: response.status, ...((await response.json()) as ApiResponse<Result>) }
}

/** Calls a method that must be refused, and returns the code and the description of the error. */
export const refusal = async (method: string, params: object = {}, token = botToken) => {
  const { status, ok, error_code, description } = await call(method, params, token)
  expect({ ok, status }).toEqual({ ok: false, status: error_code })
  return `${error_code} ${description}`
}

/** Sends Ana a message of the bot. */
export const sendToAna = (text: string, more: object = {}) =>
  call('sendMessage', { chat_id: ana.chatId, text, ...more })

export const buttons = (...rows: { text: string; callback_data?: string; url?: string }[][]) => ({
  reply_markup: { inline_keyboard: rows },
})

export const html = { parse_mode: 'HTML' }
