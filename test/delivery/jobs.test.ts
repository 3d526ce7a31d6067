import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '#infra/repository.ts'

// The scripts that run a program of the image in a Job or a Pod. A stub of kubectl records its arguments.

const programs = 'bash basename cat chmod dirname env sed sleep'.split(' ')
let tools: string

beforeEach(async () => {
  tools = await mkdtemp(join(tmpdir(), 'vigia-tools-'))
  onTestFinished(() => rm(tools, { recursive: true, force: true }))
  for (const name of programs)
    await symlink(['/usr/bin', '/bin'].map(place => join(place, name)).find(existsSync)!, join(tools, name))
})

/**
 * Writes a stub of kubectl for a cluster with the image registry/vigia:1. The restore's Pod ends in `phase`, the Pod of
 * the doctor with `exitCode`.
 */
const kubectl = async ({ phase = 'Succeeded', isReady = true, exitCode = 0 } = {}) => {
  const script = `#!/usr/bin/env bash
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case "$*" in
  *'get ksvc error-notifier '*) printf registry/vigia:1 ;;
  *'get broker default '*) printf http://broker.example/vigia/default ;;
  *' create '* | 'create '*) cat > "$here/created"; echo job.batch/job-x ;;
  *'wait --for=condition=Ready '*) ${isReady ? ':' : 'exit 1'} ;;
  *' attach '*) cat > "$here/sent"; exit 1 ;;
  *'get pod restore '*) printf ${phase} ;;
  *'get pods -l job-name=job-x '*)
    # The exit code comes only with the second question.
    if [[ -e $here/asked ]]; then printf '${exitCode}'; else echo > "$here/asked"; fi ;;
  *' logs '*) echo 'what the log says' ;;
esac`
  await writeFile(join(tools, 'kubectl'), script)
  await chmod(join(tools, 'kubectl'), 0o755)
}

