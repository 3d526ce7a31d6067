import { randomUUID } from 'node:crypto'
import { loadavg } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EpisodeDue } from '#events/episode-due.ts'
import { functionNames } from '#infra/repository.ts'
import { eventHeaders, startRecorder } from '#test/support/broker-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { sampleEvent } from '#test/support/sample-events.ts'
import { table } from '#test/support/table.ts'
import { until } from '#test/support/until.ts'
import { handledEvents } from './cluster/handled-events.ts'
import { ingressOf, knativeTarget, query } from './cluster/journey-target.ts'
import { apply, kubectl, list } from './cluster/kubectl.ts'
import { nodeAddress } from './cluster/layout.ts'
import { podsOf } from './cluster/pods.ts'
import { copyOf, type Manifest, startTestServices } from './cluster/test-services.ts'
import { stepTimes } from './cluster/timed.ts'
import { usageByPart } from './cluster/usage.ts'

/*
 * Measures and prints. The tests check only that each measured thing has happened, because the times depend on the
 * machine and its load.
 */

const rounds = Number(process.env.VIGIA_KNATIVE_ROUNDS ?? 3)
const hello = 'hello'
const serviceName = (name: string) => `figures-${name}`
/** Longer than the cold starts of a round, so that no pod ends while another starts. */
const windowS = 30

const printed: string[] = []
const print = (title: string, columns: string[], rows: (string | number)[][]) => {
  const load = loadavg()
    .map(value => value.toFixed(1))
    .join(' ')
  printed.push('', `${title} (load ${load})`, ...table(columns, rows))
}
const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]!
const rounded = (value: number, digits = 0) => Number(value.toFixed(digits))

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)('figures of Vigia on Knative', () => {
  beforeAll(async () => {
    await knativeTarget()
  })
  afterAll(async () => {
    print(
      'from nothing to Vigia',
      ['step', 's'],
      (await stepTimes()).map(({ what, seconds }) => [what, seconds]),
    )
    process.stdout.write(`${printed.join('\n')}\n`)
  })

  test('an idle installation', { timeout: 600_000 }, async () => {
    await untilIdle()
    const before = await usageByPart()
    const start = performance.now()
    await setTimeout(60_000)
    const ms = performance.now() - start
    const after = await usageByPart()
    const monitors = await query('select count(*) from monitor where paused_at is null')
    expect(after.get('functions')!.memoryBytes).toBeGreaterThan(0)
    print(
      `an idle installation for 60 s, with ${monitors} monitors and these functions at the end: ${(await functionsWithPods()).join(', ')}`,
      ['part', 'CPU, thousandths of a core', 'memory, MiB'],
      [...after].map(([part, usage]) => [
        part,
        rounded(((usage.cpuMs - (before.get(part)?.cpuMs ?? 0)) / ms) * 1_000, 1),
        rounded(usage.memoryBytes / 2 ** 20),
      ]),
    )
  })

  test('cold starts, and the time until there is no pod', { timeout: rounds * 180_000 + 300_000 }, async () => {
    const names = [...functionNames(), hello]
    const objects = await Promise.all(names.map(name => (name === hello ? helloService() : copy(name))))
    const services = await startTestServices(objects.flat())
    const cold = new Map(names.map(name => [name, [] as number[]]))
    const warm = new Map(names.map(name => [name, [] as number[]]))
    const toZero: number[] = []
    try {
      const gateway = await kubectl([
        ...['get', 'service', 'kourier-internal', '--namespace=knative-serving', '--output=jsonpath={.spec.clusterIP}'],
      ])
      for (let round = 0; round < rounds; round++) {
        await services.untilZero(...names.map(serviceName))
        const answeredAt = new Map<string, number>()
        // Every round begins with another Service, so that none is always the first.
        for (const [index] of names.entries()) {
          const name = names[(index + round) % names.length]!
          cold.get(name)!.push(await healthCheck(gateway, name))
          warm.get(name)!.push(await healthCheck(gateway, name))
          answeredAt.set(name, performance.now())
          expect(await podCount(name), `pods of ${name}`).toBe(1)
        }
        await Promise.all(
          names.map(async name => {
            await services.untilScaledToZero(serviceName(name))
            toZero.push((performance.now() - answeredAt.get(name)!) / 1_000 - windowS)
          }),
        )
      }
    } finally {
      await services.remove()
    }
    const helloMs = quantile(cold.get(hello)!, 0.5)
    print(
      `GET /healthz from zero through gateway, activator and queue-proxy, ${rounds} rounds`,
      ['Service', 'median ms', 'min ms', 'max ms', '× hello', 'warm ms'],
      names.map(name => {
        const times = cold.get(name)!
        return [
          name === hello ? 'hello on functions-framework' : name,
          ...[quantile(times, 0.5), Math.min(...times), Math.max(...times)].map(value => rounded(value)),
          rounded(quantile(times, 0.5) / helloMs, 2),
          rounded(quantile(warm.get(name)!, 0.5), 1),
        ]
      }),
    )
    print(
      `from the last response until the autoscaler wants no pod, without the window of ${windowS} s`,
      ['', 's'],
      [
        ['median', rounded(quantile(toZero, 0.5), 1)],
        ['max', rounded(Math.max(...toZero), 1)],
      ],
    )
  })

  test('the delivery of an event', async () => {
    const recorder = await startRecorder(nodeAddress)
    const trigger = recordingTrigger(recorder.url)
    const { data } = sampleEvent(EpisodeDue)
    const ingress = await ingressOf('vigia', 'default')
    const run = `figures/${randomUUID()}`
    /** When each event was sent, by its id: `ms` is for times of this process, `unixMs` for times in the pods' log. */
    const sent = new Map<string, { ms: number; unixMs: number }>()
    const send = async (index: number) => {
      const id = `${run}/${index}`
      const headers = eventHeaders(id, EpisodeDue.type, { 'ce-subject': unfollowed })
      sent.set(id, { ms: performance.now(), unixMs: Date.now() })
      expect((await sendRequest(ingress, { headers, body: JSON.stringify(data) })).status).toBe(202)
    }
    const handled = async () => (await handledEvents()).filter(({ id }) => sent.has(id))
    try {
      await apply([trigger])
      const { kind, metadata } = trigger
      await kubectl(['wait', `${kind}/${metadata.name}`, '--namespace=vigia', '--for=condition=Ready', '--timeout=60s'])
      // The first event starts the function.
      await send(0)
      await until(async () => (await handled()).length === 1, { what: 'a pod of the function', timeoutMs: 60_000 })
      sent.clear()
      for (let index = 1; index <= 200; index++) {
        await send(index)
        await setTimeout(50)
      }
      await until(async () => (await handled()).length >= sent.size, { what: 'all events', timeoutMs: 60_000 })
      const arrivals = recorder.all.filter(({ headers }) => sent.has(String(headers['ce-id'])))
      const events = await handled()
      expect(new Set(events.map(({ id }) => id)).size).toBe(sent.size)
      expect(new Set(arrivals.map(({ headers }) => headers['ce-id'])).size).toBe(sent.size)
      const latencies = [
        [
          'a subscriber outside of the cluster has received it',
          arrivals.map(({ headers, atMs }) => atMs - sent.get(String(headers['ce-id']))!.ms),
        ],
        [
          'notification-fanout has queried PostgreSQL and responded',
          events.map(({ id, time }) => Date.parse(time) - sent.get(id)!.unixMs),
        ],
      ] as const
      print(
        'from sending an event to the broker until …; 200 events, 20 a second',
        ['', 'p50 ms', 'p99 ms', 'max ms'],
        latencies.map(([what, ms]) => [
          what,
          ...[quantile(ms, 0.5), quantile(ms, 0.99), Math.max(...ms)].map(value => rounded(value, 1)),
        ]),
      )
    } finally {
      await kubectl(['delete', 'trigger', trigger.metadata.name, '--namespace=vigia', '--ignore-not-found'])
      await recorder.stop()
    }
  })
})

