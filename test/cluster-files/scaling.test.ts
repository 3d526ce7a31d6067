import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { fateOf } from '#functions/uptime-prober/slot-disposition.ts'
import { type Manifest, manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { overlays, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { plot } from '#infra/cluster/scaling/plot.ts'
import { concurrencyPolicy, cpuPolicy, type Policy, queuePolicy } from '#infra/cluster/scaling/policies.ts'
import { quoted, reactionOf, report } from '#infra/cluster/scaling/report.ts'
import { type Played, play } from '#infra/cluster/scaling/scenario.ts'
import { givenUp, simulate } from '#infra/cluster/scaling/simulation.ts'
import type { Outcome } from '#infra/cluster/scaling/tally.ts'
import { workloadOf } from '#infra/cluster/scaling/workload.ts'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { functionNames, root } from '#infra/repository.ts'

const scaling = join(root, 'infra/cluster/scaling')
const page = readFileSync(join(scaling, 'README.md'), 'utf8')
const services = manifestsIn('knative/services')

/** What a function may have in flight: every pod full. */
const takes = (name: string) => {
  const { metadata, spec } = services.find(({ metadata }) => metadata.name === name)!.spec.template
  return Number(metadata.annotations['autoscaling.knative.dev/max-scale']) * spec.containerConcurrency
}

describe('what each function scales on', () => {
  const rows = page
    .split('\n')
    .filter(line => /^\| `[a-z-]+` \|/.test(line))
    .map(line => line.split('|').map(cell => cell.trim().replaceAll('`', '')))

  test('the table has a row for every function and an argument in each', () => {
    expect(rows.map(([, name]) => name).sort()).toEqual(functionNames().sort())
    for (const [, name, , , , , , why] of rows) expect(why?.length, name).toBeGreaterThan(20)
  })

  test.each(rows.map(cells => [cells[1]!, cells] as const))('%s is deployed as the table says', (name, cells) => {
    const { metadata, spec } = services.find(one => one.metadata.name === name)!.spec.template
    const said = (key: string) => metadata.annotations[`autoscaling.knative.dev/${key}`]
    const [, , metric, target, atOnce, scale, window] = cells
    expect({ metric, target, atOnce, scale, window }).toEqual({
      metric: said('metric'),
      target: said('target'),
      atOnce: String(spec.containerConcurrency),
      scale: `${said('min-scale')}–${said('max-scale')}`,
      window: said('window'),
    })
  })
})

const hasKubectl = (await kubeTool('kubectl')) !== undefined

describe.skipIf(!hasKubectl)(`in the overlays${hasKubectl ? '' : ' (skipped: no kubectl)'}`, () => {
  const triggersIn = (objects: Manifest[]) => objects.filter(({ kind }) => kind === 'Trigger')
  const byFunction = (objects: Manifest[]) => Map.groupBy(triggersIn(objects), ({ spec }) => spec.subscriber.ref.name)

  test('gke: every Trigger says whether KEDA scales it; never more consumers than partitions, nor than keep the function full', async () => {
    const objects = await renderOverlay('gke')
    const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'kafka-broker-config')
    const partitions = Number((config as unknown as { data: Record<string, string> }).data['default.topic.partitions'])
    const inFlight = 50
    for (const { metadata, spec } of triggersIn(objects)) {
      const said = (key: string) => metadata.annotations?.[`autoscaling.eventing.knative.dev/${key}`]
      if (said('class') === 'disabled') continue
      expect(said('class'), metadata.name).toBe('keda.autoscaling.knative.dev')
      expect(said('min-scale'), metadata.name).toBe('1')
      expect(Number(said('max-scale')), metadata.name).toBeLessThanOrEqual(partitions)
      expect(Number(said('max-scale')) * inFlight, metadata.name).toBeLessThanOrEqual(takes(spec.subscriber.ref.name))
      expect(Number(said('lag-threshold')), metadata.name).toBe(inFlight)
    }
    const known = ['class', 'min-scale', 'max-scale', 'lag-threshold', 'polling-interval', 'cooldown-period']
    for (const { metadata } of triggersIn(objects))
      for (const key of Object.keys(metadata.annotations ?? {}))
        if (key.startsWith('autoscaling.eventing.knative.dev/')) expect(known).toContain(key.split('/')[1])
  })

  test('gke: no ScaledObject of ours beside those that Knative makes', async () => {
    expect((await renderOverlay('gke')).filter(({ kind }) => kind === 'ScaledObject')).toEqual([])
  })

  test('onprem: what a function’s Triggers have under way at once, it takes', async () => {
    const objects = await renderOverlay('onprem')
    const most = objects.find(({ kind }) => kind === 'ScaledObject')!.spec.maxReplicaCount
    for (const [name, triggers] of byFunction(objects)) {
      const atOnce = triggers.map(({ metadata }) => {
        const parallelism = Number(metadata.annotations?.['rabbitmq.eventing.knative.dev/parallelism'] ?? 1)
        // More than a dispatcher fetches would be without effect.
        expect(parallelism, metadata.name).toBeLessThanOrEqual(100)
        return parallelism * (metadata.name === 'uptime-prober-probe-requested' ? most : 1)
      })
      expect(
        atOnce.reduce((sum, one) => sum + one),
        name,
      ).toBeLessThanOrEqual(takes(name))
    }
  })

  test('onprem: the one ScaledObject scales a dispatcher by the queue of its own Trigger, and never ends one', async () => {
    const objects = await renderOverlay('onprem')
    const scaled = objects.filter(({ kind }) => kind === 'ScaledObject')
    expect(scaled).toHaveLength(1)
    const { scaleTargetRef, triggers, advanced, minReplicaCount } = scaled[0]!.spec
    const trigger = scaleTargetRef.name.replace(/-dispatcher$/, '')
    expect(triggersIn(objects).map(({ metadata }) => metadata.name)).toContain(trigger)
    const queue = new RegExp(triggers[0].metadata.queueName)
    const uid = 'a3f1c2d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d'
    expect(queue.test(`vigia.${trigger}.${uid}`)).toBe(true)
    expect(queue.test(`vigia.${trigger}-2.${uid}`)).toBe(false)
    expect(queue.test(`t.vigia.${trigger}.dlq.${uid}`)).toBe(false)
    expect(advanced.horizontalPodAutoscalerConfig.behavior.scaleDown).toEqual({ selectPolicy: 'Disabled' })
    expect(minReplicaCount).toBeGreaterThan(0)
    const authentication = objects.find(({ kind }) => kind === 'TriggerAuthentication')!
    expect(triggers[0].authenticationRef.name).toBe(authentication.metadata.name)
    const cluster = objects.find(({ kind }) => kind === 'RabbitmqCluster')!.metadata.name
    expect(new URL(triggers[0].metadata.host).hostname).toBe(`${cluster}.vigia.svc`)
    for (const { name } of authentication.spec.secretTargetRef) expect(name).toBe(`${cluster}-default-user`)
  })

  test.each(overlays)('%s: nothing of ours scales a Deployment that belongs to one revision', async overlay => {
    for (const { kind, spec, metadata } of await renderOverlay(overlay))
      if (kind === 'ScaledObject' || kind === 'HorizontalPodAutoscaler')
        expect(
          functionNames().some(name => spec.scaleTargetRef.name.startsWith(`${name}-0`)),
          metadata.name,
        ).toBe(false)
  })
})

describe('the simulation', () => {
  // A fiftieth of the figure's world, and pods a fiftieth of ours: the same numbers of them.
  const world = { seed: 4, monitors: 2_000, seconds: 1_500, outage: { from: 600, to: 1_200 } }
  const pod = { events: 5, sockets: 40, cpuMs: { answered: 15, hanging: 10 }, startMs: 4_000 }
  const limits = { min: 1, max: 12 }
  const workload = workloadOf(world)
  const played = (policy: Policy, counted?: { from: number; to: number }) => simulate(workload, policy, pod, counted)
  const concurrency = () => concurrencyPolicy(limits, 2.8)
  const steady = (pods: number) => () => pods

  test('every slot of every monitor is in one batch of at most 50, announced before it is due', () => {
    const { monitor, due, firstOf, batchesFrom, interval } = workload
    const seen = new Map<number, number[]>()
    for (let tick = 0; tick < batchesFrom.length - 1; tick++)
      for (let batch = batchesFrom[tick]!; batch < batchesFrom[tick + 1]!; batch++) {
        expect(firstOf[batch + 1]! - firstOf[batch]!).toBeGreaterThan(0)
        expect(firstOf[batch + 1]! - firstOf[batch]!).toBeLessThanOrEqual(50)
        for (let check = firstOf[batch]!; check < firstOf[batch + 1]!; check++) {
          if (tick > 0) expect(due[check]! - 10 * tick).toBeGreaterThanOrEqual(12)
          seen.set(monitor[check]!, [...(seen.get(monitor[check]!) ?? []), due[check]!])
        }
      }
    for (const [id, slots] of seen) {
      const first = Math.min(...slots)
      const grid = Array.from({ length: slots.length }, (_, k) => first + k * interval[id]!)
      expect(slots.sort((a, b) => a - b)).toEqual(grid)
    }
  })

  test('no check is lost: what is due is done or counted as missed, also where far too few pods have to do it', () => {
    for (const policy of [steady(9), steady(1), concurrency()]) {
      const { checks, stretches, late1, missed, late10 } = played(policy)
      expect(checks).toBe(workload.due.length)
      expect(stretches.reduce((sum, one) => sum + one.checks, 0)).toBe(checks)
      expect(stretches.reduce((sum, one) => sum + one.late, 0)).toBe(late1 + missed)
      expect(late10).toBeLessThanOrEqual(late1)
    }
  })

  test('the same seed gives the same outcome, another seed another one', () => {
    expect(played(concurrency())).toEqual(played(concurrency()))
    const other = simulate(workloadOf({ ...world, seed: 5 }), concurrency(), pod)
    expect(other).not.toEqual(played(concurrency()))
  })

  test('more pods are never later, and one pod is not enough', () => {
    const lateWith = (pods: number) => {
      const { late1, missed } = played(steady(pods), { from: 200, to: 1_500 })
      return late1 + missed
    }
    const few = [1, 6, 9, 16].map(lateWith)
    expect(few).toEqual([...few].sort((a, b) => b - a))
    expect(few[0]).toBeGreaterThan(few[3]!)
  })

  test('an outage is seen in the events in flight before it is seen in the CPU, for waiting costs none', () => {
    const counted = { from: 500, to: 1_500 }
    const byWork = reactionOf(played(concurrency(), counted), world)
    const byCpu = reactionOf(played(cpuPolicy(limits, 0.07), counted), world)
    expect(byWork).not.toBeNull()
    expect(byWork!).toBeLessThan(byCpu ?? Number.POSITIVE_INFINITY)
  })

  test('where a core is never busy, CPU never asks for a second pod, whatever waits', () => {
    const { mostPods, missed }: Outcome = played(cpuPolicy(limits, 0.7))
    expect(mostPods).toBe(1)
    expect(missed).toBeGreaterThan(0)
  })

  test('a slot that comes late is given up exactly when the prober would', () => {
    const now = new Date('2026-11-21T12:00:00Z')
    for (const intervalS of [10, 60, 300])
      for (const lateMs of [0, 9_999, 29_999, 30_000, 30_001, 59_999, 60_000, 299_999, 300_000, 400_000]) {
        const dueAt = new Date(now.getTime() - lateMs).toISOString()
        const check = { monitorId: 1, kind: 'http', url: 'http://x', timeoutMs: 1_000, intervalS, dueAt } as const
        expect(givenUp(lateMs, intervalS), `${intervalS} s, ${lateMs} ms`).toBe(fateOf(check, false, now) === 'missed')
      }
  })
})

describe('the policies', () => {
  const told = (policy: Policy, load: (second: number) => { unanswered?: number; cores?: number }, seconds: number) => {
    let pods = 1
    return Array.from({ length: seconds }, (_, second) => {
      pods = policy({ second, unanswered: 0, cores: 0, ...load(second), ready: pods, pods })
      return pods
    })
  }
  const limits = { min: 1, max: 20 }

  test('KPA: a surge to twice the target is answered within the panic window and kept for a stable window', () => {
    const wanted = told(
      concurrencyPolicy(limits, 10),
      second => ({ unanswered: second >= 60 && second < 90 ? 100 : 10 }),
      240,
    )
    expect(wanted[59]).toBe(1)
    expect(wanted[66]).toBe(10)
    expect(wanted[120]).toBe(10)
    expect(wanted[239]).toBe(1)
  })

  test('HPA: a tenth more is no reason; down only after five minutes without need', () => {
    const cores = (second: number) => ({ cores: second < 60 ? 0.5 : second < 300 ? 2.6 : 0.54 })
    const wanted = told(cpuPolicy(limits, 0.5), cores, 900)
    expect(wanted[59]).toBe(1)
    // 5.2 times the target on five pods is a tenth too much at most.
    expect(wanted[290]).toBe(5)
    expect(wanted[590]).toBe(5)
    expect(wanted[899]).toBeLessThanOrEqual(2)
  })

  test('the queue: one pod for each threshold of unanswered messages, never beyond the limits', () => {
    const wanted = told(queuePolicy(limits, 100), second => ({ unanswered: second < 100 ? 730 : 9_000 }), 200)
    expect(wanted[90]).toBe(8)
    expect(wanted[199]).toBe(20)
  })
})

describe('the figures', () => {
  let played: Played[]
  beforeAll(() => {
    played = play()
  })

  test('the picture shows what the simulation finds (npm run simulate)', () => {
    expect(readFileSync(join(scaling, 'scaling.svg'), 'utf8')).toBe(plot(played))
  })

  test('the README has its table (npm run simulate)', () => {
    expect(page).toBe(quoted(page, report(played)))
    expect(() => quoted('no marks', '')).toThrow('has lost')
  })

  test('with the limits we deploy, concurrency misses nothing in the outage, and CPU as usual most of it', () => {
    const [concurrency, , , cpu] = played.map(({ outcome }) => outcome)
    expect([concurrency!.missed, concurrency!.late10]).toEqual([0, 0])
    expect(cpu!.missed).toBeGreaterThan(cpu!.checks / 2)
  })
})
