import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { cgroupsNamed } from '#test/knative/cluster/cgroups.ts'
import { debianPrograms } from '#test/knative/cluster/debian.ts'
import { path, skipReason } from '#test/knative/cluster/requirements.ts'
import { until } from '#test/support/until.ts'

const run = promisify(execFile)
const available = () =>
  debianPrograms().then(
    () => undefined,
    (error: Error) => error.message,
  )
const reason = skipReason() ?? (await available())
if (reason !== undefined && process.env.VIGIA_KNATIVE === 'required') throw new Error(reason)
if (reason !== undefined) process.stderr.write(`skipped: ${reason}\n`)

const launcher = join(root, 'test/knative/cluster/launch.process.ts')

/**
 * What a cluster does: a daemon in a session of its own, in a cgroup below the one of the run; a mount; a pair of
 * network links. Prints its namespaces, one a line, and then "ready".
 */
const workload = `
  set -eu
  cgroup=$(sed 's/.*"cgroup":"\\([^"]*\\)".*/\\1/' /run/cluster/parts.json)
  setsid sh -c 'trap "" TERM INT HUP; while :; do sleep 1; done' &
  # With cgroups of version 1, each controller has its tree.
  for tree in /sys/fs/cgroup /sys/fs/cgroup/memory; do
    [ -d "$tree/$cgroup" ] || continue
    mkdir "$tree/$cgroup/pod"
    echo $! > "$tree/$cgroup/pod/cgroup.procs"
  done
  mkdir /run/cluster/volume
  mount -t tmpfs "$MARK" /run/cluster/volume
  ip link add name pod0 type veth peer name pod1
  echo written > /etc/vigia-knative-test
  for name in net mnt pid ipc uts; do readlink /proc/self/ns/$name; done
  echo ready
`

interface Run {
  launcher: ChildProcess
  /** In the environment of every process of the run. */
  mark: string
  /** Its lines until now. */
  output(): string
  /** `net:[4026532181]` and others. */
  namespaces: string[]
}

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** Starts the launcher with the workload and then this shell command, and waits until the workload is there. */
const start = async (then: string): Promise<Run> => {
  const mark = `vigia-launch-${randomUUID()}`
  const child = spawn(process.execPath, [launcher, 'sh', '-c', `${workload}\n${then}`], {
    cwd: root,
    env: { ...process.env, MARK: mark },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  let output = ''
  child.stdout.on('data', text => {
    output += text
  })
  await until(() => output.includes('ready\n') || child.exitCode !== null, {
    what: 'the workload in the namespaces',
    timeoutMs: 60_000,
  })
  expect(output).toContain('ready\n')
  return { launcher: child, mark, output: () => output, namespaces: output.match(/^\w+:\[\d+\]$/gm) ?? [] }
}

const ended = async ({ launcher: child }: Run): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** A file of a process, or '' when the process has ended. */
const ofProcess = (pid: string, read: (folder: string) => string): string => {
  try {
    return read(join('/proc', pid))
  } catch {
    return ''
  }
}

const pids = () => readdirSync('/proc').filter(name => /^\d+$/.test(name))

/** What is left of a run in the kernel: processes, namespaces, mounts and network links. */
const leftInKernel = async ({ mark, namespaces }: Run) => {
  const { stdout } = await run('ip', ['-oneline', 'link'], { env: { PATH: path } })
  return {
    processes: pids().filter(pid => ofProcess(pid, folder => readFileSync(`${folder}/environ`, 'utf8')).includes(mark)),
    namespaces: pids().filter(pid =>
      ['net', 'mnt', 'pid', 'ipc', 'uts'].some(name =>
        namespaces.includes(ofProcess(pid, folder => readlinkSync(`${folder}/ns/${name}`))),
      ),
    ),
    // A namespace without processes lives on where a file of it is mounted.
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter(line => [mark, ...namespaces].some(name => line.includes(name))),
    links: stdout.split('\n').filter(line => /\b(node0|pod0|pod1)\b/.test(line)),
  }
}

const nothing = { processes: [], namespaces: [], mounts: [], links: [] }

/** What is left of a run on the disk and in the tree of cgroups. */
const leftOnDisk = async ({ launcher: { pid } }: Run) => ({
  folders: [join(root, '.build/knative/runs', String(pid))].filter(existsSync),
  cgroups: (await cgroupsNamed('vigia-knative-')).filter(name => name === `vigia-knative-${pid}`),
})

const untilNothingRuns = async (one: Run) => {
  await until(async () => Object.values(await leftInKernel(one)).every(found => found.length === 0), {
    what: 'the end of every process of the run',
  }).catch(() => {})
  expect(await leftInKernel(one)).toEqual(nothing)
}

describe.skipIf(reason !== undefined)(`a cluster for the tests on Knative${reason ? ` (${reason})` : ''}`, () => {
  test('has processes and namespaces of its own while it runs, and the machine sees none of its mounts, network links and files', async () => {
    const one = await start('while :; do sleep 1; done')
    const left = await leftInKernel(one)
    expect(left.processes.length).toBeGreaterThan(3)
    expect(left.namespaces.length).toBeGreaterThan(2)
    expect([left.mounts, left.links]).toEqual([[], []])
    expect(await leftOnDisk(one)).toEqual({ folders: [expect.any(String)], cgroups: [expect.any(String)] })
    expect(existsSync('/etc/vigia-knative-test')).toBe(false)
    one.launcher.kill('SIGTERM')
    await ended(one)
  })

  test.each([1, 2])(
    'leaves nothing when its command ends, and returns the exit code of the command (run %i)',
    async () => {
      const one = await start('exit 3')
      expect(await ended(one)).toBe(3)
      expect(await leftInKernel(one)).toEqual(nothing)
      expect(await leftOnDisk(one)).toEqual({ folders: [], cgroups: [] })
    },
  )

  test.each(['SIGTERM', 'SIGINT'] as const)('leaves nothing when it gets %s', async signal => {
    const one = await start('while :; do sleep 1; done')
    one.launcher.kill(signal)
    expect(await ended(one)).toBe(1)
    await untilNothingRuns(one)
    expect(await leftOnDisk(one)).toEqual({ folders: [], cgroups: [] })
  })

  test('leaves only its folder and its cgroup when it is killed, and the next run removes them', async () => {
    const killed = await start('while :; do sleep 1; done')
    killed.launcher.kill('SIGKILL')
    await ended(killed)
    await untilNothingRuns(killed)
    expect(await leftOnDisk(killed)).toEqual({ folders: [expect.any(String)], cgroups: [expect.any(String)] })

    const next = await start('exit 0')
    expect(next.output()).toContain(`Removing what the killed run ${killed.launcher.pid} has left\n`)
    expect(await ended(next)).toBe(0)
    for (const one of [killed, next]) expect(await leftOnDisk(one)).toEqual({ folders: [], cgroups: [] })
  })

  test('does not touch another run', async () => {
    const first = await start('while :; do sleep 1; done')
    const second = await start('exit 0')
    expect(await ended(second)).toBe(0)
    expect(await leftOnDisk(first)).toEqual({ folders: [expect.any(String)], cgroups: [expect.any(String)] })
    expect((await leftInKernel(first)).processes.length).toBeGreaterThan(3)
    first.launcher.kill('SIGTERM')
    await ended(first)
  })
})
