import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { functionNames } from '#infra/repository.ts'
import { onPath } from '#test/cluster-files/support/kn-calls.ts'
import { vigiaInstalled } from './cluster/installed.ts'
import { apply, kubectl, list } from './cluster/kubectl.ts'
import { kubeconfigOf } from './cluster/layout.ts'

const run = promisify(execFile)
const isSkipped = process.env.VIGIA_KNATIVE_SKIP || !onPath('kn')

/** Runs kn as the cluster's administrator and returns its output. */
const kn = async (...args: string[]): Promise<string> =>
  (await run('kn', args, { env: { ...process.env, KUBECONFIG: kubeconfigOf('administrator') } })).stdout

/** The names of the objects that a list of kn contains. */
const namesIn = async (...args: string[]): Promise<string[]> => {
  const { items } = JSON.parse(await kn(...args, '--output=json')) as { items: { metadata: { name: string } }[] }
  return items.map(({ metadata }) => metadata.name).toSorted()
}

describe.skipIf(isSkipped)(`kn on Knative${onPath('kn') ? '' : ' (skipped: no kn on PATH)'}`, () => {
  const namespace = 'kn'
  beforeAll(async () => {
    await vigiaInstalled()
    await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }])
  })
  afterAll(() => kubectl(['delete', 'namespace', namespace, '--wait=false', '--ignore-not-found']))

  test('lists the functions, the Triggers and the PingSources of the installation', async () => {
    expect(await namesIn('service', 'list', '--namespace=vigia')).toEqual(functionNames().toSorted())
    for (const [kind, ...command] of [
      ['triggers.eventing.knative.dev', 'trigger'],
      ['pingsources.sources.knative.dev', 'source', 'ping'],
    ] as const) {
      const installed = await list(kind, 'vigia')
      expect(installed, kind).not.toEqual([])
      expect(await namesIn(...command, 'list', '--namespace=vigia'), kind).toEqual(
        installed.map(({ metadata }) => metadata.name).toSorted(),
      )
    }
  })

  test('creates a Service, gives it a second revision with all requests, and deletes it', async () => {
    const place = ['hello', `--namespace=${namespace}`]
    await kn('service', 'create', ...place, '--image=dev.local/hello:test', '--pull-policy=IfNotPresent')
    await kn('service', 'update', ...place, '--env=CHANGED=yes', '--revision-name=hello-changed')
    expect(await namesIn('revision', 'list', `--namespace=${namespace}`, '--service=hello')).toEqual([
      'hello-00001',
      'hello-changed',
    ])
    const [service] = await list('services.serving.knative.dev', namespace)
    expect(service!.status.traffic).toMatchObject([{ revisionName: 'hello-changed', percent: 100 }])
    await kn('service', 'delete', ...place, '--wait')
    expect(await list('services.serving.knative.dev', namespace)).toEqual([])
  })
})
