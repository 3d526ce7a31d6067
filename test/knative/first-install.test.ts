import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { functionNames, root } from '#infra/repository.ts'
import { vigiaInstalled } from './cluster/installed.ts'
import { kubectl, list } from './cluster/kubectl.ts'
import { kubeconfigOf } from './cluster/layout.ts'
import { logsOf } from './cluster/pods.ts'
import { until } from './cluster/until.ts'
import type { Installation } from './cluster/vigia.ts'

const run = promisify(execFile)

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)('a first installation with run.sh', () => {
  let vigia: Installation
  let output: string
  beforeAll(async () => {
    const installed = await vigiaInstalled()
    vigia = installed.vigia
    output = installed.output
  })

  test('the script says that Vigia is ready and where its webhook is', () => {
    expect(output).toMatch(/Vigia \S+ is ready/)
    expect(output).toMatch(/telegram-webhook {2}http:\/\/telegram-webhook\.vigia\.\S+\.sslip\.io/)
  })

  test('every function has exactly one revision', async () => {
    const revisions = await list('revisions.serving.knative.dev', 'vigia')
    expect(revisions.map(({ metadata }) => metadata.name).sort()).toEqual(functionNames().map(name => `${name}-00001`))
  })

  test('no pod was refused and no container crashed', async () => {
    const events = await list('events', 'vigia')
    const faults = events.filter(({ reason }) => ['FailedCreate', 'BackOff', 'Failed'].includes(reason))
    expect(faults.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([])
    const pods = await list('pods', 'vigia')
    // A pod that has just been created has no list yet.
    const restarts = pods.flatMap(({ metadata, status }) =>
      (status.containerStatuses ?? []).map((one: { name: string; restartCount: number }) => ({
        container: `${metadata.name}/${one.name}`,
        restarts: one.restartCount,
      })),
    )
    expect(restarts.filter(one => one.restarts > 0)).toEqual([])
  })

  test('functions write only JSON to their logs', async () => {
    for (const name of functionNames()) {
      // kubectl refuses while one of the pods is still starting.
      const lines = await until(() => logsOf(name), { what: `the log of ${name}`, timeoutMs: 120_000 })
      const others = lines.filter(line => !line.startsWith('{'))
      expect(others, name).toEqual([])
    }
  })

  test('doctor.sh finds no failure', async () => {
    const env = { ...process.env, KUBECONFIG: kubeconfigOf('administrator') }
    const { stdout } = await run('bash', [join(root, 'infra/cluster/doctor.sh')], { env })
    expect(stdout).toMatch(/^ok +PostgreSQL/m)
    expect(stdout).not.toMatch(/^failed/m)
  })

  test('a second run.sh changes no object', async () => {
    const before = await generations()
    await vigia.run()
    expect(await generations()).toEqual(before)
  })
})

/** By object: the generation, which the API server increases with every change of the specification. */
const generations = async (): Promise<Record<string, number>> => {
  const kinds = 'ksvc,triggers,brokers,sinkbindings,pingsources,statefulsets,configmaps,secrets,networkpolicies'
  const text = await kubectl(['get', kinds, '--namespace=vigia', '--output=json'])
  const { items } = JSON.parse(text) as { items: { kind: string; metadata: { name: string; generation?: number } }[] }
  return Object.fromEntries(items.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.generation ?? 0]))
}
