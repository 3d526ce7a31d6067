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

/** How many connections to PostgreSQL all functions can open on minikube, with another max-scale for some of them. */
const connectionsAt = async (maxScale: Record<string, number>) =>
  (await renderOverlay('minikube'))
    .filter(({ apiVersion, kind }) => kind === 'Service' && apiVersion.startsWith('serving.'))
    .reduce((sum, { metadata: { name }, spec }) => {
      const declared = Number(spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'])
      return sum + (maxScale[name] ?? declared) * poolSizeOf(name)
    }, 0)

describe.each(overlays)('the objects of %s', overlay => {
  test.each([
    ["pass Knative's admission webhooks", webhookFaults],
    ['send dead letters to a receiver that makes no new ones', deadLetterLoops],
    ['refer only to objects that exist', brokenReferences],
    ['have ticks that wake exactly the function after which the tick is named', wrongTicks],
    ['need no feature flag', missingFlags],
    ['give no pod a token for the API server or the addresses of all Services', needlessAccess],
    ['have each key of a Secret or ConfigMap from exactly one source', missingKeys],
    ['open no more connections than PostgreSQL accepts', tooManyConnections],
    ['lose no volume to Argo CD or helm uninstall', deletableVolumes],
  ] as const)('%s', async (_, lint) => {
    expect(lint(await renderOverlay(overlay))).toEqual([])
  })
})

test('files that are applied by hand give no pod a token for the API server or the addresses of all Services', () => {
  const byHand = globSync('infra/{cluster,delivery,machines}/**/*.yaml', { cwd: root })
    .filter(file => /^kind: (Pod|Job|CronJob|Deployment|StatefulSet)$/m.test(readFileSync(join(root, file), 'utf8')))
    .flatMap(file => parseManifests(readFileSync(join(root, file), 'utf8'), file))
  expect(byHand.map(({ file }) => file)).toEqual(
    expect.arrayContaining([
      'infra/machines/etcd-backup.yaml',
      'infra/cluster/dead-letters.yaml',
      'infra/cluster/doctor.yaml',
      'infra/cluster/restore.yaml',
      'infra/cluster/vigia-yaml.yaml',
    ]),
  )
  expect(tokensAndServiceLinks(byHand)).toEqual([])
})

/** The objects of minikube with one of them changed. */
const withChange = async (kind: string, name: string, change: (object: Untyped) => void): Promise<Manifest[]> => {
  const objects = structuredClone(await renderOverlay('minikube'))
  const isIt = (one: Manifest) =>
    one.kind === kind && one.metadata.name === name && (kind !== 'Service' || one.apiVersion.startsWith('serving.'))
  change(objects.find(isIt))
  return objects
}

describe('a fault is reported', () => {
  const trigger = 'uptime-prober-probe-requested'

  test.each<[string, (objects: Manifest[]) => string[], Promise<Manifest[]>, string]>([
    [
      'an incomplete delivery block',
      webhookFaults,
      withChange('Trigger', trigger, ({ spec }) => delete spec.delivery.backoffDelay),
      `Trigger/${trigger}: partial delivery block: spec.delivery.backoffDelay`,
    ],
    [
      'dead letters for the broker',
      deadLetterLoops,
      withChange('Trigger', trigger, ({ spec }) => {
        spec.delivery.deadLetterSink = {
          ref: { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' },
        }
      }),
      `Trigger/${trigger}: dead letters go to a Broker, which would deliver them again`,
    ],
    [
      'dead letters for a function that publishes',
      deadLetterLoops,
      withChange('Trigger', trigger, ({ spec }) => {
        spec.delivery.deadLetterSink.ref.name = 'uptime-prober'
      }),
      `Trigger/${trigger}: dead letters go to uptime-prober, which publishes`,
    ],
    [
      'a subscriber that does not exist',
      brokenReferences,
      withChange('Trigger', trigger, ({ spec }) => {
        spec.subscriber.ref.name = 'uptime-probe'
      }),
      `Trigger/${trigger}: no Service uptime-probe`,
    ],
    [
      'a console on a Gateway that does not exist',
      brokenReferences,
      withChange('HTTPRoute', 'grafana', ({ spec }) => {
        spec.parentRefs[0].name = 'console'
      }),
      'HTTPRoute/grafana: no Gateway console',
    ],
    [
      "another function's tick",
      wrongTicks,
      withChange('Trigger', 'probe-scheduler-tick', ({ spec }) => {
        spec.filter.attributes.tick = 'episode-checker'
      }),
      'Trigger/probe-scheduler-tick: wakes probe-scheduler on the tick of another function',
    ],
    [
      'a tick with another name',
      wrongTicks,
      withChange('PingSource', 'probe-scheduler', ({ spec }) => {
        spec.ceOverrides.extensions.tick = 'scheduler'
      }),
      'PingSource/probe-scheduler: its tick is not named probe-scheduler',
    ],
    [
      'a node selector',
      missingFlags,
      withChange('Service', 'uptime-prober', ({ spec }) => {
        spec.template.spec.nodeSelector = { disk: 'ssd' }
      }),
      'Service/uptime-prober: needs the feature flag kubernetes.podspec-nodeselector',
    ],
    [
      "a pod's own name",
      missingFlags,
      withChange('Service', 'uptime-prober', ({ spec }) => {
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
      withChange('Service', 'uptime-prober', ({ spec }) => delete spec.template.spec.automountServiceAccountToken),
      'Service/uptime-prober: automountServiceAccountToken is not false',
    ],
    [
      'a token that Knative would refuse to mount',
      webhookFaults,
      withChange('Service', 'uptime-prober', ({ spec }) => {
        spec.template.spec.automountServiceAccountToken = true
      }),
      'Service/uptime-prober: not allowed: automountServiceAccountToken: true',
    ],
    [
      'a database with the addresses of all Services in its environment',
      needlessAccess,
      withChange('StatefulSet', 'postgres', ({ spec }) => delete spec.template.spec.enableServiceLinks),
      'StatefulSet/postgres: enableServiceLinks is not false',
    ],
    [
      'a default account whose pods get a token',
      needlessAccess,
      withChange('ServiceAccount', 'default', one => delete one.automountServiceAccountToken),
      'ServiceAccount/default: automountServiceAccountToken is not false',
    ],
    [
      'a key that no Secret has',
      missingKeys,
      withChange('Secret', 'vigia-telegram', ({ data }) => delete data.TELEGRAM_BOT_TOKEN),
      'Service/telegram-webhook: Secret vigia-telegram has no key TELEGRAM_BOT_TOKEN',
    ],
    [
      'a database that is deleted with the chart',
      deletableVolumes,
      withChange('StatefulSet', 'postgres', ({ metadata }) => delete metadata.annotations['helm.sh/resource-policy']),
      'StatefulSet/postgres: can be deleted with its data, because it has no helm.sh/resource-policy: keep',
    ],
    [
      'a database that Argo CD may prune',
      deletableVolumes,
      withChange('StatefulSet', 'mongodb', ({ metadata }) => {
        metadata.annotations['argocd.argoproj.io/sync-options'] = 'Delete=false'
      }),
      'StatefulSet/mongodb: can be deleted with its data, because it has no Prune=false',
    ],
    [
      'a function without max-scale',
      tooManyConnections,
      withChange('Service', 'uptime-prober', ({ spec }) => {
        delete spec.template.metadata.annotations['autoscaling.knative.dev/max-scale']
      }),
      'functions can open Infinity connections, twice that during a rollout; PostgreSQL accepts 400',
    ],
  ])('%s', async (_, lint, objects, fault) => {
    expect(lint(await objects)).toContain(fault)
  })

  test('more pods of uptime-prober than PostgreSQL has connections for', async () => {
    const objects = await withChange('Service', 'uptime-prober', ({ spec }) => {
      spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'] = '100'
    })
    const sum = await connectionsAt({ 'uptime-prober': 100 })
    expect(tooManyConnections(objects)).toContain(
      `functions can open ${sum} connections, twice that during a rollout; PostgreSQL accepts 400`,
    )
  })
})
