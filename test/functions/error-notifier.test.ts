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
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import { letter, minutes, opsToken, startErrorNotifier } from './error-notifier/support.ts'

let fixture: Awaited<ReturnType<typeof startErrorNotifier>>
let dependencies: Dependencies

beforeAll(async () => {
  fixture = await startErrorNotifier()
})
afterAll(() => fixture.stop())

beforeEach(async () => {
  await fixture.reset()
  dependencies = fixture.newReplica()
})

test('the first dead letter of its kind is stored, and the operators are notified at once', async () => {
  const sent = letter()
  await errorNotifier(sent, dependencies)
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain('uptime-prober-probe-requested')
  expect(fixture.received()[0]).toContain('500 PostgreSQL said no to monitor/42')
  expect(await deadLettersIn(fixture.db).newest(10)).toMatchObject([
    {
      trigger: 'uptime-prober-probe-requested',
      code: 500,
      reason: 'PostgreSQL said no to monitor/42',
      event: { specversion: '1.0', id: sent.event.id, type: 'dev.vigia.probe.requested', subject: 'shard/3' },
      replayedAt: null,
    },
  ])
})

test('a dead letter that is delivered twice is stored once and counted once', async () => {
  const sent = letter()
  await errorNotifier(sent, dependencies)
  fixture.later(minutes(2))
  await errorNotifier(sent, dependencies)
  await noticesTick(dependencies)
  expect(await deadLettersIn(fixture.db).newest(10)).toHaveLength(1)
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).not.toContain('vezes')
})

test.each(['error-notifier-tick', 'uptime-prober-heartbeat-changed'])(
  'a dead letter of an event that the filter of %s excludes is neither stored nor told, because nothing is lost',
  async trigger => {
    await errorNotifier(letter({ trigger, reason: 'context deadline exceeded' }), dependencies)
    expect(await deadLettersIn(fixture.db).newest(10)).toEqual([])
    expect(fixture.received()).toEqual([])
  },
)

test('a dead letter of a Trigger or Broker that is not ours is stored and told', async () => {
  for (const trigger of ['default', 'my-trigger', 'toString']) await errorNotifier(letter({ trigger }), dependencies)
  expect((await deadLettersIn(fixture.db).newest(10)).map(({ trigger }) => trigger).sort()).toEqual([
    ...['default', 'my-trigger', 'toString'],
  ])
  expect(fixture.received()).toHaveLength(3)
})

test('a tick that is lost is stored, and a tick of another function is not', async () => {
  const tick = (of: string) =>
    ({ ...letter().event, id: of, type: 'dev.knative.sources.ping', tick: of }) as DeadLetter['event']
  for (const of of ['probe-scheduler', 'reporter'])
    await errorNotifier(letter({ trigger: 'probe-scheduler-tick', event: tick(of) }), dependencies)
  expect(await deadLettersIn(fixture.db).newest(10)).toMatchObject([{ event: { tick: 'probe-scheduler' } }])
})

test('a dead letter that fails again after its replay is counted again', async () => {
  const sent = letter()
  await errorNotifier(sent, dependencies)
  const [kept] = await deadLettersIn(fixture.db).newest(1)
  fixture.later(minutes(1))
  await deadLettersIn(fixture.db).markReplayed(kept!.id, fixture.now())
  const replayedAt = fixture.now()
  fixture.later(minutes(1))
  await errorNotifier({ ...sent, reason: 'PostgreSQL said no to monitor/43' }, dependencies)
  expect(await deadLettersIn(fixture.db).newest(10)).toMatchObject([{ id: kept!.id, replayedAt, at: fixture.now() }])
  expect(fixture.received()[0]).toContain('2 vezes')
})

test('further dead letters of the same kind edit the count in the message, at most once a minute', async () => {
  await errorNotifier(letter(), dependencies)
  fixture.telegram.forgetCalls()
  for (let more = 0; more < 5; more++) {
    fixture.later(5_000)
    await errorNotifier(letter({ reason: `PostgreSQL said no to monitor/${more}` }), dependencies)
  }
  expect(fixture.telegram.calls()).toEqual([])
  fixture.later(minutes(1))
  await noticesTick(dependencies)
  expect(fixture.telegram.calls().map(({ method }) => method)).toEqual(['editMessageText'])
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain('6 vezes desde hoje')
})

test('an error that still occurs after an hour gets a new message, and after a quiet hour its count starts again', async () => {
  await errorNotifier(letter(), dependencies)
  for (let quarter = 0; quarter < 4; quarter++) {
    fixture.later(minutes(15.1))
    await errorNotifier(letter(), dependencies)
  }
  expect(fixture.received()).toHaveLength(2)
  expect(fixture.received()[1]).toContain('5 vezes')
  expect(fixture.received()[1]).toContain('Continua acontecendo')
  fixture.later(minutes(130))
  await errorNotifier(letter(), dependencies)
  expect(fixture.received()).toHaveLength(3)
  expect(fixture.received()[2]).not.toMatch(/vezes|Continua/)
})

