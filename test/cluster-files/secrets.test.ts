import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import {
  copyClusterFiles,
  type Overlay,
  overlays,
  parseManifests,
  renderOverlay,
} from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'

describe('secrets', () => {
  test.each(['gke', 'onprem'] as const)('are not in the files of %s', async overlay =>
    expect((await renderOverlay(overlay)).filter(({ kind }) => kind === 'Secret')).toEqual([]),
  )

  test('of minikube come only from .env, each key in one Secret', async () => {
    const folder = await copyClusterFiles()
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'infra/cluster/minikube/.env')
    const keys = [...(await readFile(file, 'utf8')).matchAll(/^([A-Z_]+)=/gm)].map(([, key]) => key!)
    await writeFile(file, keys.map(key => `${key}=value of ${key}\n`).join(''))
    const objects = parseManifests(await kustomize(dirname(file)), 'minikube') as (Manifest & {
      data: Record<string, string>
    })[]
    const secrets = objects.filter(({ kind }) => kind === 'Secret')
    expect(
      Object.fromEntries(secrets.map(({ metadata, data }) => [metadata.name, Object.keys(data).toSorted()])),
    ).toEqual({
      'vigia-postgres': ['DATABASE_URL', 'POSTGRES_PASSWORD'],
      'vigia-mongodb': ['MONGODB_PASSWORD', 'MONGODB_URI'],
      'vigia-telegram': keys.filter(key => key.startsWith('TELEGRAM_')).toSorted(),
    })
    for (const { data } of secrets)
      for (const [key, value] of Object.entries(data))
        expect(Buffer.from(value, 'base64').toString()).toBe(`value of ${key}`)
  })

  test('are in files that git ignores', async () => {
    const files = ['minikube/.env', 'onprem/.env', 'onprem/.sealed-secrets.Xy12'].map(name => `infra/cluster/${name}`)
    const { stdout } = await promisify(execFile)('git', ['check-ignore', ...files], { cwd: root })
    expect(stdout.trim().split('\n')).toEqual(files)
  })

  test('of onprem are refused by every API server until they are sealed: a label is invalid and says what to run', async () => {
    const sealed = (await renderOverlay('onprem')).filter(({ kind }) => kind === 'SealedSecret')
    expect(sealed.map(({ metadata }) => metadata.name)).toEqual(['vigia-mongodb', 'vigia-postgres', 'vigia-telegram'])
    for (const { metadata } of sealed) {
      const label = metadata.labels?.['vigia.dev/sealed'] ?? ''
      expect(label).toContain('run infra/cluster/onprem/seal.sh')
      // Kubernetes' rule for a label's value.
      expect(label).not.toMatch(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/)
    }
  })

  test.each(overlays)(
    'of %s have a row in the README of the overlay, with each key that an object reads',
    async overlay => {
      const readme = readFileSync(join(root, 'infra/cluster', overlay, 'README.md'), 'utf8')
      const rows = [...readme.matchAll(/^\| `(vigia-[a-z-]+)` \| ([^|]+)/gm)].map(
        ([, name, keys]) => [name, [...keys!.matchAll(/`(\w+)`/g)].map(([, key]) => key!)] as const,
      )
      const read = new Map<string, Set<string>>()
      for (const one of await renderOverlay(overlay))
        for (const [, reference] of JSON.stringify(one).matchAll(/"(?:secretKeyRef|passwordSecretRef)":({[^}]*})/g)) {
          const { name, key } = JSON.parse(reference!)
          read.set(name, (read.get(name) ?? new Set()).add(key))
        }
      for (const [name, keys] of read) expect(new Map(rows).get(name), name).toEqual(expect.arrayContaining([...keys]))
      const made = (await renderOverlay(overlay)).flatMap(({ kind, metadata }) =>
        ['Secret', 'SealedSecret', 'ExternalSecret'].includes(kind) ? [metadata.name] : [],
      )
      expect(rows.map(([name]) => name).toSorted()).toEqual(made.toSorted())
    },
  )

  test('have the same keys in both .env.example files', () => {
    const keys = (overlay: Overlay) =>
      readFileSync(join(root, 'infra/cluster', overlay, '.env.example'), 'utf8').match(/^[A-Z_]+(?==)/gm)
    expect(keys('onprem')).toEqual(keys('minikube'))
  })
})
