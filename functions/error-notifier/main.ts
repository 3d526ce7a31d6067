import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { MessageRefused } from '#events/message-refused.ts'
import { OperatorsReport } from '#events/operators-report.ts'
import { RecordSkipped } from '#events/record-skipped.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import type { Logger } from '#functions/host/log.ts'
import { on, serve } from '#functions/host/serve.ts'
import { telegram } from '#functions/telegram/client.ts'
import { admitAlerts, alertGroup } from './alert-requests.ts'
import {
  type Dependencies,
  errorNotifier,
  installationReport,
  messageRefused,
  noticesTick,
  recordSkipped,
} from './error-notifier.ts'
import type { TextSettings } from './notice-text.ts'
import { newNotifierState } from './notify-unless-paused.ts'
import { operatorsIn } from './operators.ts'

const db = postgres(env('DATABASE_URL'), { max: 3, applicationName: 'error-notifier' })
const token = envOptional('TELEGRAM_OPS_BOT_TOKEN')
const chatId = envOptional('TELEGRAM_OPS_CHAT_ID')
if ((token === undefined) !== (chatId === undefined))
  throw new Error('TELEGRAM_OPS_BOT_TOKEN and TELEGRAM_OPS_CHAT_ID belong together: set both or neither')

const command = envOptional('DEAD_LETTERS_COMMAND')

/** An operator who also uses the main bot may have chosen a language and a zone there; the default is Brazil's. */
const textSettings = async (): Promise<TextSettings> => {
  const chat = /^-?\d+$/.test(chatId ?? '') ? await chatsIn(db).find(Number(chatId)) : null
  const { language, zone } = chat ?? { language: 'pt-BR', zone: 'America/Sao_Paulo' }
  return { language, zone, command }
}

const operators =
  token && chatId
    ? operatorsIn(telegram({ apiRoot: env('TELEGRAM_API_ROOT', 'https://api.telegram.org'), token }), chatId)
    : undefined
const notifierState = newNotifierState()
const dependencies = (log: Logger): Dependencies => ({
  db,
  operators,
  notifierState,
  textSettings,
  clock: systemClock,
  log,
})

serve({
  name: 'error-notifier',
  http: { admit: admitAlerts, handle: (request, { log }) => alertGroup(request, dependencies(log)) },
  deadLetters: (letter, { log }) => errorNotifier(letter, dependencies(log)),
  events: [
    on(MessageRefused, (event, { log }) => messageRefused(event, dependencies(log))),
    on(RecordSkipped, (event, { log }) => recordSkipped(event, dependencies(log))),
    on(OperatorsReport, (event, { log }) => installationReport(event, dependencies(log))),
    on(Tick, (_, { log }) => noticesTick(dependencies(log))),
  ],
  close: [() => db.end()],
})
