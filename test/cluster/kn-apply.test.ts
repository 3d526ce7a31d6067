import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knativeManifests } from '#infra/cluster/render/manifest-files.ts'
import { root } from '#infra/repository.ts'
import { knScript, onPath, runScript } from '#test/cluster-files/support/kn-calls.ts'
import { summaryOfManifest } from '#test/cluster-files/support/kn-summary.ts'
import { until } from '#test/support/until.ts'
import { type ApiServer, apiServerSkipReason, startApiServer } from './api-server.ts'

const kn = onPath('kn')
const why = kn && onPath('bash') ? await apiServerSkipReason() : 'no kn on PATH, or no bash'

/**
 * The prerequisites of infra/cluster/kn.md: the namespace, the ConfigMap, and the secrets with every key that a
 * function names.
 */
const prerequisites = () => {
  const keys = new Map<string, Record<string, string>>()
  for (const { kind, spec } of knativeManifests())
    for (const { valueFrom } of kind === 'Service' ? spec.template.spec.containers[0].env : [])
      if (valueFrom?.secretKeyRef) {
        const { name, key } = valueFrom.secretKeyRef
        keys.set(name, { ...keys.get(name), [key]: 'x' })
      }
  const place = (name: string) => ({ name, namespace: 'vigia' })
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'vigia' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: place('vigia') },
    ...[...keys].map(([name, stringData]) => ({ apiVersion: 'v1', kind: 'Secret', metadata: place(name), stringData })),
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}

describe.skipIf(why)(`kn against a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer

  beforeAll(async () => {
    server = await startApiServer()
    // The admission of objects may not know a namespace yet that was created a moment ago.
    const input = JSON.stringify(prerequisites())
    const applied = async () => (await server.kubectl(['apply', '-f', '-'], { input })).code === 0
    await until(applied, { timeoutMs: 60_000, what: 'the prerequisites of infra/cluster/kn.md' })
  })
  afterAll(() => server?.stop())

  test('the blocks of infra/cluster/kn.md run without a change and create the objects of the manifests', async () => {
    await runScript(knScript(), `#!/bin/sh\nexec '${kn}' "$@"\n`, server.env)
    for (const manifest of knativeManifests()) {
      const { apiVersion, kind, metadata } = manifest
      const [group, version] = apiVersion.split('/')
      const made = await server.kubectl([
        'get',
        `${kind}.${version}.${group}`,
        metadata.name,
        '-n',
        'vigia',
        '-o',
        'json',
      ])
      expect(made.stderr).toBe('')
      expect(summaryOfManifest(JSON.parse(made.stdout)), `${kind} ${metadata.name}`).toEqual(
        summaryOfManifest(manifest),
      )
    }
  })

  test('a function that is applied from its file has the fields for which kn has no flag', async () => {
    const file = 'knative/services/telegram-webhook.yaml'
    const { spec } = knativeManifests().find(one => one.file === file)!
    await runScript(
      `kn service apply telegram-webhook -n vigia -f '${join(root, file)}'`,
      `#!/bin/sh\nexec '${kn}' "$@"\n`,
      server.env,
    )
    const made = await server.kubectl(['get', 'ksvc', 'telegram-webhook', '-n', 'vigia', '-o', 'json'])
    const [{ securityContext, env }] = JSON.parse(made.stdout).spec.template.spec.containers
    expect({ securityContext, env }).toEqual({
      securityContext: spec.template.spec.containers[0].securityContext,
      env: spec.template.spec.containers[0].env,
    })
  })
})
