import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alertGroup } from '#functions/error-notifier/alert-requests.ts'
import { type Dependencies, errorNotifier, noticesTick } from '#functions/error-notifier/error-notifier.ts'
import { alert, payload, resolved } from './alert-samples.ts'
import { letter, minutes, startErrorNotifier } from './support.ts'

let fixture: Awaited<ReturnType<typeof startErrorNotifier>>
let dependencies: Dependencies

beforeAll(async () => {
  fixture = await startErrorNotifier()
})
afterAll(() => fixture.stop())
beforeEach(async () => {
  await fixture.reset()
  fixture.telegram.forgetCalls()
  dependencies = fixture.newReplica()
})

const receive = (body: unknown, replica = dependencies) =>
  alertGroup(
    {
      method: 'POST',
      path: '/alerts',
      headers: {},
      query: new URLSearchParams(),
      body: Buffer.from(JSON.stringify(body)),
    },
    replica,
  )
const group = (name: string) => payload({ groupKey: name, alerts: [alert({ labels: { alertname: name } })] })
const calls = () => fixture.telegram.calls().map(({ method }) => method)

test('a group that fires is one message, which is edited when the group is resolved', async () => {
  expect(await receive(payload())).toEqual({ status: 204 })
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain('🔴 VigiaChecksLate · crítico\nAs verificações começam com atraso')
  await receive(resolved)
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain('✅ VigiaChecksLate · resolvido')
  expect(fixture.received()[0]).toContain('durou 20 min')
})

test('the same state twice has one effect', async () => {
  await receive(payload())
  await receive(payload())
  fixture.later(minutes(5))
  await receive(payload())
  await noticesTick(dependencies)
  expect(calls()).toEqual(['sendMessage'])
  fixture.telegram.forgetCalls()
  await receive(resolved)
  await receive(resolved)
  fixture.later(minutes(600))
  await receive(resolved)
  await noticesTick(dependencies)
  expect(calls()).toEqual(['editMessageText'])
})

test('two replicas that receive the same state at once send one message', async () => {
  await Promise.all([receive(payload(), fixture.newReplica()), receive(payload(), fixture.newReplica())])
  expect(fixture.received()).toHaveLength(1)
})

test('a change of a group that fires edits its message, at most once a minute', async () => {
  await receive(payload())
  fixture.telegram.forgetCalls()
  const more = payload({ alerts: [alert(), alert({ labels: { alertname: 'VigiaChecksLate', percentile: '100' } })] })
  await receive(more)
  expect(calls()).toEqual([])
  fixture.later(minutes(1))
  await noticesTick(dependencies)
  expect(calls()).toEqual(['editMessageText'])
  expect(fixture.received()[0]).toContain('2 alertas')
})

test('a group that fires again causes a new message, unless it was resolved less than ten minutes before', async () => {
  await receive(payload())
  await receive(resolved)
  fixture.later(minutes(2))
  const again = payload({ alerts: [alert({ startsAt: '2026-11-21T12:22:00Z' })] })
  await receive(again)
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain('🔴')
  await receive(resolved)
  fixture.later(minutes(10))
  await receive(again)
  expect(fixture.received()).toHaveLength(2)
  expect(fixture.received()[0]).toContain('✅')
  expect(fixture.received()[1]).toContain('🔴')
  expect(fixture.received()[1]).not.toContain('Continua')
})

test('a group that Alertmanager repeats after an hour causes a second message, the reminder, and no third one', async () => {
  await receive(payload())
  fixture.later(minutes(60))
  await receive(payload())
  await receive(payload())
  await noticesTick(dependencies)
  expect(fixture.received()).toHaveLength(2)
  expect(fixture.received()[1]).toContain('Continua acontecendo.')
  await receive(resolved)
  expect(fixture.received()).toHaveLength(2)
  expect(fixture.received()[1]).toContain('✅')
})

test('a group that is resolved causes a message even if it never fired', async () => {
  await receive(resolved)
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain('✅')
})

test('a group that is stored while Telegram cannot be reached is sent by a later tick, in its state at that time', async () => {
  fixture.telegram.failNext('sendMessage', { status: 502, description: 'Bad Gateway' })
  expect(await receive(payload())).toEqual({ status: 204 })
  expect(fixture.received()).toEqual([])
  await receive(resolved)
  fixture.later(minutes(10))
  await noticesTick(fixture.newReplica())
  expect(fixture.received()).toHaveLength(1)
  expect(fixture.received()[0]).toContain('✅')
})

test('a state that arrives while its message is being sent is not lost', async () => {
  const operators = dependencies.operators!
  const interrupted: Dependencies = {
    ...dependencies,
    operators: {
      ...operators,
      send: async text => {
        fixture.later(1_000)
        await receive(resolved, fixture.withoutOperators())
        await receive(payload({ alerts: [alert({ startsAt: '2026-11-21T13:00:00Z' })] }), fixture.withoutOperators())
        return operators.send(text)
      },
    },
  }
  await receive(payload(), interrupted)
  fixture.later(minutes(1))
  await noticesTick(dependencies)
  expect(calls()).toEqual(['sendMessage', 'editMessageText'])
  expect(fixture.received()[0]).toMatch(/ · 10:00\no que fazer/)
})

test('a message that the operators deleted is sent again', async () => {
  await receive(payload())
  fixture.telegram.failNext('editMessageText', { status: 400, description: 'Bad Request: message to edit not found' })
  await receive(resolved)
  expect(fixture.received()).toHaveLength(2)
  expect(fixture.received()[1]).toContain('✅')
})

describe('the limit of twenty messages an hour', () => {
  test('holds for alerts and errors together, and a group that was held back is sent when there is room', async () => {
    for (let kind = 0; kind < 10; kind++) await errorNotifier(letter({ trigger: `trigger-${kind}` }), dependencies)
    for (let kind = 0; kind < 10; kind++) await receive(group(`Alert${kind}`))
    fixture.later(minutes(1))
    await receive(group('HeldBack'))
    expect(fixture.received()).toHaveLength(21)
    expect(fixture.received().at(-1)).toContain('Mais um tipo de falha')
    fixture.later(minutes(1))
    await noticesTick(dependencies)
    expect(fixture.received()).toHaveLength(21)
    fixture.later(minutes(59))
    await noticesTick(dependencies)
    expect(fixture.received()).toHaveLength(22)
    expect(fixture.received().at(-1)).toContain('HeldBack')
    await noticesTick(dependencies)
    expect(fixture.received()).toHaveLength(22)
  })

  test('does not delay the edit of a message when its group is resolved', async () => {
    for (let kind = 0; kind < 19; kind++) await receive(group(`Alert${kind}`))
    await receive(payload())
    await receive(group('HeldBack'))
    fixture.telegram.forgetCalls()
    await receive(resolved)
    expect(calls()).toContain('editMessageText')
    expect(fixture.received()[19]).toContain('✅')
  })
})
