import pino from 'pino'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { reportsIn } from '#database/reports/reports.ts'
import { incidentAnswersIn } from '#database/uptime/incident-answers.ts'
import { telegram } from '#functions/telegram/client.ts'
import type { Dependencies } from '#functions/telegram-notifier/deliver.ts'
import { startTelegram, type TelegramSimulator } from '#simulators/telegram.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

export const token = '111111:AAmainmainmainmainmainmainmainmainmain'
export let database: TestDatabase
export let simulator: TelegramSimulator
export let outbox: Dependencies
export let now = new Date('2026-11-21T17:00:00Z')
export let waits: number[] = []

export const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
export const minutes = (count: number) => count * 60_000

/** Sets up a database and a simulated Telegram for the tests of one file. Each test starts with an empty outbox. */
export const useNotifier = () => {
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
      incidentAnswers: incidentAnswersIn(database.db),
      reports: reportsIn(database.db),
      telegram: telegram({ apiRoot: simulator.url, token }),
      bot: 'bot',
      clock: () => now,
      // Advances the test's clock instead of waiting.
      wait: async ms => {
        waits.push(ms)
        later(ms)
      },
      random: () => 0,
      log: pino({ level: 'silent' }),
      release: '1.4.2 (d1b2c3)',
    }
  })
}
