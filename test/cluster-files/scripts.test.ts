import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { copyClusterFiles, parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { kubeTool, kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'

// What the scripts do on a cluster is in test/cluster; here is what they do before they touch one, and without one.

const kubectl = await kubeTool('kubectl')

/** What the scripts use besides what they ask for. */
const programs = 'bash basename cat chmod dirname env grep mktemp mv rm sed tail'.split(' ')

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

/** A program on the script's PATH: a few lines of shell. */
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

const said: Record<string, string> = {
  'postgres password': 'pgpassword',
  'mongodb password': 'mongopassword',
  'token of the bot': '123:token',
  'webhook secret': 'whsecret',
}

/** The example as somebody fills it in, with one more change. */
const filled = async (overlay: string, change = (text: string) => text) => {
  const example = await readFile(`${env(overlay)}.example`, 'utf8')
  const values = example.replace(/^([A-Z_]+=.*)<(.*)>/gm, (_, before: string, name: string) => before + said[name])
  await writeFile(env(overlay), change(values))
}

const refused = async (result: ReturnType<typeof run>, words: string) => {
  const { code, stdout, stderr } = await result
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(words)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
}

describe.skipIf(process.platform === 'win32')('run.sh refuses in one line', () => {
  test('a machine without kubectl, or without minikube', async () => {
    await refused(run('minikube/run.sh'), 'kubectl is not on PATH')
    await tool('kubectl', 'exit 1')
    await refused(run('minikube/run.sh'), 'minikube is not on PATH')
  })

  test('options it does not know', async () => {
    await refused(run('minikube/run.sh', '--purge'), 'unknown option --purge')
    await refused(run('minikube/run.sh', '--timeout'), '--timeout needs a number of seconds')
    await refused(run('minikube/run.sh', '--timeout', '5m'), '--timeout needs a number of seconds')
    await refused(run('minikube/terminate.sh', '--everything'), 'unknown option --everything')
  })

  test.each<[string, (text: string) => string, string]>([
    ['a value that is missing', text => text.replace('=123:token', '='), 'has no value for TELEGRAM_BOT_TOKEN;'],
    ['a line that is missing', text => text.replace(/^MONGODB_URI.*\n/m, ''), 'has no value for MONGODB_URI;'],
    ["the example's words", text => text.replace('whsecret', '<webhook secret>'), 'words for TELEGRAM_WEBHOOK_SECRET'],
    ['a key that nothing reads', text => `${text}TELEGRAM_TOKEN=1\n`, 'has TELEGRAM_TOKEN, which nothing reads'],
    ['two passwords for one user', text => text.replace(':pgpassword@', ':other@'), 'is not its POSTGRES_PASSWORD'],
  ])('%s in .env, without saying any', async (_, change, words) => {
    await tool('kubectl', 'echo "kubectl was asked" >&2; exit 1')
    await filled('minikube', change)
    const result = run('minikube/run.sh', '--no-platform')
    await refused(result, words)
    for (const secret of ['pgpassword', 'mongopassword', '123:token', 'whsecret', 'other'])
      expect((await result).stderr).not.toContain(secret)
  })

  test('a folder without .env', async () => {
    await tool('kubectl', 'exit 1')
    await rm(env('minikube'))
    await refused(run('minikube/run.sh', '--no-platform'), 'there is no')
  })

  test('a cluster that does not answer, with how to have one', async () => {
    await tool('kubectl', 'echo "connection refused" >&2; exit 1')
    await tool('minikube', 'exit 1')
    await filled('minikube')
    await refused(run('minikube/run.sh'), 'minikube start --profile minikube --cpus 4 --memory 8g')
    await refused(run('minikube/run.sh', '--no-platform'), "no cluster answers in kubectl's context")
    await refused(run('minikube/terminate.sh'), 'no cluster answers')
  })
})

const noShellcheck = spawnSync('shellcheck', ['--version']).status !== 0
test.skipIf(noShellcheck)(`shellcheck has nothing to say${noShellcheck ? ' (skipped: it is not on PATH)' : ''}`, () => {
  const scripts = [
    ...['run.sh', 'terminate.sh', 'other-vigia.sh'].map(name => `minikube/${name}`),
    ...['onprem/seal.sh', 'environment.sh', 'dead-letters.sh', 'restore.sh'],
  ]
  const { stdout, status } = spawnSync(
    'shellcheck',
    ['--external-sources', ...scripts.map(name => join('infra/cluster', name))],
    { cwd: root, encoding: 'utf8' },
  )
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
})

test("run.sh asks minikube's own cluster, not the one that kubectl looks at", async () => {
  await tool('kubectl', 'echo "$@" >> "$(dirname "$0")/asked"; exit 1')
  await tool('minikube', 'exit 1')
  await filled('minikube')
  await run('minikube/run.sh')
  await run('minikube/terminate.sh', '--purge')
  const asked = (await readFile(join(tools, 'asked'), 'utf8')).trim().split('\n')
  expect(asked.length).toBeGreaterThan(1)
  for (const line of asked) expect(line).toMatch(/^--context minikube /)
})

describe.skipIf(process.platform === 'win32')("without minikube's own cluster", () => {
  /** A cluster as far as it is asked what it has; it writes down what it is asked and is changed by nothing. */
  const answering = (broker: string) =>
    tool(
      'kubectl',
      `echo "$@" >> "$(dirname "$0")/asked"
case "$*" in
  *'get customresourcedefinitions '*) echo crd/brokers ;;
  *'get brokers.eventing.knative.dev '*) ${broker} ;;
  *'get namespace '* | *version*) ;;
  *) exit 1 ;;
esac`,
    )
  const asked = async () => (await readFile(join(tools, 'asked'), 'utf8')).trim().split('\n')
  const scripts = [
    ['minikube/run.sh', '--no-platform'],
    ['minikube/terminate.sh', '--no-platform'],
    ['minikube/terminate.sh', '--no-platform', '--purge', '--context', 'production'],
  ] as const

  test.each(['Kafka', 'RabbitMQBroker'])('nothing is done to a Vigia whose Broker is of class %s', async broker => {
    await answering(`echo ${broker}`)
    await filled('minikube')
    for (const [script, ...options] of scripts) await refused(run(script, ...options), `is of class ${broker}`)
    for (const line of await asked()) expect(line).toMatch(/(^| )(version|get) /)
  })

  test('nothing is done where the Broker cannot be seen', async () => {
    await answering('exit 1')
    await filled('minikube')
    for (const [script, ...options] of scripts) await refused(run(script, ...options), 'cannot see the Broker')
  })

  test("a Vigia of minikube's kind, or none, may be ended", async () => {
    for (const broker of ['echo MTChannelBasedBroker', ':']) {
      await answering(broker)
      const { code, stdout } = await run('minikube/terminate.sh', '--no-platform')
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'there is no namespace vigia: nothing to end\n' })
    }
  })

  test('what cannot be had back is taken from a context that was named, and from no other', async () => {
    await answering(':')
    await refused(run('minikube/terminate.sh', '--purge', '--no-platform'), 'needs --context <name>')
    await refused(run('minikube/terminate.sh', '--purge', '--no-platform', '--context'), '--context needs the name')
    await refused(run('minikube/terminate.sh', '--context', 'kind'), '--context belongs to --no-platform')
    await run('minikube/terminate.sh', '--no-platform', '--context', 'kind', '--purge')
    const lines = await asked()
    expect(lines.at(-1)).toBe('--context kind delete namespace vigia --ignore-not-found')
    for (const line of lines) expect(line).toMatch(/^--context kind /)
  })
})

