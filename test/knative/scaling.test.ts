import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isOk } from '#database/uptime/packed-result.ts'
import type { EventDefinition } from '#events/event.ts'
import { MessageRefused } from '#events/message-refused.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { ProbeFinished } from '#events/probe-finished.ts'
import { type Check, ProbeRequested } from '#events/probe-requested.ts'
import { Tick } from '#events/tick.ts'
import { functionNames } from '#infra/repository.ts'
import type { SimulatedUser } from '#simulators/telegram.ts'
import { startRecorder, triggerFor } from '#test/support/broker-server.ts'
import { repliesMatching, waitForReply } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'
import { type Brokers, startBrokers } from './cluster/brokers.ts'
import { type HandledEvent, handledEvents } from './cluster/handled-events.ts'
import { type Installed, vigiaInstalled } from './cluster/installed.ts'
import { deadLettersSince, knativeTarget, query } from './cluster/journey-target.ts'
import { worldAddresses } from './cluster/layout.ts'
import { copyOf, startTestServices, type TestServices } from './cluster/test-services.ts'
import { urlOf } from './cluster/vigia.ts'

/*
 * The tests use copies of the functions, because the installed functions keep their pods for a minute, and ticks wake
 * some of them more often than that. A Broker of the tests sends events to the copies only.
 */

const copyName = (functionName: string) => `scaling-${functionName}`

/** An event for a function, and what a person sees of its handling. */
interface Consumer {
  functionName: string
  definition: EventDefinition
  subject?: string
  data?: () => object
  /** The messages about such events that a person has got. */
  messages?: () => unknown[]
}

