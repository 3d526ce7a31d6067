import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { overlays, parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'

/** Folders that are applied once per cluster, before an overlay. They do not change with a release. */
const folders = ['minikube/platform', 'gke/platform', 'onprem/platform', 'onprem/volumes']
const renderFolder = async (folder: string) =>
  parseManifests(await kustomize(join(root, 'infra/cluster', folder)), `infra/cluster/${folder}`)

describe('the folders that are applied before an overlay', () => {
  test.each(folders)('%s renders and does not name a release', async folder => {
    const objects = await renderFolder(folder)
    expect(objects.length).toBeGreaterThan(0)
    expect(JSON.stringify(objects)).not.toContain('app.kubernetes.io/version')
    if (crdsSkipReason === undefined) expect(faultsOfAll(objects)).toEqual([])
  })

  test.each(folders)('%s has no kind that exists only after the operator has installed Knative', async folder => {
    const groups = (await renderFolder(folder)).map(({ apiVersion }) => apiVersion.split('/')[0]!)
    expect(groups.filter(group => group.endsWith('knative.dev') && group !== 'operator.knative.dev')).toEqual([])
  })

  test('platform/grafana.yaml allows the route to Grafana of every overlay', async () => {
    const file = 'infra/cluster/platform/grafana.yaml'
    const [grant] = parseManifests(readFileSync(join(root, file), 'utf8'), file) as [Manifest]
    if (crdsSkipReason === undefined) expect(faultsOfAll([grant])).toEqual([])
    const { from, to } = grant.spec
    for (const overlay of overlays) {
      const route = (await renderOverlay(overlay)).find(
        ({ kind, metadata }) => kind === 'HTTPRoute' && metadata.name === 'grafana',
      )!
      const [{ backendRefs }] = route.spec.rules
      expect(backendRefs).toMatchObject([{ name: to[0].name, namespace: grant.metadata.namespace }])
      expect(from).toMatchObject([{ kind: route.kind, namespace: route.metadata.namespace }])
    }
  })

  test('the volumes have the class, size and mode of the claims of onprem', async () => {
    const volumes = (await renderFolder('onprem/volumes')).filter(({ kind }) => kind === 'PersistentVolume')
    const claims = (await renderOverlay('onprem')).flatMap(({ kind, metadata, spec }) => {
      if (kind === 'PersistentVolumeClaim') return [{ name: metadata.name, spec }]
      if (kind === 'StatefulSet')
        return spec.volumeClaimTemplates.map((one: Manifest) => ({
          name: `${one.metadata.name}-${metadata.name}-0`,
          spec: one.spec,
        }))
      // The names that RabbitMQ's operator generates.
      return kind === 'RabbitmqCluster'
        ? Array.from({ length: spec.replicas }, (_, index) => ({
            name: `persistence-${metadata.name}-server-${index}`,
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: spec.persistence.storageClassName,
              resources: { requests: { storage: spec.persistence.storage } },
            },
          }))
        : []
    })
    const line = (name: string, size: string, mode: string[], storageClass: string) =>
      `${name}: ${size} ${mode} ${storageClass}`
    expect(
      volumes
        .map(({ spec }) => line(spec.claimRef.name, spec.capacity.storage, spec.accessModes, spec.storageClassName))
        .toSorted(),
    ).toEqual(
      claims
        .map(({ name, spec }) => line(name, spec.resources.requests.storage, spec.accessModes, spec.storageClassName))
        .toSorted(),
    )
    expect(new Set(volumes.map(({ spec }) => spec.persistentVolumeReclaimPolicy))).toEqual(new Set(['Retain']))
  })
})