test('terminate.sh ends every kind that the overlay has, and no volume', async () => {
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
    // Like kubeseal it reads a Secret and writes a SealedSecret; unlike it, this one only counts what it would encrypt.
    const kubeseal = String.raw`
echo "$@" >> "$(dirname "$0")/asked"
secret=$(cat)
printf '%s\n' 'apiVersion: bitnami.com/v1alpha1' 'kind: SealedSecret' 'metadata:'
sed -n 's/^  \(name: .*\)/  \1/p; s/^  \(namespace: .*\)/  \1/p' <<<"$secret"
printf '%s\n' 'spec:' '  encryptedData:'
sed -n 's/^  \([A-Z_]*\): .*/    \1: AgB/p' <<<"$secret"`
    const sealed = () => readFile(join(cluster, 'onprem/sealed-secrets.yaml'), 'utf8')

    beforeEach(() => symlink(kubectl!, join(tools, 'kubectl')))

    test('seals what .env says, each key into the Secret it is for; then the overlay is one that can be applied', async () => {
      await tool('kubeseal', kubeseal)
      await filled('onprem', text => text.replace('TELEGRAM_OPS_CHAT_ID=', 'TELEGRAM_OPS_CHAT_ID=-100'))
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
      expect(await readFile(join(tools, 'asked'), 'utf8')).toBe(
        `--format yaml --cert ${join(cluster, 'keys/cluster.pem')}\n`.repeat(3),
      )
      expect(await sealed()).not.toMatch(/password|token|whsecret/)
    })

    test('a controller that does not answer leaves the file as it was, and nothing beside it', async () => {
      await tool('kubeseal', '[[ -e "$(dirname "$0")/once" ]] && exit 1; : > "$(dirname "$0")/once"; cat')
      await filled('onprem')
      const before = [await sealed(), await readdir(join(cluster, 'onprem'))]
      await refused(run('onprem/seal.sh'), 'kubeseal did not seal vigia-mongodb; sealed-secrets.yaml is as it was')
      expect([await sealed(), await readdir(join(cluster, 'onprem'))]).toEqual(before)
    })

    test('what it cannot use is refused in one line', async () => {
      await refused(run('onprem/seal.sh'), 'kubeseal is not on PATH')
      await tool('kubeseal', kubeseal)
      await refused(run('onprem/seal.sh'), 'there is no')
      await refused(run('onprem/seal.sh', '--force'), 'unknown option --force')
      await refused(run('onprem/seal.sh', '--cert', join(cluster, 'none.pem')), 'cannot read')
      await filled('onprem', text => text.replace('123:token', '<token of the bot>'))
      await refused(run('onprem/seal.sh'), 'TELEGRAM_BOT_TOKEN')
    })
  },
)
