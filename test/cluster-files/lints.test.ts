import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'
import { overlays, parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { root } from '#infra/repository.ts'
import {
  brokenReferences,
  deadLetterLoops,
  deletableVolumes,
  missingFlags,
  missingKeys,
  needlessAccess,
  poolSizeOf,
  tokensAndServiceLinks,
  tooManyConnections,
  webhookFaults,
  wrongTicks,
} from '#test/cluster-files/support/lints.ts'

/** The PostgreSQL connections that all functions may open on minikube, where some of them have another max-scale. */
const connectionsAt = async (maxScale: Record<string, number>) =>
  (await renderOverlay('minikube'))
    .filter(({ apiVersion, kind }) => kind === 'Service' && apiVersion.startsWith('serving.'))
    .reduce((sum, { metadata: { name }, spec }) => {
      const declared = Number(spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'])
      return sum + (maxScale[name] ?? declared) * poolSizeOf(name)
    }, 0)

describe.each(overlays)('the objects of %s', overlay => {
  test.each([
    ['pass what Knative asks of them at the door', webhookFaults],
    ['bring dead letters to somebody who makes no new ones', deadLetterLoops],
    ['refer to objects that are there', brokenReferences],
    ['tick for the function that the tick is called after', wrongTicks],
    ['need no feature flag', missingFlags],
    ['give no pod a token for the API server, nor the addresses of all Services', needlessAccess],
    ['have each key of a Secret or ConfigMap from exactly one source', missingKeys],
    ['leave PostgreSQL connections enough', tooManyConnections],
    ['lose no volume to Argo CD or helm uninstall', deletableVolumes],
  ] as const)('%s', async (_, lint) => {
    expect(lint(await renderOverlay(overlay))).toEqual([])
  })
})

test('what is applied by hand gives no pod a token for the API server, nor the addresses of all Services', () => {
  const byHand = globSync('infra/{cluster,delivery,machines}/**/*.yaml', { cwd: root })
    .filter(file => /^kind: (Pod|Job|CronJob|Deployment|StatefulSet)$/m.test(readFileSync(join(root, file), 'utf8')))
    .flatMap(file => parseManifests(readFileSync(join(root, file), 'utf8'), file))
  expect(byHand.map(({ file }) => file)).toEqual(
    expect.arrayContaining([
      'infra/machines/etcd-backup.yaml',
      'infra/cluster/dead-letters.yaml',
      'infra/cluster/restore.yaml',
    ]),
  )
  expect(tokensAndServiceLinks(byHand)).toEqual([])
})

/** The objects of minikube with one of them changed. */
const spoiled = async (kind: string, name: string, change: (object: Untyped) => void): Promise<Manifest[]> => {
  const objects = structuredClone(await renderOverlay('minikube'))
  const isIt = (one: Manifest) =>
    one.kind === kind && one.metadata.name === name && (kind !== 'Service' || one.apiVersion.startsWith('serving.'))
  change(objects.find(isIt))
  return objects
}

describe('what is wrong is said', () => {
  const trigger = 'uptime-prober-probe-requested'

  test.each<[string, (objects: Manifest[]) => string[], Promise<Manifest[]>, string]>([
    [
      'half a delivery block',
      webhookFaults,
      spoiled('Trigger', trigger, ({ spec }) => delete spec.delivery.backoffDelay),
      `Trigger/${trigger}: partial delivery block: spec.delivery.backoffDelay`,
    ],
    [
      'dead letters for the broker',
      deadLetterLoops,
      spoiled('Trigger', trigger, ({ spec }) => {
        spec.delivery.deadLetterSink = {
          ref: { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' },
        }
      }),
      `Trigger/${trigger}: dead letters go to a Broker, which sends them on`,
    ],
    [
      'dead letters for a function that publishes',
      deadLetterLoops,
      spoiled('Trigger', trigger, ({ spec }) => {
        spec.delivery.deadLetterSink.ref.name = 'uptime-prober'
      }),
      `Trigger/${trigger}: dead letters go to uptime-prober, which publishes`,
    ],
    [
      'a subscriber that is not there',
      brokenReferences,
      spoiled('Trigger', trigger, ({ spec }) => {
        spec.subscriber.ref.name = 'uptime-probe'
      }),
      `Trigger/${trigger}: no Service uptime-probe`,
    ],
    [
      'a console on a Gateway that is not there',
      brokenReferences,
      spoiled('HTTPRoute', 'grafana', ({ spec }) => {
        spec.parentRefs[0].name = 'console'
      }),
      'HTTPRoute/grafana: no Gateway console',
    ],
    [
      "another function's tick",
      wrongTicks,
      spoiled('Trigger', 'probe-scheduler-tick', ({ spec }) => {
        spec.filter.attributes.tick = 'episode-checker'
      }),
      "Trigger/probe-scheduler-tick: wakes probe-scheduler on another's tick",
    ],
    [
      'a tick that is called otherwise',
      wrongTicks,
      spoiled('PingSource', 'probe-scheduler', ({ spec }) => {
        spec.ceOverrides.extensions.tick = 'scheduler'
      }),
      'PingSource/probe-scheduler: its tick is not called probe-scheduler',
    ],
    [
      'a node selector',
      missingFlags,
      spoiled('Service', 'uptime-prober', ({ spec }) => {
        spec.template.spec.nodeSelector = { disk: 'ssd' }
      }),
      'Service/uptime-prober: needs the feature flag kubernetes.podspec-nodeselector',
    ],
    [
      "a pod's own name",
      missingFlags,
      spoiled('Service', 'uptime-prober', ({ spec }) => {
        spec.template.spec.containers[0].env.push({
          name: 'POD',
          valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
        })
      }),
      'Service/uptime-prober: needs the feature flag kubernetes.podspec-fieldref',
    ],
    [
      'a function with a token for the API server',
      needlessAccess,
      spoiled('Service', 'uptime-prober', ({ spec }) => delete spec.template.spec.automountServiceAccountToken),
      'Service/uptime-prober: automountServiceAccountToken is not false',
    ],
    [
      'a token that Knative would refuse to mount',
      webhookFaults,
      spoiled('Service', 'uptime-prober', ({ spec }) => {
        spec.template.spec.automountServiceAccountToken = true
      }),
      'Service/uptime-prober: not allowed: automountServiceAccountToken: true',
    ],
    [
      'a database with the addresses of all Services in its environment',
      needlessAccess,
      spoiled('StatefulSet', 'postgres', ({ spec }) => delete spec.template.spec.enableServiceLinks),
      'StatefulSet/postgres: enableServiceLinks is not false',
    ],
    [
      'a default account whose pods get a token',
      needlessAccess,
      spoiled('ServiceAccount', 'default', one => delete one.automountServiceAccountToken),
      'ServiceAccount/default: automountServiceAccountToken is not false',
    ],
    [
      'a key that no Secret has',
      missingKeys,
      spoiled('Secret', 'vigia-telegram', ({ data }) => delete data.TELEGRAM_BOT_TOKEN),
      'Service/telegram-webhook: Secret vigia-telegram has no key TELEGRAM_BOT_TOKEN',
    ],
    [
      'a database that goes with the chart',
      deletableVolumes,
      spoiled('StatefulSet', 'postgres', ({ metadata }) => delete metadata.annotations['helm.sh/resource-policy']),
      'StatefulSet/postgres: may be deleted with its data, for it lacks helm.sh/resource-policy: keep',
    ],
    [
      'a database that Argo CD may prune',
      deletableVolumes,
      spoiled('StatefulSet', 'mongodb', ({ metadata }) => {
        metadata.annotations['argocd.argoproj.io/sync-options'] = 'Delete=false'
      }),
      'StatefulSet/mongodb: may be deleted with its data, for it lacks Prune=false',
    ],
    [
      'a function without a bound',
      tooManyConnections,
      spoiled('Service', 'uptime-prober', ({ spec }) => {
        delete spec.template.metadata.annotations['autoscaling.knative.dev/max-scale']
      }),
      'functions may open Infinity connections, twice that while a release rolls out; PostgreSQL takes 400',
    ],
  ])('%s', async (_, lint, objects, fault) => {
    expect(lint(await objects)).toContain(fault)
  })

  test('more prober processes than PostgreSQL has connections for', async () => {
    const objects = await spoiled('Service', 'uptime-prober', ({ spec }) => {
      spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'] = '100'
    })
    const sum = await connectionsAt({ 'uptime-prober': 100 })
    expect(tooManyConnections(objects)).toContain(
      `functions may open ${sum} connections, twice that while a release rolls out; PostgreSQL takes 400`,
    )
  })
})
