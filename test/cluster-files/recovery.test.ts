import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { deletableVolumes } from '#test/cluster-files/support/lints.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'

/** The database, its owner and its Secret, of a Cluster that starts empty or from a backup. */
const ownerIn = (bootstrap: Manifest['spec']) => {
  const { database, owner, secret } = bootstrap.initdb ?? bootstrap.recovery
  return { database, owner, secret }
}

describe('the recovered PostgreSQL of gke', () => {
  const recovery = () =>
    parseManifests(readFileSync(join(root, 'infra/cluster/gke/recovery.yaml'), 'utf8'), 'recovery.yaml')
  const of = (objects: Manifest[], kind: string) =>
    objects.find(one => one.kind === kind && one.apiVersion.startsWith('postgresql.'))!

  test.skipIf(crdsSkipReason)('is valid', () => expect(faultsOfAll(recovery())).toEqual([]))

  test('differs from the original only in its name and in how it starts', async () => {
    const objects = await renderOverlay('gke')
    const { bootstrap, externalClusters, ...spec } = of(recovery(), 'Cluster').spec
    const { bootstrap: first, externalClusters: _, ...original } = of(objects, 'Cluster').spec
    expect(spec).toEqual(original)
    expect(bootstrap.recovery).toMatchObject(ownerIn(first))
    const [source] = externalClusters
    expect(bootstrap.recovery.source).toBe(source.name)
    expect(source.plugin.parameters.serverName).toBe(of(objects, 'Cluster').metadata.name)
    const names = [objects, recovery()].map(all => of(all, 'Cluster').metadata.name)
    expect(new Set(names).size).toBe(2)
  })

  test('is backed up every night, as the original is', async () => {
    const [one, other] = [recovery(), await renderOverlay('gke')].map(objects => of(objects, 'ScheduledBackup'))
    expect(one!.spec).toEqual({ ...other!.spec, cluster: { name: of(recovery(), 'Cluster').metadata.name } })
    expect(one!.metadata.name).not.toBe(other!.metadata.name)
  })

  test('loses no volume to Argo CD or helm uninstall', () => expect(deletableVolumes(recovery())).toEqual([]))

  test('has a service account to which the README gives access to the bucket', () => {
    const readme = readFileSync(join(root, 'infra/cluster/gke/README.md'), 'utf8')
    expect(readme).toContain(`for account in vigia-postgres ${of(recovery(), 'Cluster').metadata.name}; do`)
  })
})

describe('the password of PostgreSQL on gke', () => {
  test('is set in PostgreSQL again when its Secret changes', async () => {
    const objects = await renderOverlay('gke')
    const { name } = ownerIn(objects.find(({ kind }) => kind === 'Cluster')!.spec.bootstrap).secret
    const source = objects.find(({ kind, spec }) => kind === 'ExternalSecret' && spec.target.name === name)!
    expect(source.spec.target.template.metadata.labels).toMatchObject({ 'cnpg.io/reload': 'true' })
  })
})