/** How the copy of uptime-prober scales. */
const prober = { target: 8, maxScale: 4 }

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)('on Knative, functions that keep their pods for 6 seconds', () => {
  let installed: Installed
  let copies: TestServices
  let brokers: Brokers
  let person: SimulatedUser
  let monitorId: number
  let start: string

  const consumers: Consumer[] = [
    ...['episode-checker', 'probe-scheduler', 'reporter', 'series-refresher'].map(functionName => ({
      functionName,
      definition: Tick,
    })),
    {
      functionName: 'error-notifier',
      definition: MessageRefused,
      data: () => ({
        ...{ chatId: person.chatId, message: 'scaling', code: 400, reason: 'refused while there was no pod' },
      }),
      messages: () => repliesMatching(installed.world.operator, /refused while there was no pod/),
    },
    {
      functionName: 'notification-fanout',
      definition: ProbeFinished,
      data: () => ({
        ...{ monitorId, name: 'sem pods', url: 'http://sem-pods.test/', chatId: person.chatId, reason: 'now' },
        ...{ ok: true, status: 200, error: null, totalMs: 7 },
      }),
      messages: () => repliesMatching(person, /sem pods/),
    },
    {
      functionName: 'telegram-notifier',
      definition: MessageRequested,
      data: () => ({ chatId: person.chatId, html: 'de nenhum pod' }),
      messages: () => repliesMatching(person, /de nenhum pod/),
    },
    {
      functionName: 'uptime-prober',
      definition: ProbeRequested,
      data: () => ({
        reason: 'now',
        chatId: person.chatId,
        checks: [checkOf(`${installed.world.sitesUrl}/escala`, new Date())],
      }),
      messages: () => repliesMatching(person, /escala está no ar\nRespondeu 200 em/),
    },
  ]

  beforeAll(async () => {
    const target = await knativeTarget()
    installed = await vigiaInstalled()
    start = new Date().toISOString()
    person = target.telegram.user('Sofia', { language: 'pt-br' })
    person.send('/start')
    await waitForReply(person, /Vigia/)
    target.sites.set('/escala', 'ok')
    person.send(`/monitorar ${target.sitesUrl}/escala 1h`)
    await waitForReply(person, /está no ar/)
    monitorId = Number(await query(`select id from monitor where chat_id = ${person.chatId}`))
    const objects = await Promise.all(
      functionNames().map(name =>
        copyOf(name, copyName(name), {
          window: '6s',
          ...(name === 'uptime-prober' && { target: String(prober.target), 'max-scale': String(prober.maxScale) }),
        }),
      ),
    )
    copies = await startTestServices(objects.flat())
    brokers = await startBrokers('scaling', [
      {
        name: 'default',
        triggers: consumers.map(({ functionName, definition: { type } }) => ({
          ...triggerFor(functionName, type, `http://${copyName(functionName)}.vigia.svc.cluster.local`, {
            ...{ retry: 4, backoffDelayMs: 1_000, timeoutMs: 300_000 },
          }),
          filters: [{ attributes: { type, ...(type === Tick.type && { tick: functionName }) } }],
        })),
      },
    ])
  })
  afterAll(async () => {
    await brokers?.remove()
    await copies?.remove()
    if (monitorId) await query(`delete from monitor where id = ${monitorId}`)
  })

  const checkOf = (url: string, dueAt: Date): Check => ({
    ...{ monitorId, kind: 'http', url, timeoutMs: 120_000, intervalS: 3_600, dueAt: dueAt.toISOString() },
  })

  /** Publishes an event for the copy of a function, and returns the id of the event. */
  const publish = async ({ functionName, definition, subject = '', data = () => ({}) }: Consumer): Promise<string> => {
    const id = `scaling/${randomUUID()}`
    const headers = {
      ...(subject && { 'ce-subject': subject }),
      ...(definition === Tick && { 'ce-tick': functionName }),
    }
    expect(await brokers.post('default', id, definition.type, headers, JSON.stringify(data()))).toBe(202)
    return id
  }

  /**
   * The attempts in which the copy of a function has handled these events with success. On a busy machine an attempt
   * can fail, for example because PostgreSQL does not answer in time; then the broker tries again.
   */
  const handlings = async (functionName: string, ids: readonly string[]): Promise<HandledEvent[]> =>
    (await handledEvents()).filter(
      ({ id, pod, status }) => status < 300 && ids.includes(id) && pod.startsWith(`${copyName(functionName)}-`),
    )

  test.concurrent.each(consumers)(
    '$functionName has no pod, an event brings one back and is handled once, and the pod ends',
    async consumer => {
      const { functionName, messages = () => [] } = consumer
      const copy = copyName(functionName)
      await copies.untilZero(copy)
      const before = messages().length
      const expected = before + (consumer.messages ? 1 : 0)
      const id = await publish(consumer)
      await until(async () => (await handlings(functionName, [id])).length > 0 && messages().length >= expected, {
        what: `${functionName} to handle the event`,
        timeoutMs: 120_000,
      })
      await copies.untilZero(copy)
      expect(await handlings(functionName, [id])).toMatchObject([{ status: 204 }])
      expect(messages().length).toBe(expected)
    },
  )

  test.concurrent('telegram-webhook has no pod, a message to the bot brings one back and is answered once, and the pod ends', async () => {
    const { world, vigia } = installed
    const copy = copyName('telegram-webhook')
    await copies.untilZero(copy)
    const answers = () => repliesMatching(person, /Sites e servidores/)
    await world.setWebhook(await urlOf(copy), vigia.webhookSecret)
    try {
      person.send('/ajuda')
      await until(() => answers().length > 0, { what: 'the answer to /ajuda', timeoutMs: 60_000 })
      await copies.untilScale(copy, 1)
    } finally {
      await world.setWebhook(await urlOf('telegram-webhook'), vigia.webhookSecret)
    }
    await copies.untilZero(copy)
    expect(answers()).toHaveLength(1)
  })

  test('uptime-prober gets more pods while many checks are running and loses them afterwards, and each check has one result', async () => {
    const copy = copyName('uptime-prober')
    const site = await startRecorder(worldAddresses.sites)
    try {
      const { promise: opened, resolve: open } = Promise.withResolvers<{ status: number }>()
      const began = Date.now()
      const checks = Array.from({ length: 96 }, (_, index) => {
        const path = `/check/${index}`
        site.respond(path, () => opened)
        return { path, check: checkOf(site.url + path, new Date(began + index)) }
      })
      /** Publishes 24 events with two checks each. The site answers none of these checks yet. */
      const publishChecks = async (first: number): Promise<string[]> =>
        await Promise.all(
          Array.from({ length: 24 }, (_, index) => {
            const pair = checks.slice(first + 2 * index, first + 2 * index + 2).map(({ check }) => check)
            return publish({
              ...{ functionName: 'uptime-prober', definition: ProbeRequested, subject: 'shard/0' },
              data: () => ({ reason: 'slot', checks: pair }),
            })
          }),
        )

      const earlier = await publishChecks(0)
      await copies.untilScale(copy, prober.maxScale)
      const later = await publishChecks(48)
      await until(() => checks.every(({ path }) => site.received(path).length > 0), {
        what: 'all checks to run',
        timeoutMs: 60_000,
      })
      open({ status: 200 })
      const ids = [...earlier, ...later]
      await until(async () => (await handlings('uptime-prober', ids)).length >= ids.length, {
        what: 'all checks to end',
        timeoutMs: 60_000,
      })
      await copies.untilZero(copy)

      const handled = await handlings('uptime-prober', ids)
      expect(handled.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
      expect(new Set(handled.map(({ status }) => status))).toEqual(new Set([204]))
      const podsOf = (some: readonly string[]) =>
        new Set(handled.filter(({ id }) => some.includes(id)).map(({ pod }) => pod)).size
      expect(podsOf(later), 'pods that ran the later checks').toBeGreaterThan(1)
      expect(checks.map(({ path }) => site.received(path).length)).toEqual(checks.map(() => 1))
      expect(await resultsOf(checks.map(({ check }) => check))).toBe(`${checks.length}|${checks.length}`)
    } finally {
      await site.stop()
    }
  })

  /** How many results these checks have, and how many of the results are good. */
  const resultsOf = (checks: readonly Check[]): Promise<string> =>
    query(
      `select count(*), count(*) filter (where ${isOk} and status = 200) from probe_slot
       where monitor_id = ${monitorId} and due_at in (${checks.map(({ dueAt }) => `'${dueAt}'`).join(', ')})`,
    )

  test('no event became a dead letter', async () => {
    expect(await deadLettersSince(start)).toBe('')
  })
})
