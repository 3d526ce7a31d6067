import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deadLettersIn } from '#database/operations/dead-letters.ts'
import { rootCause } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import {
  type Dependencies,
  errorNotifier,
  messageRefused,
  noticesTick,
} from '#functions/error-notifier/error-notifier.ts'
import { letter, minutes, opsToken, startErrorNotifier } from './error-notifier/support.ts'

let world: Awaited<ReturnType<typeof startErrorNotifier>>
let dependencies: Dependencies

beforeAll(async () => {
  world = await startErrorNotifier()
})
afterAll(() => world.stop())

beforeEach(async () => {
  await world.reset()
  dependencies = world.newReplica()
})

test('the first dead letter of its kind is kept and told at once, in the words of the operators', async () => {
  const sent = letter()
  await errorNotifier(sent, dependencies)
  expect(world.received()).toHaveLength(1)
  expect(world.received()[0]).toContain('uptime-prober-probe-requested')
  expect(world.received()[0]).toContain('500 PostgreSQL said no to monitor/42')
  expect(await deadLettersIn(world.db).newest(10)).toMatchObject([
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
  await errorNotifier(sent, dependencies)
  world.later(minutes(2))
  await errorNotifier(sent, dependencies)
  await noticesTick(dependencies)
  expect(await deadLettersIn(world.db).newest(10)).toHaveLength(1)
  expect(world.received()).toHaveLength(1)
  expect(world.received()[0]).not.toContain('vezes')
})

test('a letter that comes back after its replay is news again', async () => {
  const sent = letter()
  await errorNotifier(sent, dependencies)
  const [kept] = await deadLettersIn(world.db).newest(1)
  world.later(minutes(1))
  await deadLettersIn(world.db).markReplayed(kept!.id, world.now())
  const replayedAt = world.now()
  world.later(minutes(1))
  await errorNotifier({ ...sent, reason: 'PostgreSQL said no to monitor/43' }, dependencies)
  expect(await deadLettersIn(world.db).newest(10)).toMatchObject([{ id: kept!.id, replayedAt, at: world.now() }])
  expect(world.received()[0]).toContain('2 vezes')
})

test('more of the same edit the count of the one message, at most once a minute', async () => {
  await errorNotifier(letter(), dependencies)
  world.telegram.forgetCalls()
  for (let more = 0; more < 5; more++) {
    world.later(5_000)
    await errorNotifier(letter({ reason: `PostgreSQL said no to monitor/${more}` }), dependencies)
  }
  expect(world.telegram.calls()).toEqual([])
  world.later(minutes(1))
  await noticesTick(dependencies)
  expect(world.telegram.calls().map(({ method }) => method)).toEqual(['editMessageText'])
  expect(world.received()).toHaveLength(1)
  expect(world.received()[0]).toContain('6 vezes desde hoje')
})

test('a fault that still goes on an hour later is a new message, and one after a quiet hour counts anew', async () => {
  await errorNotifier(letter(), dependencies)
  for (let quarter = 0; quarter < 4; quarter++) {
    world.later(minutes(15.1))
    await errorNotifier(letter(), dependencies)
  }
  expect(world.received()).toHaveLength(2)
  expect(world.received()[1]).toContain('5 vezes')
  expect(world.received()[1]).toContain('Continua acontecendo')
  world.later(minutes(130))
  await errorNotifier(letter(), dependencies)
  expect(world.received()).toHaveLength(3)
  expect(world.received()[2]).not.toMatch(/vezes|Continua/)
})

test('never more than twenty messages an hour, then one that says how many were held back', async () => {
  for (let kind = 0; kind < 30; kind++) await errorNotifier(letter({ trigger: `trigger-${kind}` }), dependencies)
  world.later(minutes(1))
  await noticesTick(dependencies)
  expect(world.received()).toHaveLength(21)
  expect(world.received().at(-1)).toContain('Mais 10 tipos de falha')
  expect(await deadLettersIn(world.db).newest(100)).toHaveLength(30)
})

test('the same storm all at once is told within the same limits', async () => {
  await Promise.all(
    Array.from({ length: 40 }, (_, kind) => errorNotifier(letter({ trigger: `storm-${kind % 25}` }), dependencies)),
  )
  world.later(minutes(1))
  await noticesTick(dependencies)
  expect(world.received()).toHaveLength(21)
  expect(world.received().at(-1)).toContain('Mais 5 tipos de falha')
  expect(await deadLettersIn(world.db).newest(100)).toHaveLength(40)
})

describe('a failure of its own', () => {
  test.each([
    ['Telegram does not answer', { dropConnection: true }],
    ['Telegram refuses the chat', { status: 403, description: 'Forbidden: bot was blocked by the user' }],
    ['Telegram is flooded', { status: 429, retryAfter: 5 }],
  ])('makes no new letter and is made good by the tick: %s', async (_, fault) => {
    world.telegram.failNext('sendMessage', { ...fault, chatId: world.operatorChatId() })
    await errorNotifier(letter(), dependencies)
    expect(world.received()).toEqual([])
    world.telegram.forgetCalls()
    await errorNotifier(letter(), dependencies)
    expect(world.telegram.calls(), 'the next letter leaves the next try to the tick').toEqual([])
    expect(await deadLettersIn(world.db).newest(10)).toHaveLength(2)
    world.later(20_000)
    await noticesTick(dependencies)
    expect(world.received()).toHaveLength(1)
    expect(world.received()[0]).toContain('2 vezes')
    expect(await deadLettersIn(world.db).newest(10)).toHaveLength(2)
  })

  test('a wait that Telegram asks for is kept to by the tick too, and the letters are kept meanwhile', async () => {
    world.telegram.failNext('sendMessage', { status: 429, retryAfter: 400, chatId: world.operatorChatId() })
    await errorNotifier(letter(), dependencies)
    world.telegram.forgetCalls()
    world.later(minutes(6))
    await noticesTick(dependencies)
    await errorNotifier(letter(), dependencies)
    expect(world.telegram.calls()).toEqual([])
    expect(await deadLettersIn(world.db).newest(10)).toHaveLength(2)
    world.later(minutes(1))
    await noticesTick(dependencies)
    expect(world.received()).toHaveLength(1)
  })

  test('of the database is thrown, so that the letter comes again', async () => {
    const broken = {
      ...dependencies,
      db: { ...world.db, transaction: () => Promise.reject(new Error('no connection')) },
    }
    await expect(errorNotifier(letter(), broken as Dependencies)).rejects.toThrow('no connection')
  })
})

test('a message that was deleted by the operators is sent again instead of edited', async () => {
  await errorNotifier(letter(), dependencies)
  world.telegram.failNext('editMessageText', {
    status: 400,
    description: 'Bad Request: message to edit not found',
  })
  world.later(minutes(2))
  await errorNotifier(letter(), dependencies)
  expect(world.received()).toHaveLength(2)
})

test('without operators everything is kept and nothing is said', async () => {
  await errorNotifier(letter(), world.withoutOperators())
  expect(await deadLettersIn(world.db).newest(10)).toHaveLength(1)
  expect(world.received()).toEqual([])
})

test('a refused message reaches the operators once, however often its event comes', async () => {
  const event = MessageRefused.from(rootCause('m-1'), {
    subject: 'chat/7',
    data: { chatId: 7, message: 'm-1', code: 400, reason: "Bad Request: can't parse entities: unsupported start tag" },
  })
  await messageRefused(event, dependencies)
  world.later(minutes(2))
  await messageRefused(event, dependencies)
  expect(world.received()).toHaveLength(1)
  expect(world.received()[0]).toContain("can't parse entities")
})

test('tokens and tags in a reason neither leak nor break the message', async () => {
  await errorNotifier(
    letter({ reason: `<b>no</b> answer from https://api.telegram.org/bot${opsToken}/sendMessage` }),
    dependencies,
  )
  expect(world.received()[0]).toContain('<b>no</b> answer')
  expect(world.received()[0]).not.toContain(opsToken)
  expect(JSON.stringify(await deadLettersIn(world.db).newest(1))).not.toContain(opsToken)
})

test('an event with a NUL in its data is kept all the same', async () => {
  await errorNotifier(letter({ event: { ...letter().event, data: { text: 'a\u0000b' } } }), dependencies)
  expect(await deadLettersIn(world.db).newest(1)).toMatchObject([{ event: { data: { text: 'a\ufffdb' } } }])
})
