import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { copyClusterFiles, parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { kubeTool, kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'

// What the scripts do without a cluster, and before they change one. test/cluster runs them on a real API server.

const kubectl = await kubeTool('kubectl')

/** The programs that the scripts use without checking that they exist. */
const programs = 'bash basename cat chmod dirname env grep mktemp mv rm sed'.split(' ')

let cluster: string
let tools: string

beforeEach(async () => {
  const folder = await copyClusterFiles()
  tools = await mkdtemp(join(tmpdir(), 'vigia-tools-'))
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true })
    await rm(tools, { recursive: true, force: true })
  })
  cluster = join(folder, 'infra/cluster')
  for (const name of programs)
    await symlink(['/usr/bin', '/bin'].map(place => join(place, name)).find(existsSync)!, join(tools, name))
})

/** Puts a program, a few lines of shell, on the PATH of the scripts. */
const tool = async (name: string, script: string) => {
  await writeFile(join(tools, name), `#!/usr/bin/env bash\n${script}\n`)
  await chmod(join(tools, name), 0o755)
}

const run = (script: string, ...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>(resolve =>
    execFile(join(cluster, script), args, { env: { PATH: tools } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  )

const env = (overlay: string) => join(cluster, overlay, '.env')

const values: Record<string, string> = {
  'postgres password': 'pgpassword',
  'mongodb password': 'mongopassword',
  'token of the bot': '123:token',
  'webhook secret': 'whsecret',
}

/** Writes .env: the example with all placeholders replaced, and one more change. */
const writeEnv = async (overlay: string, change = (text: string) => text) => {
  const example = await readFile(`${env(overlay)}.example`, 'utf8')
  const text = example.replace(/^([A-Z_]+=.*)<(.*)>/gm, (_, before: string, name: string) => before + values[name])
  await writeFile(env(overlay), change(text))
}

/** The script failed with one line on stderr that contains the message, and without output. */
const expectRefusal = async (result: ReturnType<typeof run>, message: string) => {
  const { code, stdout, stderr } = await result
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(message)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
}

describe.skipIf(process.platform === 'win32')('run.sh ends with an error in one line for', () => {
  test('a machine without kubectl, or without minikube', async () => {
    await expectRefusal(run('minikube/run.sh'), 'kubectl is not on PATH')
    await tool('kubectl', 'exit 1')
    await expectRefusal(run('minikube/run.sh'), 'minikube is not on PATH')
  })

  test('unknown options', async () => {
    await expectRefusal(run('minikube/run.sh', '--purge'), 'unknown option --purge')
    await expectRefusal(run('minikube/run.sh', '--timeout'), '--timeout needs a number of seconds')
    await expectRefusal(run('minikube/run.sh', '--timeout', '5m'), '--timeout needs a number of seconds')
    await expectRefusal(run('minikube/terminate.sh', '--everything'), 'unknown option --everything')
  })

  test.each<[string, (text: string) => string, string]>([
    ['a value that is missing', text => text.replace('=123:token', '='), 'has no value for TELEGRAM_BOT_TOKEN;'],
    ['a line that is missing', text => text.replace(/^MONGODB_URI.*\n/m, ''), 'has no value for MONGODB_URI;'],
    [
      'a placeholder of the example',
      text => text.replace('whsecret', '<webhook secret>'),
      'placeholder of the example for TELEGRAM_WEBHOOK_SECRET',
    ],
    ['a key with two lines', text => `${text}TELEGRAM_BOT_TOKEN=other\n`, 'more than one line for TELEGRAM_BOT_TOKEN;'],
    ['an unknown key', text => `${text}TELEGRAM_TOKEN=1\n`, 'has unknown keys: TELEGRAM_TOKEN'],
    ['two passwords for one user', text => text.replace(':pgpassword@', ':other@'), 'is not POSTGRES_PASSWORD'],
  ])('%s in .env, and prints no value', async (_, change, message) => {
    await tool('kubectl', 'echo "kubectl was called" >&2; exit 1')
    await writeEnv('minikube', change)
    const result = run('minikube/run.sh', '--no-platform')
    await expectRefusal(result, message)
    for (const secret of ['pgpassword', 'mongopassword', '123:token', 'whsecret', 'other'])
      expect((await result).stderr).not.toContain(secret)
  })

  test('a folder without .env', async () => {
    await tool('kubectl', 'exit 1')
    await rm(env('minikube'))
    await expectRefusal(run('minikube/run.sh', '--no-platform'), 'there is no')
  })

  test('a cluster that does not answer, and says how to start one', async () => {
    await tool('kubectl', 'echo "connection refused" >&2; exit 1')
    await tool('minikube', 'exit 1')
    await writeEnv('minikube')
    await expectRefusal(run('minikube/run.sh'), 'minikube start --profile minikube --cpus 4 --memory 8g')
    await expectRefusal(run('minikube/run.sh', '--no-platform'), "no cluster answers in kubectl's context;")
    await expectRefusal(run('minikube/terminate.sh'), 'no cluster answers')
  })
})

const noShellcheck = spawnSync('shellcheck', ['--version']).status !== 0
test.skipIf(noShellcheck)(
  `shellcheck finds nothing in the scripts${noShellcheck ? ' (skipped: it is not on PATH)' : ''}`,
  () => {
    const scripts = [
      ...['run.sh', 'terminate.sh', 'other-vigia.sh'].map(name => `minikube/${name}`),
      ...[
        'onprem/seal.sh',
        'environment.sh',
        'dead-letters.sh',
        'doctor.sh',
        'restore.sh',
        'run-job.sh',
        'vigia-yaml.sh',
      ],
    ]
    const { stdout, status } = spawnSync(
      'shellcheck',
      ['--external-sources', ...scripts.map(name => join('infra/cluster', name))],
      { cwd: root, encoding: 'utf8' },
    )
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
  },
)

test("run.sh and terminate.sh use minikube's cluster, not kubectl's current context", async () => {
  await tool('kubectl', 'echo "$@" >> "$(dirname "$0")/calls"; exit 1')
  await tool('minikube', 'exit 1')
  await writeEnv('minikube')
  await run('minikube/run.sh')
  await run('minikube/terminate.sh', '--purge')
  const calls = (await readFile(join(tools, 'calls'), 'utf8')).trim().split('\n')
  expect(calls.length).toBeGreaterThan(1)
  for (const line of calls) expect(line).toMatch(/^--context minikube /)
})

describe.skipIf(process.platform === 'win32')('with --no-platform', () => {
  /**
   * A kubectl that answers only what the scripts read. It writes every call to the file `calls`, and every change
   * fails.
   */
  const kubectlWithBroker = (broker: string) =>
    tool(
      'kubectl',
      `echo "$@" >> "$(dirname "$0")/calls"
case "$*" in
  *'get customresourcedefinitions '*) echo crd/brokers ;;
  *'get brokers.eventing.knative.dev '*) ${broker} ;;
  *'get namespace '* | *version*) ;;
  *) exit 1 ;;
esac`,
    )
  const calls = async () => (await readFile(join(tools, 'calls'), 'utf8')).trim().split('\n')
  const scripts = [
    ['minikube/run.sh', '--no-platform'],
    ['minikube/terminate.sh', '--no-platform'],
    ['minikube/terminate.sh', '--no-platform', '--purge', '--context', 'production'],
  ] as const

  test.each(['Kafka', 'RabbitMQBroker'])(
    'the scripts do not change a Vigia whose Broker is of class %s',
    async broker => {
      await kubectlWithBroker(`echo ${broker}`)
      await writeEnv('minikube')
      for (const [script, ...options] of scripts) await expectRefusal(run(script, ...options), `is of class ${broker}`)
      for (const line of await calls()) expect(line).toMatch(/(^| )(version|get) /)
    },
  )

  test('the scripts change nothing when they cannot read the Broker', async () => {
    await kubectlWithBroker('exit 1')
    await writeEnv('minikube')
    for (const [script, ...options] of scripts) await expectRefusal(run(script, ...options), 'cannot read the Broker')
  })

  test("terminate.sh works when the Broker is of minikube's class, and when there is none", async () => {
    for (const broker of ['echo MTChannelBasedBroker', ':']) {
      await kubectlWithBroker(broker)
      const { code, stdout } = await run('minikube/terminate.sh', '--no-platform')
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'there is no namespace vigia: nothing to remove\n' })
    }
  })

  test('--purge needs the name of a context, and purges only that context', async () => {
    await kubectlWithBroker(':')
    await expectRefusal(run('minikube/terminate.sh', '--purge', '--no-platform'), 'needs --context <name>')
    await expectRefusal(
      run('minikube/terminate.sh', '--purge', '--no-platform', '--context'),
      '--context needs the name',
    )
    await expectRefusal(run('minikube/terminate.sh', '--context', 'kind'), '--context needs --no-platform')
    await tool(
      'kubectl',
      `echo "$@" >> "$(dirname "$0")/calls"
case "$*" in *'get namespace '*) echo namespace/vigia ;; esac`,
    )
    await run('minikube/terminate.sh', '--no-platform', '--context', 'kind', '--purge')
    const lines = await calls()
    expect(lines.at(-1)).toBe('--context kind delete namespace vigia')
    for (const line of lines) expect(line).toMatch(/^--context kind /)
  })
})

test('terminate.sh deletes every kind that the overlay has, and no volume', async () => {
  const script = await readFile(join(cluster, 'minikube/terminate.sh'), 'utf8')
  const kinds = /^kinds=\(([^)]*)\)/m.exec(script)![1]!.trim().split(/\s+/)
  const plural = (kind: string) => `${kind.replace(/(?<![aeiou])y$/, 'ie').replace(/s$/, 'se')}s`
  const wanted = (await renderOverlay('minikube'))
    .filter(({ kind }) => kind !== 'Namespace')
    .map(({ apiVersion, kind }) => [plural(kind.toLowerCase()), ...apiVersion.split('/').slice(0, -1)].join('.'))
  expect(new Set(kinds)).toEqual(new Set(wanted))
  expect(script).not.toMatch(/delete persistentvolume/)
})