test('the operators get at most twenty messages an hour, then one message that says how many kinds of failure were held back', async () => {
  for (let kind = 0; kind < 30; kind++) await errorNotifier(letter({ trigger: `trigger-${kind}` }), dependencies)
  fixture.later(minutes(1))
  await noticesTick(dependencies)
  expect(fixture.received()).toHaveLength(21)
  expect(fixture.received().at(-1)).toContain('Mais 10 tipos de falha')
  expect(await deadLettersIn(fixture.db).newest(100)).toHaveLength(30)
})

test('simultaneous dead letters have the same limits', async () => {
  await Promise.all(
    Array.from({ length: 40 }, (_, kind) => errorNotifier(letter({ trigger: `trigger-${kind % 25}` }), dependencies)),
  )
  fixture.later(minutes(1))
  await noticesTick(dependencies)
  expect(fixture.received()).toHaveLength(21)
  expect(fixture.received().at(-1)).toContain('Mais 5 tipos de falha')
  expect(await deadLettersIn(fixture.db).newest(100)).toHaveLength(40)
})

describe('a failure of error-notifier itself', () => {
  test.each([
    ['Telegram does not answer', { dropConnection: true }],
    ['Telegram refuses the chat', { status: 403, description: 'Forbidden: bot was blocked by the user' }],
    ['Telegram asks for a wait', { status: 429, retryAfter: 5 }],
  ])('creates no dead letter, and the tick sends the notice later: %s', async (_, fault) => {
    fixture.telegram.failNext('sendMessage', { ...fault, chatId: fixture.operatorChatId() })
    await errorNotifier(letter(), dependencies)
    expect(fixture.received()).toEqual([])
    fixture.telegram.forgetCalls()
    await errorNotifier(letter(), dependencies)
    expect(fixture.telegram.calls(), 'only the tick retries, not the next dead letter').toEqual([])
    expect(await deadLettersIn(fixture.db).newest(10)).toHaveLength(2)
    fixture.later(20_000)
    await noticesTick(dependencies)
    expect(fixture.received()).toHaveLength(1)
    expect(fixture.received()[0]).toContain('2 vezes')
    expect(await deadLettersIn(fixture.db).newest(10)).toHaveLength(2)
  })

  test('with a retry_after makes the tick wait too, and dead letters are still stored', async () => {
    fixture.telegram.failNext('sendMessage', { status: 429, retryAfter: 400, chatId: fixture.operatorChatId() })
    await errorNotifier(letter(), dependencies)
    fixture.telegram.forgetCalls()
    fixture.later(minutes(6))
    await noticesTick(dependencies)
    await errorNotifier(letter(), dependencies)
    expect(fixture.telegram.calls()).toEqual([])
    expect(await deadLettersIn(fixture.db).newest(10)).toHaveLength(2)
    fixture.later(minutes(1))
    await noticesTick(dependencies)
    expect(fixture.received()).toHaveLength(1)
  })

  test('in the database is thrown, so that the broker redelivers the dead letter', async () => {
    const broken = {
      ...dependencies,
      db: { ...fixture.db, transaction: () => Promise.reject(new Error('no connection')) },
    }
    await expect(errorNotifier(letter(), broken as Dependencies)).rejects.toThrow('no connection')
  })
})

test('a message that was deleted by the operators is sent again instead of edited', async () => {
  await errorNotifier(letter(), dependencies)
  fixture.telegram.failNext('editMessageText', {
    status: 400,
    description: 'Bad Request: message to edit not found',
  })
  fixture.later(minutes(2))
  await errorNotifier(letter(), dependencies)
  expect(fixture.received()).toHaveLength(2)
})

test('without operators the dead letters are stored and nothing is sent', async () => {
  await errorNotifier(letter(), fixture.withoutOperators())
  expect(await deadLettersIn(fixture.db).newest(10)).toHaveLength(1)
  expect(fixture.received()).toEqual([])
})

test('the operators are notified once of a refused message, even if its event is delivered twice', async () => {
  const event = MessageRefused.from(rootCause('m-1'), {
    subject: 'chat/7',
    data: { chatId: 7, message: 'm-1', code: 400, reason: "Bad Request: can't parse entities: unsupported start tag" },
  })
  await messageRefused(event, dependencies)
  fixture.later(minutes(2))
  await messageRefused(event, dependencies)
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain("can't parse entities")
})

test('a token in a reason is redacted, and tags in a reason are shown as text', async () => {
  await errorNotifier(
    letter({ reason: `<b>no</b> answer from https://api.telegram.org/bot${opsToken}/sendMessage` }),
    dependencies,
  )
  expect(fixture.received()[0]).toContain('<b>no</b> answer')
  expect(fixture.received()[0]).not.toContain(opsToken)
  expect(JSON.stringify(await deadLettersIn(fixture.db).newest(1))).not.toContain(opsToken)
})

test('an event with a NUL in its data is stored with a replacement character', async () => {
  await errorNotifier(letter({ event: { ...letter().event, data: { text: 'a\u0000b' } } }), dependencies)
  expect(await deadLettersIn(fixture.db).newest(1)).toMatchObject([{ event: { data: { text: 'a\ufffdb' } } }])
})
