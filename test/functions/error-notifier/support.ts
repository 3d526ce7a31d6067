import pino from 'pino'
import type { OperatorNotice } from '#database/operations/operator-notices.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import type { Dependencies } from '#functions/error-notifier/error-notifier.ts'
import { newNotifierState } from '#functions/error-notifier/notify-unless-paused.ts'
import { operatorsIn } from '#functions/error-notifier/operators.ts'
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import { telegram } from '#functions/telegram/client.ts'
import { startTelegram } from '#simulators/telegram.ts'
import { freshDatabase } from '#test/support/database.ts'

export const opsToken = '222222:AAoperatorsoperatorsoperatorsoperators'

export const minutes = (count: number) => count * 60_000

/** A database, a simulated Telegram and a clock for the tests of one file. Each test must call `reset` first. */
export const startErrorNotifier = async () => {
  let now = new Date('2026-11-21T17:00:00Z')
  const database = await freshDatabase()
  const simulator = await startTelegram({
    botToken: '111111:AAmainmainmainmainmainmainmainmainmain',
    opsToken,
    clock: () => now,
    rates: false,
  })
  let operatorCount = 0
  const newOperator = () => {
    const operator = simulator.operators.user(`Operadora ${++operatorCount}`)
    operator.send('/start')
    return operator
  }
  let operator = newOperator()

  const withoutOperators = (): Dependencies => ({
    db: database.db,
    operators: undefined,
    notifierState: newNotifierState(),
    textSettings: async () => ({ language: 'pt-BR', zone: 'America/Sao_Paulo' }),
    clock: () => now,
    log: pino({ level: 'silent' }),
  })

  return {
    db: database.db,
    telegram: simulator.operators,
    now: () => now,
    later: (ms: number) => {
      now = new Date(now.getTime() + ms)
    },
    /** Empties the tables, advances the clock and replaces the operators' chat with a new one. */
    reset: async () => {
      now = new Date(now.getTime() + minutes(600))
      await database.db.query('truncate dead_letter, alert, operator_notice restart identity')
      await database.db.query(
        'update operator_digest set telegram_message_id = null, told_at = null, edited_at = null, told_count = 0, count = 0',
      )
      operator = newOperator()
    },
    operatorChatId: () => operator.chatId,
    /** The texts in the operators' chat, oldest first. */
    received: () => operator.answers().map(({ text }) => text),
    withoutOperators,
    /** The dependencies of a new process, which has nothing in memory. */
    newReplica: (): Dependencies => ({
      ...withoutOperators(),
      operators: operatorsIn(telegram({ apiRoot: simulator.url, token: opsToken }), String(operator.chatId)),
    }),
    stop: async () => {
      await simulator.stop()
      await database.end()
    },
  }
}

let letters = 0

/** A dead letter with a new event. */
export const letter = (overrides: Partial<DeadLetter> = {}): DeadLetter => ({
  trigger: 'uptime-prober-probe-requested',
  event: ProbeRequested.from(rootCause(`shard/3@${++letters}`), {
    subject: 'shard/3',
    data: { reason: 'slot', checks: [] as never },
  }) as VigiaEvent,
  code: 500,
  reason: 'PostgreSQL said no to monitor/42',
  ...overrides,
})

export const noticeOf = (overrides: Partial<OperatorNotice>): OperatorNotice => ({
  fingerprint: 'aaaaaaaa',
  content: { title: 't', subject: 's', code: 500, reason: 'r' },
  count: 2,
  firstAt: at('12:00:00'),
  lastAt: at('12:00:30'),
  telegramMessageId: 1,
  notifiedAt: at('12:00:00'),
  editedAt: at('12:00:00'),
  notifiedCount: 1,
  heldBack: false,
  newMessageFrom: null,
  ...overrides,
})

export const at = (text: string) => new Date(`2026-11-21T${text}Z`)
