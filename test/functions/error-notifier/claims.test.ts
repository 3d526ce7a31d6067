import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { type Dependencies, errorNotifier, noticesTick } from '#functions/error-notifier/error-notifier.ts'
import { letter, minutes, startErrorNotifier } from './support.ts'

let fixture: Awaited<ReturnType<typeof startErrorNotifier>>

beforeAll(async () => {
  fixture = await startErrorNotifier()
})
afterAll(() => fixture.stop())
beforeEach(() => fixture.reset())

/** A replica that crashes as soon as Telegram has accepted a call. From then on it cannot use the database. */
const crashingReplica = (): Dependencies => {
  const replica = fixture.newReplica()
  const operators = replica.operators!
  let crashed = false
  const untilCrash = (db: Postgres): Postgres => ({
    ...db,
    query: (...args) => (crashed ? Promise.reject(new Error('crashed')) : db.query(...args)),
    transaction: work => (crashed ? Promise.reject(new Error('crashed')) : db.transaction(tx => work(untilCrash(tx)))),
  })
  return {
    ...replica,
    db: untilCrash(replica.db),
    operators: {
      send: async text => {
        const id = await operators.send(text)
        crashed = true
        return id
      },
      edit: async (id, text) => {
        const isEdited = await operators.edit(id, text)
        crashed = true
        return isEdited
      },
    },
  }
}

const calls = () => fixture.telegram.calls().map(({ method }) => method)

describe('a crash after Telegram accepted the call and before the database was updated', () => {
  test('causes the notice to be sent a second time, a minute later, and not a third time', async () => {
    await errorNotifier(letter(), crashingReplica())
    expect(fixture.received()).toHaveLength(1)

    const replica = fixture.newReplica()
    fixture.later(minutes(1) - 1)
    await noticesTick(replica)
    expect(fixture.received(), 'the claim is valid for a minute').toHaveLength(1)

    fixture.later(1)
    await noticesTick(replica)
    expect(fixture.received()).toHaveLength(2)
    expect(fixture.received()[1]).toBe(fixture.received()[0])

    fixture.later(minutes(2))
    await noticesTick(replica)
    expect(fixture.received()).toHaveLength(2)
  })

  test('causes an edit to be repeated once, not earlier than a minute after the first edit', async () => {
    await errorNotifier(letter(), fixture.newReplica())
    fixture.later(minutes(2))
    fixture.telegram.forgetCalls()
    await errorNotifier(letter(), crashingReplica())
    expect(calls()).toEqual(['editMessageText'])

    const replica = fixture.newReplica()
    fixture.later(minutes(1) - 1)
    await noticesTick(replica)
    expect(calls()).toEqual(['editMessageText'])

    fixture.later(1)
    await noticesTick(replica)
    expect(calls()).toEqual(['editMessageText', 'editMessageText'])
    expect(fixture.received()).toHaveLength(1)
    expect(fixture.received()[0]).toContain('2 vezes')

    fixture.later(minutes(2))
    await noticesTick(replica)
    expect(calls()).toHaveLength(2)
  })

  test('causes the digest to be sent a second time', async () => {
    const replica = fixture.newReplica()
    for (let kind = 0; kind < 21; kind++) {
      // The first digest is due at once. So the crashing replica, which gets the last kind, sends the digest and then
      // crashes.
      const dependencies = kind < 20 ? replica : crashingReplica()
      await errorNotifier(letter({ trigger: `trigger-${kind}` }), dependencies)
    }
    expect(fixture.received().filter(text => text.includes('Mais um tipo'))).toHaveLength(1)
    fixture.later(minutes(1))
    await noticesTick(replica)
    await noticesTick(replica)
    expect(fixture.received().filter(text => text.includes('Mais um tipo'))).toHaveLength(2)
  })
})

describe('two replicas at once', () => {
  test('together send a notice once', async () => {
    await errorNotifier(letter(), fixture.withoutOperators())
    await Promise.all([noticesTick(fixture.newReplica()), noticesTick(fixture.newReplica())])
    expect(fixture.received()).toHaveLength(1)
  })

  test('together edit a message at most once a minute', async () => {
    await errorNotifier(letter(), fixture.newReplica())
    fixture.later(minutes(2))
    await errorNotifier(letter(), fixture.withoutOperators())
    fixture.telegram.forgetCalls()
    await Promise.all([noticesTick(fixture.newReplica()), noticesTick(fixture.newReplica())])
    expect(calls()).toEqual(['editMessageText'])
  })

  test('together send at most twenty messages an hour, and one digest', async () => {
    for (let kind = 0; kind < 30; kind++)
      await errorNotifier(letter({ trigger: `trigger-${kind}` }), fixture.withoutOperators())
    await Promise.all([noticesTick(fixture.newReplica()), noticesTick(fixture.newReplica())])
    fixture.later(minutes(1))
    await Promise.all([noticesTick(fixture.newReplica()), noticesTick(fixture.newReplica())])
    expect(fixture.received().filter(text => text.includes('trigger-'))).toHaveLength(20)
    expect(fixture.received().filter(text => text.includes('Mais '))).toHaveLength(1)
    expect(fixture.received().at(-1)).toContain('Mais 10 tipos de falha')
  })
})

test('no transaction is open while Telegram is called', async () => {
  let open = 0
  const openDuringCalls: number[] = []
  const replica = fixture.newReplica()
  const { send } = replica.operators!
  const counted: Dependencies = {
    ...replica,
    db: {
      ...replica.db,
      transaction: async work => {
        open++
        try {
          return await replica.db.transaction(work)
        } finally {
          open--
        }
      },
    },
    operators: {
      ...replica.operators!,
      send: text => {
        openDuringCalls.push(open)
        return send(text)
      },
    },
  }
  await errorNotifier(letter(), counted)
  expect(openDuringCalls).toEqual([0])
})