describe.skipIf(kubectl === undefined)(
  `seal.sh${kubectl === undefined ? ' (skipped: no kubectl from npm for this platform)' : ''}`,
  () => {
    // A stand-in for kubeseal: it reads a Secret and writes a SealedSecret with the same keys and constant values.
    const kubeseal = String.raw`
echo "$@" >> "$(dirname "$0")/calls"
secret=$(cat)
printf '%s\n' 'apiVersion: bitnami.com/v1alpha1' 'kind: SealedSecret' 'metadata:'
sed -n 's/^  \(name: .*\)/  \1/p; s/^  \(namespace: .*\)/  \1/p' <<<"$secret"
printf '%s\n' 'spec:' '  encryptedData:'
sed -n 's/^  \([A-Z_]*\): .*/    \1: AgB/p' <<<"$secret"`
    const sealed = () => readFile(join(cluster, 'onprem/sealed-secrets.yaml'), 'utf8')

    beforeEach(() => symlink(kubectl!, join(tools, 'kubectl')))

    test('seals each key of .env into its Secret; after that the overlay can be applied', async () => {
      await tool('kubeseal', kubeseal)
      await writeEnv('onprem', text => text.replace('TELEGRAM_OPS_CHAT_ID=', 'TELEGRAM_OPS_CHAT_ID=-100'))
      await mkdir(join(cluster, 'keys'))
      await writeFile(join(cluster, 'keys/cluster.pem'), '')
      const { code, stderr } = await run('onprem/seal.sh', '--cert', join(cluster, 'keys/cluster.pem'))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const found = parseManifests(await kustomize(join(cluster, 'onprem')), 'onprem').filter(
        ({ kind }) => kind === 'SealedSecret',
      )
      expect(
        Object.fromEntries(found.map(({ metadata, spec }) => [metadata.name, Object.keys(spec.encryptedData)])),
      ).toEqual({
        'vigia-postgres': ['DATABASE_URL', 'POSTGRES_PASSWORD'],
        'vigia-mongodb': ['MONGODB_PASSWORD', 'MONGODB_URI'],
        'vigia-telegram': ['TELEGRAM_BOT_TOKEN', 'TELEGRAM_OPS_CHAT_ID', 'TELEGRAM_WEBHOOK_SECRET'],
      })
      for (const { metadata } of found) expect(metadata.labels).not.toHaveProperty('vigia.dev/sealed')
      expect(await readFile(join(tools, 'calls'), 'utf8')).toBe(
        `--format yaml --cert ${join(cluster, 'keys/cluster.pem')}\n`.repeat(3),
      )
      expect(await sealed()).not.toMatch(/password|token|whsecret/)
    })

    test('when the controller does not answer, the file is unchanged and no other file remains', async () => {
      await tool('kubeseal', '[[ -e "$(dirname "$0")/once" ]] && exit 1; : > "$(dirname "$0")/once"; cat')
      await writeEnv('onprem')
      const before = [await sealed(), await readdir(join(cluster, 'onprem'))]
      await expectRefusal(
        run('onprem/seal.sh'),
        'kubeseal did not seal vigia-mongodb; sealed-secrets.yaml is unchanged',
      )
      expect([await sealed(), await readdir(join(cluster, 'onprem'))]).toEqual(before)
    })

    test('ends with an error in one line for what it cannot use', async () => {
      await expectRefusal(run('onprem/seal.sh'), 'kubeseal is not on PATH')
      await tool('kubeseal', kubeseal)
      await expectRefusal(run('onprem/seal.sh'), 'there is no')
      await expectRefusal(run('onprem/seal.sh', '--force'), 'unknown option --force')
      await expectRefusal(run('onprem/seal.sh', '--cert', join(cluster, 'none.pem')), 'cannot read')
      await writeEnv('onprem', text => text.replace('123:token', '<token of the bot>'))
      await expectRefusal(run('onprem/seal.sh'), 'TELEGRAM_BOT_TOKEN')
    })
  },
)
