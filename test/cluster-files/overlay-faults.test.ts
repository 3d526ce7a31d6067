import { describe, expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { type Overlay, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { maxDemand, quotaOf } from '#test/cluster-files/support/capacity.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { imageFaults, podSecurityFaults, releaseFaults, waveFaults } from '#test/cluster-files/support/overlay-rules.ts'
import { imageOf, revision, version } from '#test/cluster-files/support/release.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'

// The other tests use the same rules. These tests show that the rules find faults.

describe('a fault is found', () => {
  const container = (one: Manifest) => one.spec.template.spec.containers[0]
  const is = (kind: string, name: string) => (one: Manifest) => one.kind === kind && one.metadata.name === name
  const knative = (name: string) => (one: Manifest) => is('Service', name)(one) && one.apiVersion.startsWith('serving.')

  test.each<[string, Overlay, (one: Manifest) => boolean, (one: Manifest) => unknown, (all: Manifest[]) => string[]]>([
    [
      'a function that can run as root',
      'gke',
      knative('uptime-prober'),
      one => delete container(one).securityContext.runAsNonRoot,
      podSecurityFaults,
    ],
    [
      'a database with a writable root file system',
      'minikube',
      is('StatefulSet', 'postgres'),
      one => delete container(one).securityContext.readOnlyRootFilesystem,
      podSecurityFaults,
    ],
    [
      'a pod that mounts a folder of its node',
      'onprem',
      is('StatefulSet', 'mongodb'),
      one => one.spec.template.spec.volumes.push({ name: 'node', hostPath: { path: '/' } }),
      podSecurityFaults,
    ],
    [
      'an image of another release',
      'gke',
      knative('error-notifier'),
      one => Object.assign(container(one), { image: 'registry.example.org/vigia:0.0.9' }),
      all => imageFaults(all, imageOf('gke')),
    ],
    [
      'an image without its registry',
      'onprem',
      is('Job', `migrate-${version.replaceAll('.', '-')}`),
      one => Object.assign(container(one), { image: `vigia:${version}` }),
      all => imageFaults(all, imageOf('onprem')),
    ],
    [
      'the tag latest',
      'minikube',
      is('StatefulSet', 'mongodb'),
      one => Object.assign(container(one), { image: 'mongo:latest' }),
      all => imageFaults(all, imageOf('minikube')),
    ],
    [
      'a pod that does not name the release',
      'gke',
      knative('uptime-prober'),
      one => delete one.spec.template.metadata.labels['app.kubernetes.io/version'],
      all => releaseFaults(all, version, revision),
    ],
    [
      'a database that restarts with each release',
      'minikube',
      is('StatefulSet', 'postgres'),
      one => Object.assign(one.spec.template.metadata.labels, { 'app.kubernetes.io/version': version }),
      all => releaseFaults(all, version, revision),
    ],
    [
      'migrations under an old name',
      'onprem',
      is('Job', `migrate-${version.replaceAll('.', '-')}`),
      one => Object.assign(one.metadata, { name: 'migrate' }),
      all => releaseFaults(all, version, revision),
    ],
    [
      'migrations before their database',
      'gke',
      is('Cluster', 'vigia-postgres'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '0' }),
      waveFaults,
    ],
    [
      'a Trigger before its function',
      'minikube',
      is('Trigger', 'uptime-prober-probe-requested'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '0' }),
      waveFaults,
    ],
    [
      'a certificate that a function waits for',
      'gke',
      is('Certificate', 'telegram-webhook'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '1' }),
      waveFaults,
    ],
    [
      'a console that Triggers wait for',
      'minikube',
      is('HTTPRoute', 'grafana'),
      one => delete one.metadata.annotations!['argocd.argoproj.io/sync-wave'],
      waveFaults,
    ],
    [
      'a scaler before the dispatcher that it scales',
      'onprem',
      is('ScaledObject', 'uptime-prober-probe-requested'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '2' }),
      waveFaults,
    ],
    [
      'a function before its secret',
      'onprem',
      is('SealedSecret', 'vigia-postgres'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '3' }),
      waveFaults,
    ],
  ])('%s', async (_, overlay, which, change, faults) => {
    const objects = structuredClone(await renderOverlay(overlay))
    expect(faults(objects)).toEqual([])
    change(objects.find(which)!)
    expect(faults(objects)).not.toEqual([])
  })

  test.skipIf(crdsSkipReason).each<[string, Overlay, (one: Manifest) => boolean, (one: Manifest) => unknown]>([
    [
      'an unknown field of PostgreSQL',
      'gke',
      is('Cluster', 'vigia-postgres'),
      one => Object.assign(one.spec, { instance: 3 }),
    ],
    [
      'an unknown field of an ExternalSecret',
      'gke',
      is('ExternalSecret', 'vigia-telegram'),
      one => Object.assign(one.spec.target, { tempalte: {} }),
    ],
    [
      'an unknown type of MongoDB',
      'gke',
      is('MongoDBCommunity', 'vigia-mongodb'),
      one => Object.assign(one.spec, { type: 'Cluster' }),
    ],
    ['an unknown field of RabbitMQ', 'onprem', is('RabbitmqCluster', 'vigia-rabbitmq'), one => (one.spec.replica = 3)],
    [
      'an API version that cert-manager does not have',
      'minikube',
      is('Issuer', 'self-signed'),
      one => (one.apiVersion += '2'),
    ],
  ])('%s', async (_, overlay, which, change) => {
    const objects = structuredClone(await renderOverlay(overlay))
    change(objects.find(which)!)
    expect(faultsOfAll(objects)).toHaveLength(1)
  })

  test('a quota that is too small for a rollout', async () => {
    const objects = structuredClone(await renderOverlay('minikube'))
    const prober = objects.find(knative('uptime-prober'))!
    prober.spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'] = '10'
    expect(maxDemand(objects).pods).toBeGreaterThan(quotaOf(objects).pods!)
  })
})
