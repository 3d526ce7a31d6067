import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { overlays, parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { kubeTool, kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { allows, type Peer } from '#test/cluster-files/support/network-policies.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'

const folder = 'infra/observability/cluster'
const reason = (await kubeTool('kubectl')) === undefined ? ' (skipped: no kubectl)' : ''

const render = async () => parseManifests(await kustomize(join(root, folder)), folder)

/** The numbers of the ports that Knative names in a function's pod. */
const portsOfKnative: Record<string, number> = { 'user-port': 8080, 'http-usermetric': 9091 }

test.skipIf(reason)(`the objects for Prometheus are valid, and none belongs to a release${reason}`, async () => {
  const objects = await render()
  expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
    expect.arrayContaining(['PodMonitor functions', 'PodMonitor knative-serving']),
  )
  expect(JSON.stringify(objects)).not.toContain('app.kubernetes.io/version')
  if (crdsSkipReason === undefined) expect(faultsOfAll(objects)).toEqual([])
})

test.skipIf(reason)(`no overlay needs the Prometheus operator${reason}`, async () => {
  for (const overlay of overlays)
    expect(
      (await renderOverlay(overlay)).filter(({ apiVersion }) => apiVersion.startsWith('monitoring.coreos.com/')),
    ).toEqual([])
})

test.skipIf(reason)(
  `every port of a function that Prometheus scrapes is open to Prometheus, and to no other pod of its namespace${reason}`,
  async () => {
    const policies = (await renderOverlay('onprem')).filter(({ kind }) => kind === 'NetworkPolicy')
    const monitor = (await render()).find(({ metadata }) => metadata.name === 'functions')!
    const ports: number[] = monitor.spec.podMetricsEndpoints.map(({ port }: { port: string }) => portsOfKnative[port])
    expect(ports).toEqual(Object.values(portsOfKnative))
    for (const number of ports) {
      const port = { number, protocol: 'TCP' } as const
      expect(allows(policies, peerOf('prometheus'), functionPod, port), String(number)).toBe(true)
      expect(allows(policies, peerOf('grafana'), functionPod, port), String(number)).toBe(false)
    }
  },
)

const functionPod: Peer = {
  name: 'uptime-prober',
  namespace: 'vigia',
  labels: { 'serving.knative.dev/service': 'uptime-prober' },
}

const peerOf = (name: string): Peer => ({
  name,
  namespace: 'observability',
  labels: { 'app.kubernetes.io/name': name },
})

test.skipIf(reason)(`Knative's programs serve the metrics that Prometheus scrapes${reason}`, async () => {
  const objects = parseManifests(await kustomize(join(root, 'infra/cluster/platform')), 'infra/cluster/platform')
  const serving = objects.find(({ kind }) => kind === 'KnativeServing') as Manifest
  expect(serving.spec.config.observability).toEqual({
    'metrics-protocol': 'prometheus',
    'request-metrics-protocol': 'prometheus',
  })
})
