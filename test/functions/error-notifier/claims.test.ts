import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { type Dependencies, errorNotifier, noticesTick } from '#functions/error-notifier/error-notifier.ts'
import { letter, minutes, startErrorNotifier } from './support.ts'

let world: Awaited<ReturnType<typeof startErrorNotifier>>

beforeAll(async () => {
  world = await startErrorNotifier()
})
afterAll(() => world.stop())
beforeEach(() => world.reset())

/** A replica that crashes as soon as Telegram has accepted a call: it writes nothing more to the database. */
const crashingReplica = (): Dependencies => {
  const replica = world.newReplica()
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

const calls = () => world.telegram.calls().map(({ method }) => method)

describe('a crash after Telegram accepted the call and before the database knows', () => {
  test('sends the notice once more, a minute later, and then no more', async () => {
    await errorNotifier(letter(), crashingReplica())
    expect(world.received()).toHaveLength(1)

    const replica = world.newReplica()
    world.later(minutes(1) - 1)
    await noticesTick(replica)
    expect(world.received(), 'the claim is valid for a minute').toHaveLength(1)

    world.later(1)
    await noticesTick(replica)
    expect(world.received()).toHaveLength(2)
    expect(world.received()[1]).toBe(world.received()[0])

    world.later(minutes(2))
    await noticesTick(replica)
    expect(world.received()).toHaveLength(2)
  })

  test('repeats an edit, not earlier than a minute after the first', async () => {
    await errorNotifier(letter(), world.newReplica())
    world.later(minutes(2))
    world.telegram.forgetCalls()
    await errorNotifier(letter(), crashingReplica())
    expect(calls()).toEqual(['editMessageText'])

    const replica = world.newReplica()
    world.later(minutes(1) - 1)
    await noticesTick(replica)
    expect(calls()).toEqual(['editMessageText'])

    world.later(1)
    await noticesTick(replica)
    expect(calls()).toEqual(['editMessageText', 'editMessageText'])
    expect(world.received()).toHaveLength(1)
    expect(world.received()[0]).toContain('2 vezes')

    world.later(minutes(2))
    await noticesTick(replica)
    expect(calls()).toHaveLength(2)
  })

  test('sends the digest once more', async () => {
    const replica = world.newReplica()
    for (let kind = 0; kind < 21; kind++) {
      // The digest of one is due at once, so the replica that stores the last kind crashes while it sends the digest.
      const dependencies = kind < 20 ? replica : crashingReplica()
      await errorNotifier(letter({ trigger: `trigger-${kind}` }), dependencies)
    }
    expect(world.received().filter(text => text.includes('Mais um tipo'))).toHaveLength(1)
    world.later(minutes(1))
    await noticesTick(replica)
    await noticesTick(replica)
    expect(world.received().filter(text => text.includes('Mais um tipo'))).toHaveLength(2)
  })
})

describe('two replicas at once', () => {
  test('send a notice once', async () => {
    await errorNotifier(letter(), world.withoutOperators())
    await Promise.all([noticesTick(world.newReplica()), noticesTick(world.newReplica())])
    expect(world.received()).toHaveLength(1)
  })

  test('edit a message once a minute', async () => {
    await errorNotifier(letter(), world.newReplica())
    world.later(minutes(2))
    await errorNotifier(letter(), world.withoutOperators())
    world.telegram.forgetCalls()
    await Promise.all([noticesTick(world.newReplica()), noticesTick(world.newReplica())])
    expect(calls()).toEqual(['editMessageText'])
  })

  test('together send at most twenty messages an hour, and one digest', async () => {
    for (let kind = 0; kind < 30; kind++)
      await errorNotifier(letter({ trigger: `trigger-${kind}` }), world.withoutOperators())
    await Promise.all([noticesTick(world.newReplica()), noticesTick(world.newReplica())])
    world.later(minutes(1))
    await Promise.all([noticesTick(world.newReplica()), noticesTick(world.newReplica())])
    expect(world.received().filter(text => text.includes('trigger-'))).toHaveLength(20)
    expect(world.received().filter(text => text.includes('Mais '))).toHaveLength(1)
    expect(world.received().at(-1)).toContain('Mais 10 tipos de falha')
  })
})

test('no transaction is open while Telegram is called', async () => {
  let open = 0
  const openDuringCalls: number[] = []
  const replica = world.newReplica()
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
