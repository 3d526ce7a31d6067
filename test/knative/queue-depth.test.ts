import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import type { JourneyTarget } from '#test/support/journey-steps.ts'
import { handledEvents } from './cluster/handled-events.ts'
import { knativeTarget } from './cluster/journey-target.ts'
import { apply, kubectl } from './cluster/kubectl.ts'
import { dispatcher, isEmpty, onprem, type Queue, startQueue } from './cluster/queue.ts'
import { installKeda, wantsKeda } from './cluster/queue-scaling.ts'
import { until } from './cluster/until.ts'

const skip = process.env.VIGIA_KNATIVE_SKIP !== undefined || !wantsKeda

/** How long the site takes to answer, so that events stay unanswered until all dispatchers have started. */
const answerMs = 110_000

const autoscalerName = 'keda-hpa-uptime-prober-probe-requested'
const get = async (kind: string, name: string): Promise<KubeObject> =>
  JSON.parse(await kubectl(['get', kind, name, '--namespace=vigia', '--output=json'])) as KubeObject
const autoscaler = () => get('horizontalpodautoscaler', autoscalerName)
const dispatchers = async (): Promise<number> => (await get('deployment', dispatcher)).status.readyReplicas ?? 0

/** Whether a condition of an object is true, with its reason. */
const condition = ({ status }: KubeObject, type: string): string | undefined =>
  status.conditions?.find((one: { type: string; status: string }) => one.type === type && one.status === 'True')?.reason

/** How many events the autoscaler counted at its last decision. Its status has the number for each dispatcher. */
const eventsSeenBy = ({ status }: KubeObject): number | undefined => {
  const average = status.currentMetrics?.[0]?.external?.current?.averageValue as string | undefined
  if (average === undefined) return undefined
  const number = average.endsWith('m') ? Number(average.slice(0, -1)) / 1_000 : Number(average)
  return Math.round(number * status.currentReplicas)
}

describe.skipIf(skip)(
  `dispatchers that follow a queue${wantsKeda ? '' : ' (skipped: VIGIA_KNATIVE_KEDA is not 1)'}`,
  () => {
    const [scaledObject, ...others] = onprem('scaling.yaml') as [KubeObject, ...KubeObject[]]
    const perDispatcher = Number(scaledObject.spec.triggers[0].metadata.value)
    const ids: string[] = []
    // A cluster that stays open can run the tests again, and the logs of the last run are still there.
    const prefix = `queue-depth-${Date.now()}-`
    let target: JourneyTarget
    let queue: Queue
    let timer: NodeJS.Timeout

    beforeAll(async () => {
      target = await knativeTarget()
      await installKeda()
      queue = await startQueue()
      const start = performance.now()
      timer = setInterval(async () => {
        const [depth, ready] = await Promise.all([queue.depth(), dispatchers()])
        const seconds = Math.round((performance.now() - start) / 1_000)
        process.stdout.write(`${seconds} s: ${depth} events in the queue or unanswered, ${ready} dispatchers\n`)
      }, 5_000)
      await apply([scaledObject, ...others])
    })
    afterAll(async () => {
      clearInterval(timer)
      await kubectl(['delete', 'scaledobject', scaledObject.metadata.name, '--namespace=vigia', '--wait'])
      await queue.remove()
    })

    /** Publishes events with one check each. The site answers a check after `answerMs`. */
    const publish = async (count: number) => {
      target.sites.set('/queue', { kind: 'slow', ms: answerMs })
      for (let sent = 0; sent < count; sent++) {
        const id = `${prefix}${ids.length}`
        ids.push(id)
        const check = {
          monitorId: 9_000_000 + ids.length,
          kind: 'http',
          url: `${target.sitesUrl}/queue?${id}`,
          timeoutMs: 120_000,
          intervalS: 86_400,
          dueAt: new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString(),
        }
        const attributes = { id, specversion: '1.0', type: 'dev.vigia.probe.requested', source: '/functions/test' }
        const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]))
        const data = { reason: 'slot', checks: [check] }
        await queue.publish({ ...headers, 'content-type': 'application/json' }, JSON.stringify(data))
      }
    }

    test("the overlay's ScaledObject is ready, with one dispatcher for an empty queue", async () => {
      await until(async () => condition(await get('scaledobject', scaledObject.metadata.name), 'Ready'), {
        what: 'a ready ScaledObject',
        timeoutMs: 120_000,
      })
      const { spec } = await until(
        async () => {
          const object = await autoscaler()
          return condition(object, 'ScalingActive') ? object : undefined
        },
        { what: "an autoscaler that reads KEDA's figure", timeoutMs: 120_000 },
      )
      expect(spec.metrics).toEqual([
        expect.objectContaining({
          type: 'External',
          external: expect.objectContaining({ target: { type: 'AverageValue', averageValue: String(perDispatcher) } }),
        }),
      ])
      expect(spec.scaleTargetRef.name).toBe(dispatcher)
      expect(await dispatchers()).toBe(1)
    })

    test.each([
      [150, 3],
      [360, 6],
    ])('with %i events in the queue or unanswered, there are %i dispatchers', async (depth, expected) => {
      await publish(depth - ids.length)
      await until(async () => (await dispatchers()) === expected, {
        what: `${expected} dispatchers`,
        timeoutMs: 120_000,
      })
      await until(async () => eventsSeenBy(await autoscaler()) === depth, {
        what: `an autoscaler that sees ${depth} events`,
      })
      expect(await queue.depth()).toBe(depth)
    })

    test('all dispatchers stay when the queue is empty, because the overlay only scales up', async () => {
      await isEmpty(queue, 300_000)
      const { status } = await until(
        async () => {
          const object = await autoscaler()
          const isHeld = condition(object, 'ScalingLimited') === 'ScaleDownLimit'
          return eventsSeenBy(object) === 0 && isHeld ? object : undefined
        },
        { what: 'an autoscaler that sees the empty queue and may not scale down', timeoutMs: 120_000 },
      )
      expect(status.desiredReplicas).toBe(6)
      expect(await dispatchers()).toBe(6)
    })

    test('every event was answered once', async () => {
      const handled = (await handledEvents()).filter(({ id }) => id.startsWith(prefix))
      expect(handled.map(({ id }) => id).sort()).toEqual(ids.toSorted())
      expect(handled.filter(({ status }) => status >= 300)).toEqual([])
      const checked = target.sites.hits('/queue').map(({ query }) => query)
      expect(checked.sort()).toEqual(ids.toSorted())
    })
  },
)
