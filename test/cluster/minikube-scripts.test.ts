import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import {
  type ApiServer,
  apiServerSkipReason,
  expectSuccess,
  type ProgramResult,
  runProgram,
  startApiServer,
} from './api-server.ts'
import { deployableCopy } from './support/deployable-copy.ts'
import { downloadServer } from './support/download-server.ts'
import { objectVersions } from './support/object-versions.ts'
import { stopAfterTests } from './support/stop-after-tests.ts'

const why = await apiServerSkipReason()

/**
 * A stand-in for the files that run.sh downloads: a namespace with a Deployment, which is all that run.sh waits for.
 */
const release = (namespace: string) =>
  [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: namespace, namespace },
      spec: {
        selector: { matchLabels: { app: namespace } },
        template: {
          metadata: { labels: { app: namespace } },
          spec: { containers: [{ name: namespace, image: namespace }] },
        },
      },
    },
  ]
    .map(one => stringify(one))
    .join('---\n')

const minikube = `#!/bin/sh
echo "$*" >> "$MINIKUBE_CALLS"
case "$*" in *' ip') echo 192.0.2.7 ;; esac
`

describe.skipIf(why)(`run.sh and terminate.sh on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  let copy: Awaited<ReturnType<typeof deployableCopy>>
  let github: Awaited<ReturnType<typeof downloadServer>>
  let env: Record<string, string>
  stopAfterTests(() => server)

  beforeAll(async () => {
    server = await startApiServer()
    copy = await deployableCopy(server.env.PATH!)
    const paths = (await readFile(join(copy.at('minikube'), 'run.sh'), 'utf8')).matchAll(
      /https:\/\/github\.com(\S+\.yaml)/g,
    )
    github = await downloadServer(
      'github.com',
      Object.fromEntries(
        [...paths].map(([, path]) => [
          path,
          release(
            path!.includes('knative')
              ? 'knative-operator'
              : path!.includes('envoyproxy')
                ? 'envoy-gateway-system'
                : 'cert-manager',
          ),
        ]),
      ),
    )
    const tools = join(copy.folder, 'stubs')
    await mkdir(tools)
    await writeFile(join(tools, 'minikube'), minikube)
    await chmod(join(tools, 'minikube'), 0o755)
    env = {
      ...server.env,
      ...github.env,
      PATH: `${tools}:${server.env.PATH}`,
      MINIKUBE_PROFILE: 'test',
      MINIKUBE_CALLS: join(copy.folder, 'calls'),
    }
    const git = (...args: string[]) =>
      runProgram('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { env, cwd: copy.folder })
    for (const args of [
      ['init', '-q'],
      ['commit', '-q', '--allow-empty', '-m', 'x'],
    ])
      expectSuccess(await git(...args))
  })
  afterAll(async () => {
    await github?.stop()
    await copy?.remove()
  })

  const script = async (
    name: string,
    args: string[] = [],
    more: Record<string, string> = {},
  ): Promise<ProgramResult> => {
    const ran = await runProgram(join(copy.at('minikube'), name), args, { env: { ...env, ...more } })
    for (const secret of copy.secrets) expect(ran.stdout + ran.stderr).not.toContain(secret)
    return ran
  }

  const claims = async () => (await objectVersions(server)).filter(one => one.startsWith('PersistentVolumeClaim/'))
  const namespaces = async () => expectSuccess(await server.kubectl(['get', 'namespaces', '-o', 'name']))

  const refused = (ran: ProgramResult, reason: RegExp) => {
    expect(ran.code).not.toBe(0)
    expect(ran.stderr).toMatch(reason)
    expect(ran.stderr.trim().split('\n')).toHaveLength(1)
  }

  describe('before anything is created', () => {
    afterEach(async () => expect(await namespaces()).not.toContain('vigia'))

    test('a missing .env is an error in one line', async () => {
      const file = join(copy.at('minikube'), '.env')
      const kept = await readFile(file)
      await rm(file)
      try {
        refused(await script('run.sh'), /there is no .*\.env: copy .*\.env\.example to it and fill it in/)
      } finally {
        await writeFile(file, kept)
      }
    })

    test('a secret that is missing in .env is an error that names it', async () => {
      const file = join(copy.at('minikube'), '.env')
      const kept = await readFile(file, 'utf8')
      await writeFile(file, kept.replace(/^TELEGRAM_BOT_TOKEN=.*\n/m, ''))
      try {
        refused(await script('run.sh'), /has no value for TELEGRAM_BOT_TOKEN/)
      } finally {
        await writeFile(file, kept)
      }
    })

    test('an unknown option is an error', async () => {
      refused(await script('run.sh', ['--overlay', 'gke']), /unknown option --overlay/)
      refused(await script('terminate.sh', ['--all']), /unknown option --all/)
    })

    test('a cluster that does not answer is an error that says how to start one', async () => {
      refused(await script('run.sh', [], { MINIKUBE_PROFILE: 'elsewhere' }), /minikube start --profile elsewhere/)
      refused(await script('terminate.sh', [], { MINIKUBE_PROFILE: 'elsewhere' }), /no cluster answers/)
    })

    test('terminate.sh succeeds when Vigia was never installed', async () => {
      expectSuccess(await script('terminate.sh'))
      expectSuccess(await script('terminate.sh', ['--purge']))
    })
  })

  test('run.sh installs the platform and Vigia, waits until all is ready and prints the addresses', async () => {
    const output = expectSuccess(await script('run.sh'))
    expect(output).toContain('http://telegram-webhook.vigia.example.org')
    expect(output).toContain('https://grafana.vigia.test')
    expect(github.requestedPaths).toHaveLength(3)
    const calls = await readFile(env.MINIKUBE_CALLS!, 'utf8')
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(calls).toMatch(
      new RegExp(`image build --tag dev.local/vigia:${version} .*VERSION=${version} .*REVISION=[0-9a-f]{40}`),
    )
    const serving = expectSuccess(await server.kubectl(['get', 'knativeserving', '-A', '-o', 'json']))
    expect(JSON.parse(serving).items[0].spec.config.domain).toEqual({ '192.0.2.7.sslip.io': '' })
    const readiness = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
    const ready = await server.kubectl(['get', 'ksvc,trigger,pingsource,broker', '--namespace=vigia', '-o', readiness])
    expect([...new Set(expectSuccess(ready).split(' '))]).toEqual(['True'])
  })

  test('a second run.sh replaces the finished migrations Job and changes nothing else', async () => {
    const before = await objectVersions(server)
    expectSuccess(await script('run.sh'))
    const ours = (all: string[]) => all.filter(one => !one.startsWith('Job/'))
    expect(ours(await objectVersions(server))).toEqual(ours(before))
  })

  test('terminate.sh, also run twice, leaves only the volumes; run.sh uses them again', async () => {
    const before = await claims()
    expect(before).toHaveLength(2)
    expectSuccess(await script('terminate.sh'))
    const left = await objectVersions(server)
    expect(left.filter(one => !one.startsWith('ServiceAccount/default '))).toEqual(before)
    expectSuccess(await script('terminate.sh'))
    expect(await objectVersions(server)).toEqual(left)
    expectSuccess(await script('run.sh', ['--no-platform']))
    expect(await claims()).toEqual(before)
  })

  test('run.sh ends with one line that names the kind that does not become ready', async () => {
    const file = join(copy.folder, 'knative/services/uptime-prober.yaml')
    const kept = await readFile(file, 'utf8')
    const service = parse(kept)
    service.spec.template.spec.containers[0].env.push({
      name: 'X',
      valueFrom: { secretKeyRef: { name: 'missing', key: 'x' } },
    })
    await writeFile(file, stringify(service))
    try {
      const ran = await script('run.sh', ['--no-platform', '--timeout', '3'])
      expect(ran.code).toBe(1)
      expect(ran.stderr.trim().split('\n').at(-1)).toMatch(
        /^run\.sh: waited 3 s for every ksvc to be ready; to see the reason, run kubectl /,
      )
    } finally {
      await writeFile(file, kept)
    }
  })

  test('terminate.sh --purge deletes the volumes and the namespace, and succeeds the second time', async () => {
    expectSuccess(await script('terminate.sh', ['--purge']))
    expect(await namespaces()).not.toContain('vigia')
    expectSuccess(await script('terminate.sh', ['--purge']))
  })
})
