import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deadLettersIn } from '#database/operations/dead-letters.ts'
import type { OperatorNotice } from '#database/operations/operator-notices.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { errorNotifier, messageRefused, noticesTick, type Outside } from '#functions/error-notifier/error-notifier.ts'
import { fingerprint } from '#functions/error-notifier/fingerprint.ts'
import { decide } from '#functions/error-notifier/notice.ts'
import { operatorsIn } from '#functions/error-notifier/operators.ts'
import { noticeText } from '#functions/error-notifier/words.ts'
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import { telegram } from '#functions/telegram/client.ts'
import { startTelegram, type TelegramSimulator } from '#simulators/telegram.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

const opsToken = '222222:AAoperatorsoperatorsoperatorsoperators'
let database: TestDatabase
let simulator: TelegramSimulator
let now = new Date('2026-11-21T17:00:00Z')
let outside: Outside

const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
const minutes = (count: number) => count * 60_000

beforeAll(async () => {
  database = await freshDatabase()
  simulator = await startTelegram({
    botToken: '111111:AAmainmainmainmainmainmainmainmainmain',
    opsToken,
    clock: () => now,
    rates: false,
  })
})
afterAll(async () => {
  await simulator.stop()
  await database.end()
})

/** Another operator for each test, and nothing known of earlier ones. */
beforeEach(async () => {
  later(minutes(600))
  await database.db.query('truncate dead_letter, alert, operator_notice restart identity')
  await database.db.query(
    'update operator_digest set telegram_message_id = null, told_at = null, edited_at = null, told_count = 0, count = 0',
  )
  outside = {
    ...quiet(),
    operators: operatorsIn(telegram({ apiRoot: simulator.url, token: opsToken }), String(operator().chatId)),
  }
})

const quiet = (): Outside => ({
  db: database.db,
  operators: undefined,
  reader: async () => ({ language: 'pt-BR', zone: 'America/Sao_Paulo' }),
  clock: () => now,
  log: pino({ level: 'silent' }),
})

let operators = 0
let current: ReturnType<typeof newOperator>
const newOperator = () => {
  const seat = simulator.operators.user(`Operadora ${++operators}`)
  seat.send('/start')
  return seat
}
const operator = () => {
  current = newOperator()
  return current
}
const heard = () => current.answers().map(({ text }) => text)

let letters = 0
const letter = (over: Partial<DeadLetter> = {}): DeadLetter => ({
  trigger: 'uptime-prober-probe-requested',
  event: ProbeRequested.from(rootCause(`shard/3@${++letters}`), {
    subject: 'shard/3',
    data: { reason: 'slot', checks: [] as never },
  }) as VigiaEvent,
  code: 500,
  reason: 'PostgreSQL said no to monitor/42',
  ...over,
})

test('the first dead letter of its kind is kept and told at once, in the words of the operators', async () => {
  const sent = letter()
  await errorNotifier(sent, outside)
  expect(heard()).toHaveLength(1)
  expect(heard()[0]).toContain('uptime-prober-probe-requested')
  expect(heard()[0]).toContain('500 PostgreSQL said no to monitor/42')
  expect(await deadLettersIn(database.db).newest(10)).toMatchObject([
    {
      trigger: 'uptime-prober-probe-requested',
      code: 500,
      reason: 'PostgreSQL said no to monitor/42',
      event: { specversion: '1.0', id: sent.event.id, type: 'dev.vigia.probe.requested', subject: 'shard/3' },
      replayedAt: null,
    },
  ])
})

test('a letter delivered twice is one letter and counted once', async () => {
  const sent = letter()
  await errorNotifier(sent, outside)
  later(minutes(2))
  await errorNotifier(sent, outside)
  await noticesTick(outside)
  expect(await deadLettersIn(database.db).newest(10)).toHaveLength(1)
  expect(heard()).toHaveLength(1)
  expect(heard()[0]).not.toContain('vezes')
})

test('a letter that comes back after its replay is news again', async () => {
  const sent = letter()
  await errorNotifier(sent, outside)
  const [kept] = await deadLettersIn(database.db).newest(1)
  later(minutes(1))
  await deadLettersIn(database.db).markReplayed(kept!.id, now)
  const replayedAt = now
  later(minutes(1))
  await errorNotifier({ ...sent, reason: 'PostgreSQL said no to monitor/43' }, outside)
  expect(await deadLettersIn(database.db).newest(10)).toMatchObject([{ id: kept!.id, replayedAt, at: now }])
  expect(heard()[0]).toContain('2 vezes')
})

