import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { slotDisposition } from '#functions/uptime-prober/slot-disposition.ts'
import { type Manifest, manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { overlays, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { simulateLoad } from '#infra/cluster/scaling/load.ts'
import { loadReport } from '#infra/cluster/scaling/load-report.ts'
import type { LoadRuns } from '#infra/cluster/scaling/load-run.ts'
import { plot, plotLoad } from '#infra/cluster/scaling/plot.ts'
import { concurrencyPolicy, cpuPolicy, type Policy, queuePolicy } from '#infra/cluster/scaling/policies.ts'
import { insertReport, loadMarks, reactionSeconds, report } from '#infra/cluster/scaling/report.ts'
import { type PolicyRun, runScenario } from '#infra/cluster/scaling/scenario.ts'
import { isMissed, simulate } from '#infra/cluster/scaling/simulation.ts'
import type { Outcome } from '#infra/cluster/scaling/tally.ts'
import { createWorkload } from '#infra/cluster/scaling/workload.ts'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { functionNames, root } from '#infra/repository.ts'

const scaling = join(root, 'infra/cluster/scaling')
const page = readFileSync(join(scaling, 'README.md'), 'utf8')
const services = manifestsIn('knative/services')

/** How many events a function takes at the same time when every pod is full. */
const capacityOf = (name: string) => {
  const { metadata, spec } = services.find(({ metadata }) => metadata.name === name)!.spec.template
  return Number(metadata.annotations['autoscaling.knative.dev/max-scale']) * spec.containerConcurrency
}

describe('what each function scales on', () => {
  const rows = page
    .split('\n')
    .filter(line => /^\| `[a-z-]+` \|/.test(line))
    .map(line => line.split('|').map(cell => cell.trim().replaceAll('`', '')))

  test('every function has a row in the table, with a reason', () => {
    expect(rows.map(([, name]) => name).sort()).toEqual(functionNames().sort())
    for (const [, name, , , , , , why] of rows) expect(why?.length, name).toBeGreaterThan(20)
  })

  test.each(rows.map(cells => [cells[1]!, cells] as const))('%s is deployed as the table says', (name, cells) => {
    const { metadata, spec } = services.find(one => one.metadata.name === name)!.spec.template
    const annotation = (key: string) => metadata.annotations[`autoscaling.knative.dev/${key}`]
    const [, , metric, target, containerConcurrency, scale, window] = cells
    expect({ metric, target, containerConcurrency, scale, window }).toEqual({
      metric: annotation('metric'),
      target: annotation('target'),
      containerConcurrency: String(spec.containerConcurrency),
      scale: `${annotation('min-scale')}–${annotation('max-scale')}`,
      window: annotation('window'),
    })
  })
})

const isKnativeService = ({ apiVersion, kind }: Manifest) => apiVersion.startsWith('serving.') && kind === 'Service'

const hasKubectl = (await kubeTool('kubectl')) !== undefined

describe.skipIf(!hasKubectl)(`in the overlays${hasKubectl ? '' : ' (skipped: no kubectl)'}`, () => {
  const triggersIn = (objects: Manifest[]) => objects.filter(({ kind }) => kind === 'Trigger')
  const byFunction = (objects: Manifest[]) => Map.groupBy(triggersIn(objects), ({ spec }) => spec.subscriber.ref.name)

  test.each(['gke', 'onprem'] as const)(
    '%s: a function has a pod at all times if no event and no person wakes it, because Prometheus scrapes only pods; every other function goes to zero',
    async overlay => {
      const objects = await renderOverlay(overlay)
      const woken = byFunction(objects)
      for (const { metadata, spec } of objects.filter(isKnativeService)) {
        const isWoken = woken.has(metadata.name) || metadata.labels?.['vigia.dev/public'] !== undefined
        const minScale = spec.template.metadata.annotations['autoscaling.knative.dev/min-scale']
        expect(minScale, metadata.name).toBe(isWoken ? '0' : '1')
      }
    },
  )

  test('gke: every Trigger says whether KEDA scales it, with at most one consumer per partition and no more events than the function takes', async () => {
    const objects = await renderOverlay('gke')
    const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'kafka-broker-config')
    const partitions = Number((config as unknown as { data: Record<string, string> }).data['default.topic.partitions'])
    const inFlight = 50
    for (const { metadata, spec } of triggersIn(objects)) {
      const annotation = (key: string) => metadata.annotations?.[`autoscaling.eventing.knative.dev/${key}`]
      if (annotation('class') === 'disabled') continue
      expect(annotation('class'), metadata.name).toBe('keda.autoscaling.knative.dev')
      expect(annotation('min-scale'), metadata.name).toBe('1')
      expect(Number(annotation('max-scale')), metadata.name).toBeLessThanOrEqual(partitions)
      expect(Number(annotation('max-scale')) * inFlight, metadata.name).toBeLessThanOrEqual(
        capacityOf(spec.subscriber.ref.name),
      )
      expect(Number(annotation('lag-threshold')), metadata.name).toBe(inFlight)
    }
    const known = ['class', 'min-scale', 'max-scale', 'lag-threshold', 'polling-interval', 'cooldown-period']
    for (const { metadata } of triggersIn(objects))
      for (const key of Object.keys(metadata.annotations ?? {}))
        if (key.startsWith('autoscaling.eventing.knative.dev/')) expect(known).toContain(key.split('/')[1])
  })

  test('gke: the overlay has no ScaledObject, because Knative makes them', async () => {
    expect((await renderOverlay('gke')).filter(({ kind }) => kind === 'ScaledObject')).toEqual([])
  })

  test('onprem: a function takes all events that its Triggers send at the same time', async () => {
    const objects = await renderOverlay('onprem')
    const maxDispatchers = objects.find(({ kind }) => kind === 'ScaledObject')!.spec.maxReplicaCount
    for (const [name, triggers] of byFunction(objects)) {
      const inFlight = triggers.map(({ metadata }) => {
        const parallelism = Number(metadata.annotations?.['rabbitmq.eventing.knative.dev/parallelism'] ?? 1)
        // A dispatcher prefetches 100 messages, so a higher number would have no effect.
        expect(parallelism, metadata.name).toBeLessThanOrEqual(100)
        return parallelism * (metadata.name === 'uptime-prober-probe-requested' ? maxDispatchers : 1)
      })
      expect(
        inFlight.reduce((sum, one) => sum + one),
        `${name}: lower the parallelism of its Triggers in infra/cluster/onprem/parallelism.yaml`,
      ).toBeLessThanOrEqual(capacityOf(name))
    }
  })

  test('onprem: the only ScaledObject scales a dispatcher by the queue of its own Trigger, and never scales it down', async () => {
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

  test.each(overlays)(
    '%s: no scaler names the Deployment of a function, because each revision has a new one',
    async overlay => {
      for (const { kind, spec, metadata } of await renderOverlay(overlay))
        if (kind === 'ScaledObject' || kind === 'HorizontalPodAutoscaler')
          expect(
            functionNames().some(name => spec.scaleTargetRef.name.startsWith(`${name}-0`)),
            metadata.name,
          ).toBe(false)
    },
  )
})

describe('the simulation', () => {
  // A fiftieth of the scenario in the README, with pods that do a fiftieth of the work, so the number of pods is the
  // same.
  const scenario = { seed: 4, monitors: 2_000, seconds: 1_500, outage: { from: 600, to: 1_200 } }
  const pod = { events: 5, sockets: 40, cpuMs: { answered: 15, hanging: 10 }, startMs: 4_000 }
  const limits = { min: 1, max: 12 }
  const workload = createWorkload(scenario)
  const run = (policy: Policy, counted?: { from: number; to: number }) => simulate(workload, policy, pod, counted)
  const concurrency = () => concurrencyPolicy(limits, 2.8)
  const steady = (pods: number) => () => pods

  test('every slot of every monitor is in one batch of at most 50, announced before it is due', () => {
    const { monitor, due, firstCheckOfBatch, firstBatchOfTick, interval } = workload
    const seen = new Map<number, number[]>()
    for (let tick = 0; tick < firstBatchOfTick.length - 1; tick++)
      for (let batch = firstBatchOfTick[tick]!; batch < firstBatchOfTick[tick + 1]!; batch++) {
        expect(firstCheckOfBatch[batch + 1]! - firstCheckOfBatch[batch]!).toBeGreaterThan(0)
        expect(firstCheckOfBatch[batch + 1]! - firstCheckOfBatch[batch]!).toBeLessThanOrEqual(50)
        for (let check = firstCheckOfBatch[batch]!; check < firstCheckOfBatch[batch + 1]!; check++) {
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

  test('checks of a monitor begin and end with the time in which it is watched', () => {
    const watched = [
      { from: 0, monitors: 200 },
      { from: 300, monitors: 2_000 },
      { from: 600, monitors: 200 },
    ]
    const { monitor, due } = createWorkload({ ...scenario, watched })
    const dueTimes = Array.from(due).filter((_, check) => monitor[check]! >= 200)
    // A tick announces the slots that are due 12 to 22 s later.
    expect(Math.min(...dueTimes)).toBe(312)
    expect(Math.max(...dueTimes)).toBe(611)
    const always = Array.from(due).filter((_, check) => monitor[check]! < 200)
    expect(always).toHaveLength(Array.from(workload.monitor).filter(id => id < 200).length)
  })

  test('no check is lost: every due check is done or counted as missed, also with far too few pods', () => {
    for (const policy of [steady(9), steady(1), concurrency()]) {
      const { checks, buckets, lateOver1s, missed, lateOver10s } = run(policy)
      expect(checks).toBe(workload.due.length)
      expect(buckets.reduce((sum, one) => sum + one.checks, 0)).toBe(checks)
      expect(buckets.reduce((sum, one) => sum + one.late, 0)).toBe(lateOver1s + missed)
      expect(lateOver10s).toBeLessThanOrEqual(lateOver1s)
    }
  })

  test('the same seed gives the same outcome, and another seed gives another', () => {
    expect(run(concurrency())).toEqual(run(concurrency()))
    const other = simulate(createWorkload({ ...scenario, seed: 5 }), concurrency(), pod)
    expect(other).not.toEqual(run(concurrency()))
  })

  test('additional pods never make more checks late, and one pod is not enough', () => {
    const lateWith = (pods: number) => {
      const { lateOver1s, missed } = run(steady(pods), { from: 200, to: 1_500 })
      return lateOver1s + missed
    }
    const lateCounts = [1, 6, 9, 16].map(lateWith)
    expect(lateCounts).toEqual([...lateCounts].sort((a, b) => b - a))
    expect(lateCounts[0]).toBeGreaterThan(lateCounts[3]!)
  })

  test('an outage shows in the events in flight before it shows in the CPU, because waiting costs no CPU', () => {
    const counted = { from: 500, to: 1_500 }
    const byWork = reactionSeconds(run(concurrency(), counted), scenario)
    const byCpu = reactionSeconds(run(cpuPolicy(limits, 0.07), counted), scenario)
    expect(byWork).not.toBeNull()
    expect(byWork!).toBeLessThan(byCpu ?? Number.POSITIVE_INFINITY)
  })

  test('where a core is never busy, the CPU policy never asks for a second pod, however many checks wait', () => {
    const { mostPods, missed }: Outcome = run(cpuPolicy(limits, 0.7))
    expect(mostPods).toBe(1)
    expect(missed).toBeGreaterThan(0)
  })

  test('a late slot is missed exactly when the prober skips it', () => {
    const now = new Date('2026-11-21T12:00:00Z')
    for (const intervalS of [10, 60, 300])
      for (const lateMs of [0, 9_999, 29_999, 30_000, 30_001, 59_999, 60_000, 299_999, 300_000, 400_000]) {
        const dueAt = new Date(now.getTime() - lateMs).toISOString()
        const check = { monitorId: 1, kind: 'http', url: 'http://x', timeoutMs: 1_000, intervalS, dueAt } as const
        expect(isMissed(lateMs, intervalS), `${intervalS} s, ${lateMs} ms`).toBe(
          slotDisposition(check, false, now) === 'missed',
        )
      }
  })
})

describe('the policies', () => {
  const podsOverTime = (
    policy: Policy,
    load: (second: number) => { unanswered?: number; cores?: number },
    seconds: number,
  ) => {
    let pods = 1
    return Array.from({ length: seconds }, (_, second) => {
      pods = policy({ second, unanswered: 0, cores: 0, ...load(second), ready: pods, pods })
      return pods
    })
  }
  const limits = { min: 1, max: 20 }

  test('KPA: it scales up within the panic window when load passes twice the target, and keeps the pods for a stable window', () => {
    const wanted = podsOverTime(
      concurrencyPolicy(limits, 10),
      second => ({ unanswered: second >= 60 && second < 90 ? 100 : 10 }),
      240,
    )
    expect(wanted[59]).toBe(1)
    expect(wanted[66]).toBe(10)
    expect(wanted[120]).toBe(10)
    expect(wanted[239]).toBe(1)
  })

  test('HPA: it ignores a difference of a tenth, and scales down only after five minutes of lower load', () => {
    const cores = (second: number) => ({ cores: second < 60 ? 0.5 : second < 300 ? 2.6 : 0.54 })
    const wanted = podsOverTime(cpuPolicy(limits, 0.5), cores, 900)
    expect(wanted[59]).toBe(1)
    // The load is 5.2 times the target of one pod. So each of five pods is 4 % above its target, which is within the
    // tolerance of a tenth.
    expect(wanted[290]).toBe(5)
    expect(wanted[590]).toBe(5)
    expect(wanted[899]).toBeLessThanOrEqual(2)
  })

  test('the queue: one pod for every 100 unanswered messages (the threshold), within the limits', () => {
    const wanted = podsOverTime(queuePolicy(limits, 100), second => ({ unanswered: second < 100 ? 730 : 9_000 }), 200)
    expect(wanted[90]).toBe(8)
    expect(wanted[199]).toBe(20)
  })
})

describe('the figures', () => {
  let runs: PolicyRun[]
  beforeAll(() => {
    runs = runScenario()
  })

  test('the picture shows the results of the simulation (npm run simulate)', () => {
    expect(readFileSync(join(scaling, 'scaling.svg'), 'utf8')).toBe(plot(runs))
  })

  test('the README has the table of the simulation (npm run simulate)', () => {
    expect(page).toBe(insertReport(page, report(runs)))
    expect(() => insertReport('no marks', '')).toThrow('needs both lines')
  })

  test('with the deployed limits, concurrency misses no check in the outage, and CPU at the usual 70 % of a core misses most checks', () => {
    const [concurrency, , , cpu] = runs.map(({ outcome }) => outcome)
    expect([concurrency!.missed, concurrency!.lateOver10s]).toEqual([0, 0])
    expect(cpu!.missed).toBeGreaterThan(cpu!.checks / 2)
  })
})

describe('the measured load', () => {
  const measured = JSON.parse(readFileSync(join(scaling, 'load.json'), 'utf8')) as LoadRuns
  const simulated = simulateLoad(measured.broker)

  test('the picture and the table show the measurements and their simulation (npm run simulate)', () => {
    expect(measured.queue.phases).toEqual(measured.broker.phases)
    expect(readFileSync(join(scaling, 'load.svg'), 'utf8')).toBe(plotLoad(measured, simulated))
    expect(page).toBe(insertReport(page, loadReport(measured, simulated), loadMarks))
  })

  test.each(['broker', 'queue'] as const)(
    'the simulation has as many pods and unanswered events as the cluster had (%s)',
    kind => {
      const run = measured[kind]
      let startS = 0
      for (const { monitors, seconds } of run.phases) {
        // The autoscaler averages over a minute, so the first 80 s after a change of the load are left out.
        const fromS = startS === 0 ? 0 : startS + 80
        const isSettled = ({ atS }: { atS: number }) => atS >= fromS && atS < startS + seconds
        const samples = run.samples.filter(isSettled)
        const buckets = simulated.buckets.filter(isSettled)
        const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
        const ratio = mean(samples.map(one => one.unanswered)) / mean(buckets.map(one => one.unanswered))
        expect(ratio, `${monitors} monitors: unanswered events, measured to simulated`).toBeGreaterThan(0.8)
        expect(ratio, `${monitors} monitors: unanswered events, measured to simulated`).toBeLessThan(1.25)
        const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
        expect(median(samples.map(one => one.pods)), `${monitors} monitors: pods`).toBe(
          median(buckets.map(one => Math.round(one.pods))),
        )
        startS += seconds
      }
    },
  )
})