const run = (script: string, ...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>(resolve =>
    execFile(join(root, 'infra/cluster', script), args, { env: { PATH: tools } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  )
const recorded = async (name: string) => (await readFile(join(tools, name), 'utf8').catch(() => '')).trimEnd()
const created = async () => parse(await recorded('created'))

describe.skipIf(process.platform === 'win32')('dead-letters.sh', () => {
  test.each([
    [[], ['list']],
    [
      ['list', '--limit', '200'],
      ['list', '--limit', '200'],
    ],
    [
      ['replay', '7', '8'],
      ['replay', '7', '8'],
    ],
  ])(
    '%j creates a Job with the image, the address of the Broker and these arguments, and shows its log',
    async (args, expectedArgs) => {
      await kubectl()
      expect(await run('dead-letters.sh', ...args)).toEqual({ code: 0, stdout: 'what the log says\n', stderr: '' })
      const { kind, spec } = await created()
      const [container] = spec.template.spec.containers
      expect({ kind, image: container.image, args: container.args }).toEqual({
        kind: 'Job',
        image: 'registry/vigia:1',
        args: expectedArgs,
      })
      expect(container.env).toContainEqual({ name: 'K_SINK', value: 'http://broker.example/vigia/default' })
    },
  )

  test('an argument with characters of YAML or shell is refused before any call to the cluster', async () => {
    await kubectl()
    for (const argument of ['x"]', '$(id)', 'a b', ''])
      expect(await run('dead-letters.sh', 'show', argument)).toMatchObject({ code: 2, stdout: '' })
    expect(await recorded('calls')).toBe('')
  })
})

describe.skipIf(process.platform === 'win32')('doctor.sh', () => {
  test.each([
    [[], [], 0],
    [['--json'], ['--json'], 1],
  ])(
    '%j creates a Job with these arguments, shows the log of the Job, and exits with the exit code of the Job',
    async (args, expectedArgs, code) => {
      await kubectl({ exitCode: code })
      expect(await run('doctor.sh', ...args)).toEqual({ code, stdout: 'what the log says\n', stderr: '' })
      const { kind, spec } = await created()
      const [container] = spec.template.spec.containers
      expect({ kind, image: container.image, args: container.args }).toEqual({
        kind: 'Job',
        image: 'registry/vigia:1',
        args: expectedArgs,
      })
      expect(container.env).toContainEqual({ name: 'K_SINK', value: 'http://broker.example/vigia/default' })
    },
  )

  test('any other argument is refused before any call to the cluster', async () => {
    await kubectl()
    for (const args of [['x"]'], ['--json', '--json'], ['$(id)']])
      expect(await run('doctor.sh', ...args)).toMatchObject({ code: 2, stdout: '' })
    expect(await recorded('calls')).toBe('')
  })
})

describe.skipIf(process.platform === 'win32')('vigia-yaml.sh', () => {
  let file: string
  beforeEach(async () => {
    file = join(tools, 'monitors of the shop.yaml')
    await writeFile(file, 'chats: []\n')
  })
  const path = '/etc/vigia/vigia.yaml'

  test.each([
    [['plan'], [], ['plan', path], 0],
    [['apply'], [], ['apply', path], 1],
    [['apply'], ['--yes'], ['apply', path, '--yes'], 0],
  ])(
    '%j stores the file in a ConfigMap, creates a Job and exits with its exit code',
    async (verb, more, args, code) => {
      await kubectl({ exitCode: code })
      expect(await run('vigia-yaml.sh', ...verb, file, ...more)).toEqual({
        code,
        stdout: 'what the log says\n',
        stderr: '',
      })
      expect(await recorded('calls')).toContain(
        `create configmap vigia-yaml --from-file=vigia.yaml=${file} --dry-run=client`,
      )
      const { kind, spec } = await created()
      const [container] = spec.template.spec.containers
      expect({ kind, image: container.image, args: container.args }).toEqual({
        kind: 'Job',
        image: 'registry/vigia:1',
        args,
      })
    },
  )

  test('export needs no file, and may name a chat', async () => {
    await kubectl()
    expect((await run('vigia-yaml.sh', 'export')).code).toBe(0)
    expect((await created()).spec.template.spec.containers[0].args).toEqual(['export'])
    await rm(join(tools, 'asked'))
    expect((await run('vigia-yaml.sh', 'export', '--chat=-1001234567890')).code).toBe(0)
    expect((await created()).spec.template.spec.containers[0].args).toEqual(['export', '--chat=-1001234567890'])
    expect(await recorded('calls')).not.toContain('configmap')
  })

  test('any other argument is refused before any call to the cluster', async () => {
    await kubectl()
    for (const args of [
      [],
      ['plan'],
      ['plan', 'gone.yaml'],
      ['plan', file, '--yes'],
      ['apply', file, '$(id)'],
      ['export', '--chat=$(id)'],
    ])
      expect(await run('vigia-yaml.sh', ...args)).toMatchObject({ code: 2, stdout: '' })
    expect(await recorded('calls')).toBe('')
  })
})

describe.skipIf(process.platform === 'win32')('restore.sh', () => {
  let file: string
  beforeEach(async () => {
    file = join(tools, 'a backup')
    await writeFile(file, 'bytes of a backup')
  })

  test('sends the file to a Pod with the image, shows its log and deletes the Pod', async () => {
    await kubectl()
    expect(await run('restore.sh', file, '--yes')).toEqual({ code: 0, stdout: 'what the log says\n', stderr: '' })
    expect(await recorded('sent')).toBe('bytes of a backup')
    const { kind, metadata, spec } = await created()
    expect({ kind, name: metadata.name, image: spec.containers[0].image }).toEqual({
      kind: 'Pod',
      name: 'restore',
      image: 'registry/vigia:1',
    })
    expect((await recorded('calls')).split('\n').at(-1)).toContain('delete pod restore')
  })

  test.each([
    ['fails', { phase: 'Failed' }],
    ['does not start', { isReady: false }],
  ])('exits with 1 and deletes the Pod if the Pod %s', async (_, how) => {
    await kubectl(how)
    expect((await run('restore.sh', file, '--yes')).code).toBe(1)
    expect((await recorded('calls')).split('\n').at(-1)).toContain('delete pod restore')
  })

  test('does not call the cluster without --yes or with a file that does not exist', async () => {
    await kubectl()
    expect(await run('restore.sh', file)).toMatchObject({ code: 2, stdout: '' })
    expect(await run('restore.sh')).toMatchObject({ code: 2, stdout: '' })
    expect(await run('restore.sh', join(tools, 'gone'), '--yes')).toMatchObject({ code: 1, stdout: '' })
    expect(await recorded('calls')).toBe('')
  })
})

describe('the Pod of the restore', () => {
  test('meets the restricted level of Pod Security, and has the label that the network policies allow', async () => {
    const { metadata, spec } = parse(await readFile(join(root, 'infra/cluster/restore.yaml'), 'utf8'))
    expect(metadata.labels['app.kubernetes.io/name']).toBe('restore')
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(spec.containers[0]).toMatchObject({ stdin: true, stdinOnce: true })
    expect(spec.containers[0].volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }])
  })
})