test('more of the same edit the count of the one message, at most once a minute', async () => {
  await errorNotifier(letter(), outside)
  simulator.operators.forgetCalls()
  for (let more = 0; more < 5; more++) {
    later(5_000)
    await errorNotifier(letter({ reason: `PostgreSQL said no to monitor/${more}` }), outside)
  }
  expect(simulator.operators.calls()).toEqual([])
  later(minutes(1))
  await noticesTick(outside)
  expect(simulator.operators.calls().map(({ method }) => method)).toEqual(['editMessageText'])
  expect(heard()).toHaveLength(1)
  expect(heard()[0]).toContain('6 vezes desde hoje')
})

test('a fault that still goes on an hour later is a new message, and one after a quiet hour counts anew', async () => {
  await errorNotifier(letter(), outside)
  for (let quarter = 0; quarter < 4; quarter++) {
    later(minutes(15.1))
    await errorNotifier(letter(), outside)
  }
  expect(heard()).toHaveLength(2)
  expect(heard()[1]).toContain('5 vezes')
  expect(heard()[1]).toContain('Continua acontecendo')
  later(minutes(130))
  await errorNotifier(letter(), outside)
  expect(heard()).toHaveLength(3)
  expect(heard()[2]).not.toMatch(/vezes|Continua/)
})

test('never more than twenty messages an hour, then one that says how many were held back', async () => {
  for (let kind = 0; kind < 30; kind++) await errorNotifier(letter({ trigger: `trigger-${kind}` }), outside)
  later(minutes(1))
  await noticesTick(outside)
  expect(heard()).toHaveLength(21)
  expect(heard().at(-1)).toContain('Mais 10 tipos de falha')
  expect(await deadLettersIn(database.db).newest(100)).toHaveLength(30)
})

test('the same storm all at once is told within the same limits', async () => {
  await Promise.all(
    Array.from({ length: 40 }, (_, kind) => errorNotifier(letter({ trigger: `storm-${kind % 25}` }), outside)),
  )
  later(minutes(1))
  await noticesTick(outside)
  expect(heard()).toHaveLength(21)
  expect(heard().at(-1)).toContain('Mais 5 tipos de falha')
  expect(await deadLettersIn(database.db).newest(100)).toHaveLength(40)
})

describe('a failure of its own', () => {
  test.each([
    ['Telegram does not answer', { dropConnection: true }],
    ['Telegram refuses the chat', { status: 403, description: 'Forbidden: bot was blocked by the user' }],
    ['Telegram is flooded', { status: 429, retryAfter: 5 }],
  ])('makes no new letter and is made good by the tick: %s', async (_, fault) => {
    simulator.operators.failNext('sendMessage', { ...fault, chatId: current.chatId })
    await errorNotifier(letter(), outside)
    expect(heard()).toEqual([])
    simulator.operators.forgetCalls()
    await errorNotifier(letter(), outside)
    expect(simulator.operators.calls(), 'the next letter leaves the next try to the tick').toEqual([])
    expect(await deadLettersIn(database.db).newest(10)).toHaveLength(2)
    later(20_000)
    await noticesTick(outside)
    expect(heard()).toHaveLength(1)
    expect(heard()[0]).toContain('2 vezes')
    expect(await deadLettersIn(database.db).newest(10)).toHaveLength(2)
  })

  test('a wait that Telegram asks for is kept to by the tick too, and the letters are kept meanwhile', async () => {
    simulator.operators.failNext('sendMessage', { status: 429, retryAfter: 400, chatId: current.chatId })
    await errorNotifier(letter(), outside)
    simulator.operators.forgetCalls()
    later(minutes(6))
    await noticesTick(outside)
    await errorNotifier(letter(), outside)
    expect(simulator.operators.calls()).toEqual([])
    expect(await deadLettersIn(database.db).newest(10)).toHaveLength(2)
    later(minutes(1))
    await noticesTick(outside)
    expect(heard()).toHaveLength(1)
  })

  test('of the database is thrown, so that the letter comes again', async () => {
    const broken = { ...outside, db: { ...database.db, transaction: () => Promise.reject(new Error('no connection')) } }
    await expect(errorNotifier(letter(), broken as Outside)).rejects.toThrow('no connection')
  })
})

