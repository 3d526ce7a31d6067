import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cursorsIn } from '#database/operations/cursors.ts'
import { type Manifest, manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { deletableVolumes } from '#test/cluster-files/support/lints.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

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

describe('the nightly dump of onprem', () => {
  let folder: string
  let database: TestDatabase
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vigia-dump-'))
    database = await freshDatabase()
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await database?.end()
  })

  /** Runs the script of the CronJob with programs of the test in place of pg_dump and psql. */
  const runScript = async (psql: string) => {
    const [job] = manifestsIn('infra/cluster/onprem').filter(({ kind }) => kind === 'CronJob')
    const [shell, options, script]: [string, string, string] =
      job!.spec.jobTemplate.spec.template.spec.containers[0].command
    const programs = { pg_dump: `for last; do :; done; echo dump > "\${last#--file=}"`, psql }
    for (const [name, text] of Object.entries(programs))
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    return spawnSync(shell, [options, script.replaceAll('/backups', folder)], {
      env: { PATH: `${folder}:${process.env.PATH}`, FOLDER: folder },
      encoding: 'utf8',
    })
  }
  const dumps = () => readdirSync(folder).filter(name => name.startsWith('vigia-'))

  test('records its time in PostgreSQL, and the recorded time never goes back', async () => {
    const { status, stderr } = await runScript('for last; do :; done; echo "$last" > "$FOLDER/sql"')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(dumps()).toHaveLength(1)
    const sql = readFileSync(join(folder, 'sql'), 'utf8')
    await database.db.query(sql)
    const { reached } = (await cursorsIn(database.db).reached('backup'))!
    expect(dumps()).toEqual([`vigia-${reached.toISOString().replace(/:|\.000/g, '')}.dump`])
    await cursorsIn(database.db).advance('backup', new Date(reached.getTime() + 1_000))
    await database.db.query(sql)
    expect((await cursorsIn(database.db).reached('backup'))!.reached.getTime()).toBe(reached.getTime() + 1_000)
  })

  test('is complete, and the Job succeeds, if the time cannot be recorded', async () => {
    const { status, stderr } = await runScript('exit 2')
    expect(status).toBe(0)
    expect(stderr).toContain('is complete, but its time could not be recorded')
    expect(dumps().every(name => name.endsWith('.dump'))).toBe(true)
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
