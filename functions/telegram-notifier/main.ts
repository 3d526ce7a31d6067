import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { reportsIn } from '#database/reports/reports.ts'
import { incidentAnswersIn } from '#database/uptime/incident-answers.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { releaseText } from '#functions/host/release.ts'
import { on, serve } from '#functions/host/serve.ts'
import { telegram } from '#functions/telegram/client.ts'
import { outboxTick, telegramNotifier } from './telegram-notifier.ts'

const token = env('TELEGRAM_BOT_TOKEN')
const db = postgres(env('DATABASE_URL'), { max: 5, applicationName: 'telegram-notifier' })

const dependencies = {
  messages: messagesIn(db),
  chats: chatsIn(db),
  incidentAnswers: incidentAnswersIn(db),
  reports: reportsIn(db),
  telegram: telegram({ apiRoot: env('TELEGRAM_API_ROOT', 'https://api.telegram.org'), token }),
  // Identifies the bot without its secret token.
  bot: createHash('sha256').update(token).digest('hex').slice(0, 16),
  clock: systemClock,
  wait: (ms: number) => setTimeout(ms),
  random: Math.random,
  release: releaseText(),
  activeChats: new Map<number, { hasNewMessage: boolean }>(),
}

serve({
  name: 'telegram-notifier',
  events: [
    on(MessageRequested, (event, { log, signal }) => telegramNotifier(event, { ...dependencies, log }, signal)),
    on(Tick, (_, { log, signal }) => outboxTick({ ...dependencies, log }, signal)),
  ],
  close: [() => db.end()],
})