const copy = (name: string) => copyOf(name, serviceName(name), { window: `${windowS}s` })

/** A Service like those of the functions, with the smallest function on functions-framework. */
const helloService = async (): Promise<Manifest[]> => {
  const [service] = (await copyOf('telegram-notifier', serviceName(hello), { window: `${windowS}s` })) as [Manifest]
  const [container] = service.spec.template.spec.containers
  Object.assign(container, { image: 'dev.local/hello:test', env: [] })
  return [service]
}

/** Sends a health check to the internal name of a Service. Returns the milliseconds until the response has ended. */
const healthCheck = async (gateway: string, name: string): Promise<number> => {
  const start = performance.now()
  const { status } = await sendRequest(`http://${gateway}/healthz`, {
    method: 'GET',
    headers: { host: `${serviceName(name)}.vigia.svc.cluster.local` },
  })
  const ms = performance.now() - start
  expect(status, name).toBe(200)
  return ms
}

const podCount = async (name: string): Promise<number> => (await podsOf(serviceName(name))).length

/** A series that no chat follows, so the function reads its followers and has nothing to publish. */
const unfollowed = 'show/2147483647'

/** A Trigger that sends the events of the test to a second subscriber. */
const recordingTrigger = (url: string): Manifest => ({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  metadata: { name: 'figures', namespace: 'vigia' },
  spec: {
    broker: 'default',
    filter: { attributes: { type: EpisodeDue.type, subject: unfollowed } },
    subscriber: { uri: url },
  },
})

/** The functions that have pods. */
const functionsWithPods = async (): Promise<string[]> => {
  const pods = await list('pods', 'vigia', '--selector=serving.knative.dev/service')
  return [...new Set(pods.map(({ metadata }) => metadata.labels!['serving.knative.dev/service']!))]
}

/**
 * Waits until the functions that can scale to zero have no pods. The others are those whose ticks come more often than
 * their window ends, and the prober if there are monitors.
 */
const untilIdle = async (): Promise<void> => {
  const monitors = await query('select count(*) from monitor where paused_at is null')
  const alwaysRunning = ['probe-scheduler', 'telegram-notifier', ...(monitors === '0' ? [] : ['uptime-prober'])]
  const scaledToZero = functionNames().filter(name => !alwaysRunning.includes(name))
  await kubectl([
    ...['wait', 'pods', '--namespace=vigia', '--for=delete', '--timeout=300s'],
    `--selector=serving.knative.dev/service in (${scaledToZero.join(', ')})`,
  ])
}
