import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { type Machine, skipReason } from './requirements.ts'

const sufficient: Machine = {
  system: 'linux-x64',
  isRoot: true,
  memoryBytes: 8.2e9,
  hasProgram: () => true,
  filesystems: 'nodev\tproc\nnodev\toverlay\n\text4\n',
  exists: () => true,
}

test('a machine with all that the cluster needs gives no reason to skip the tests', () => {
  expect(skipReason(sufficient)).toBeUndefined()
})

test.each<[string, Partial<Machine>, string]>([
  ['another system', { system: 'darwin-arm64' }, 'it needs Linux on x64; this machine is darwin-arm64'],
  ['no root', { isRoot: false }, 'it needs root, because it makes namespaces and mounts'],
  ['little memory', { memoryBytes: 4 * 1024 ** 3 }, 'it needs 8 GiB of memory; this machine has 4.0 GiB'],
  [
    'no Go',
    { hasProgram: name => name !== 'go' },
    "go is not installed; Debian's package is golang (the version of test/cluster/programs/go.mod)",
  ],
  ['no nftables', { hasProgram: name => name !== 'nft' }, "nft is not installed; Debian's package is nftables"],
  [
    'no overlay file system',
    { filesystems: 'nodev\tproc\n' },
    'the kernel has no overlay file system; load it with: modprobe overlay',
  ],
  [
    'no filter for bridges',
    { exists: path => path !== '/proc/sys/net/bridge' },
    'the kernel does not filter the packets of bridges; load it with: modprobe br_netfilter',
  ],
  ['no cgroups', { exists: path => !path.startsWith('/sys/fs/cgroup') }, 'no cgroups are mounted at /sys/fs/cgroup'],
])('a machine with %s is told in one line what is missing', (_, lack, line) => {
  expect(skipReason({ ...sufficient, ...lack })).toBe(line)
})

/** Runs the command as a user who is not root. */
const asOtherUser = async (env: NodeJS.ProcessEnv = {}) => {
  const home = await mkdtemp(join(tmpdir(), 'vigia-knative-user-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  await chmod(home, 0o777)
  const { status, stdout } = spawnSync(process.execPath, ['test/knative/main.ts', 'first-install'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CI: '', HOME: home, TMPDIR: home, ...env },
    ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  })
  return { status, stdout }
}

test('another user than root gets one line with the reason, and skipped tests', async () => {
  const { status, stdout } = await asOtherUser()
  expect(stdout).toMatch(/^The tests on Knative are skipped: it needs .+\n/)
  expect(stdout).toMatch(/Tests .*skipped/)
  expect(status).toBe(0)
})

test('where the tests are required, a missing requirement is a failure', async () => {
  const { status, stdout } = await asOtherUser({ VIGIA_KNATIVE: 'required' })
  expect(stdout).toMatch(/^No cluster: it needs .+\n$/)
  expect(status).toBe(1)
})