test('a message that was deleted by the operators is sent again instead of edited', async () => {
  await errorNotifier(letter(), outside)
  simulator.operators.failNext('editMessageText', {
    status: 400,
    description: 'Bad Request: message to edit not found',
  })
  later(minutes(2))
  await errorNotifier(letter(), outside)
  expect(heard()).toHaveLength(2)
})

test('without operators everything is kept and nothing is said', async () => {
  await errorNotifier(letter(), quiet())
  expect(await deadLettersIn(database.db).newest(10)).toHaveLength(1)
  expect(heard()).toEqual([])
})

test('a refused message reaches the operators once, however often its event comes', async () => {
  const event = MessageRefused.from(rootCause('m-1'), {
    subject: 'chat/7',
    data: { chatId: 7, message: 'm-1', code: 400, reason: "Bad Request: can't parse entities: unsupported start tag" },
  })
  await messageRefused(event, outside)
  later(minutes(2))
  await messageRefused(event, outside)
  expect(heard()).toHaveLength(1)
  expect(heard()[0]).toContain("can't parse entities")
})

test('tokens and tags in a reason neither leak nor break the message', async () => {
  await errorNotifier(
    letter({ reason: `<b>no</b> answer from https://api.telegram.org/bot${opsToken}/sendMessage` }),
    outside,
  )
  expect(heard()[0]).toContain('<b>no</b> answer')
  expect(heard()[0]).not.toContain(opsToken)
  expect(JSON.stringify(await deadLettersIn(database.db).newest(1))).not.toContain(opsToken)
})

test('an event with a NUL in its data is kept all the same', async () => {
  await errorNotifier(letter({ event: { ...letter().event, data: { text: 'a\u0000b' } } }), outside)
  expect(await deadLettersIn(database.db).newest(1)).toMatchObject([{ event: { data: { text: 'a\ufffdb' } } }])
})

test('a fingerprint is the same for another monitor, instant or number, and another for another code or Trigger', () => {
  const one = fingerprint('t', 500, 'no answer for monitor/42 at 2026-11-21T12:00:00Z after 30 s')
  expect(fingerprint('t', 500, 'no answer for monitor/7 at 2026-11-22T01:02:03.5Z after 31 s')).toBe(one)
  expect(fingerprint('t', 503, 'no answer for monitor/42 at 2026-11-21T12:00:00Z after 30 s')).not.toBe(one)
  expect(fingerprint('u', 500, 'no answer for monitor/42 at 2026-11-21T12:00:00Z after 30 s')).not.toBe(one)
  expect(fingerprint('t', 500, 'no route')).not.toBe(one)
})

describe('the decision', () => {
  const at = (text: string) => new Date(`2026-11-21T${text}Z`)
  const notice = (over: Partial<OperatorNotice>): OperatorNotice => ({
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
    ...over,
  })
  test.each<[string, Partial<OperatorNotice>, number, string]>([
    ['send', { notifiedAt: null, editedAt: null, notifiedCount: 0, telegramMessageId: null }, 0, '12:00:30'],
    ['wait', {}, 1, '12:00:59'],
    ['edit', {}, 1, '12:01:00'],
    ['send', {}, 1, '13:00:00'],
    ['hold back', { notifiedAt: null }, 20, '12:00:30'],
    ['hold back', {}, 20, '13:00:00'],
    ['wait', { heldBack: true, telegramMessageId: null }, 0, '12:30:00'],
    ['send', { heldBack: true, telegramMessageId: null }, 0, '13:00:00'],
    ['wait', { notifiedCount: 2 }, 0, '15:00:00'],
  ])('is to %s', (decision, over, messages, time) => {
    expect(decide(notice(over), messages, at(time))).toBe(decision)
  })

  test('in English for operators who chose it', () => {
    const text = noticeText(
      notice({ count: 3 }),
      { language: 'en', zone: 'Europe/London', command: 'npm run vigia -- dead-letters' },
      at('12:30:00'),
    )
    expect(text).toContain('3 times since today · 12:00')
    expect(text).toMatch(/#aaaaaaaa · see and replay: <code>npm run vigia -- dead-letters<\/code>$/)
  })

  test('says where to look only where there is a letter', () => {
    const content = { title: 'message.refused', subject: 'chat/7', code: 400, reason: 'r' }
    const reader = { language: 'en', zone: 'Europe/London', command: 'npm run vigia -- dead-letters' } as const
    expect(noticeText(notice({ content }), reader, at('12:30:00'))).toMatch(/#aaaaaaaa$/)
  })
})
