import { execFile, execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { readInventory } from '#infra/machines/inventory.ts'
import { root } from '#infra/repository.ts'
import { authority } from '../functions/dial/support/certificates.ts'

const folder = join(root, 'infra/machines')
const inventory = readInventory('inventory.yaml', await readFile(join(folder, 'inventory.yaml'), 'utf8'))

const has = (program: string) => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`])
    return true
  } catch {
    return false
  }
}

/** A machine: its file system is a temporary folder, and shell scripts replace its programs (name and script). */
const machine = async (files: Record<string, string>, programs: Record<string, string>) => {
  const home = await mkdtemp(join(tmpdir(), 'vigia-machine-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const bin = join(home, 'bin')
  await mkdir(bin)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, path)), { recursive: true })
    await writeFile(join(home, path), content)
  }
  const provide = async (name: string, script: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  for (const [name, script] of Object.entries(programs)) await provide(name, script)
  return {
    home,
    provide,
    read: (path: string) => readFile(join(home, path), 'utf8'),
    list: async (path: string) => (await readdir(join(home, path))).toSorted(),
    run: (script: string, ...options: string[]) =>
      new Promise<{ code: number; output: string }>(resolve =>
        execFile(
          'bash',
          [join(folder, script), ...options],
          { cwd: home, env: { PATH: [bin, process.env.PATH].join(delimiter), HOST_ROOT: home, HOME: home } },
          (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
        ),
      ),
  }
}

const manifests = 'etc/kubernetes/manifests'
const controlPlane = () =>
  machine(
    {
      [`${manifests}/etcd.yaml`]: 'etcd',
      'var/lib/etcd/member/data': 'before',
      'good.db': 'snapshot',
      'bad.db': 'torn',
    },
    {
      hostname: 'echo cp2',
      crictl: ':',
      etcdutl: `echo "$*" >> "$HOST_ROOT/etcdutl-calls"
        ! grep -q torn "$3" || exit 1
        while [ "$1" != --data-dir ]; do shift; done
        mkdir -p "$2/member" && echo after > "$2/member/data"`,
    },
  )

test('etcd is restored on a stopped control plane under its own member name, and the old data stays', async () => {
  const cp2 = await controlPlane()
  expect(await cp2.run('etcd-restore.sh', 'stop')).toMatchObject({ code: 0 })
  expect(await cp2.list(manifests)).toEqual([])
  const { code, output } = await cp2.run('etcd-restore.sh', 'restore', 'good.db')
  expect(code).toBe(0)

  const restore = await cp2.read('etcdutl-calls')
  const members = inventory.controlPlanes.map(({ name, address }) => `${name}=https://${address}:2380`).join(',')
  expect(restore).toContain(`snapshot restore good.db --name cp2 --initial-cluster ${members} `)
  expect(restore).toContain(`--initial-advertise-peer-urls https://${inventory.controlPlanes[1]!.address}:2380 `)
  expect(restore).toContain('--bump-revision 1000000000 --mark-compacted')

  expect(await cp2.read('var/lib/etcd/member/data')).toBe('after\n')
  const [, kept] = await cp2.list('var/lib')
  expect(kept).toMatch(/^etcd\.before-\d{8}T\d{6}Z$/)
  expect(await cp2.read(`var/lib/${kept}/member/data`)).toBe('before')
  expect(output).toBe(`cp2: restored; the old data is in ${join(cp2.home, 'var/lib', kept!)}\n`)
  expect(await cp2.list(manifests)).toEqual(['etcd.yaml'])
})

test('etcd is restored on a control plane without old data, and no old data is promised', async () => {
  const cp2 = await controlPlane()
  await rm(join(cp2.home, 'var/lib/etcd'), { recursive: true })
  await cp2.run('etcd-restore.sh', 'stop')
  expect(await cp2.run('etcd-restore.sh', 'restore', 'good.db')).toEqual({
    code: 0,
    output: 'cp2: restored; there was no old data\n',
  })
  expect(await cp2.list('var/lib')).toEqual(['etcd'])
})

test('etcd-restore.sh changes nothing when a precondition fails, and names the precondition in one line', async () => {
  const cp2 = await controlPlane()
  const expectRefusal = async (message: string, ...options: string[]) => {
    const { code, output } = await cp2.run('etcd-restore.sh', ...options)
    expect(output).toContain(message)
    expect(output.trim()).not.toContain('\n')
    expect(code).toBe(1)
    expect(await cp2.read('var/lib/etcd/member/data')).toBe('before')
    expect(await cp2.list('var/lib')).toEqual(['etcd'])
  }
  await expectRefusal('usage: etcd-restore.sh stop | restore <snapshot>')
  await expectRefusal('run "stop" on every control plane first', 'restore', 'good.db')
  await expectRefusal('there is no snapshot ', 'restore')

  await cp2.run('etcd-restore.sh', 'stop')
  await expectRefusal('so etcd is already stopped here', 'stop')
  await expectRefusal('there is no snapshot none.db', 'restore', 'none.db')
  await expectRefusal('could not restore bad.db; nothing was changed; use another snapshot', 'restore', 'bad.db')
  await cp2.provide('crictl', 'echo 4f2a')
  await expectRefusal('etcd or the API server still runs', 'restore', 'good.db')
  await cp2.provide('crictl', 'exit 1')
  await expectRefusal('crictl cannot list the containers; is containerd running?', 'restore', 'good.db')
  await cp2.provide('crictl', ':')
  await cp2.provide('hostname', 'echo w1')
  await expectRefusal(
    'this machine is w1, which is not a control plane; run this on cp1, cp2, cp3',
    'restore',
    'good.db',
  )
})

test('a backup keeps the newest snapshots, and only verified ones', async () => {
  const { spec } = parse(await readFile(join(folder, 'etcd-backup.yaml'), 'utf8')).spec.jobTemplate.spec.template
  const [keep] = spec.containers
  const [program, flags, script] = keep.command
  expect(spec.initContainers.map(({ name }: { name: string }) => name)).toEqual(['save', 'verify'])
  const names = ['etcd-20261118T001700Z.db', 'etcd-20261119T001700Z.db', 'etcd-20261120T001700Z.db']
  const { home, list } = await machine(
    Object.fromEntries([...names, 'unverified.db', 'notes.txt'].map(name => [`snapshots/${name}`, name])),
    {},
  )
  const run = () =>
    execFileSync(program, [flags, script], {
      env: { PATH: process.env.PATH, SNAPSHOTS: join(home, 'snapshots'), KEEP: '2' },
      stdio: 'pipe',
    })
  run()
  const [older, newest, ...rest] = await list('snapshots')
  expect(older).toBe(names[2])
  expect(newest).toMatch(/^etcd-\d{8}T\d{6}Z\.db$/)
  expect(rest).toEqual(['notes.txt'])
  expect(await readFile(join(home, 'snapshots', newest!), 'utf8')).toBe('unverified.db')
  // Without a new snapshot the script deletes no old one.
  expect(run).toThrow()
  expect(await list('snapshots')).toEqual([older, newest, 'notes.txt'])
})

const kubectl = await kubeTool('kubectl')

test.skipIf(kubectl === undefined)(
  'discovery.sh writes a file that only its owner can read, with the address, the CA and a token',
  async () => {
    const server = `https://${inventory.virtualIp.address}:6443`
    const admin = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'vigia', cluster: { server } }],
      users: [{ name: 'admin', user: { token: 'all-powerful' } }],
      contexts: [{ name: 'admin', context: { cluster: 'vigia', user: 'admin' } }],
      'current-context': 'admin',
    }
    const cp1 = await machine(
      { 'etc/kubernetes/admin.conf': JSON.stringify(admin), 'etc/kubernetes/pki/ca.crt': authority },
      {
        kubeadm: '[ "$*" = "token create --ttl 2h" ] && [ -r "$KUBECONFIG" ] && echo abcdef.0123456789abcdef',
        kubectl: `exec '${kubectl}' "$@"`,
      },
    )
    expect(await cp1.run('discovery.sh', 'discovery.conf')).toMatchObject({ code: 0 })
    const joining = parse(await cp1.read('discovery.conf'))
    expect(joining.clusters[0].cluster.server).toBe(server)
    expect(Buffer.from(joining.clusters[0].cluster['certificate-authority-data'], 'base64').toString()).toBe(authority)
    expect(joining.users[0].user).toEqual({ token: 'abcdef.0123456789abcdef' })
    expect(joining['current-context']).toBe('joining')
    expect((await stat(join(cp1.home, 'discovery.conf'))).mode & 0o777).toBe(0o600)

    await cp1.provide('kubeadm', 'echo "the API server does not answer" >&2; exit 1')
    expect((await cp1.run('discovery.sh', 'second.conf')).code).not.toBe(0)
    await rm(join(cp1.home, 'etc/kubernetes/admin.conf'))
    expect(await cp1.run('discovery.sh', 'third.conf')).toEqual({
      code: 1,
      output: expect.stringMatching(/^discovery\.sh: cannot read .*admin\.conf; run it as root on a control plane\n$/),
    })
    expect(await cp1.run('discovery.sh')).toEqual({
      code: 1,
      output: 'discovery.sh: usage: discovery.sh <file>, for example discovery.sh discovery.conf\n',
    })
    expect((await cp1.list('.')).filter(name => /second|third/.test(name))).toEqual([])
  },
)

test.skipIf(!has('shellcheck'))('shellcheck finds nothing in the scripts', () => {
  const scripts = ['discovery.sh', 'etcd-restore.sh'].map(name => join(folder, name))
  expect(execFileSync('shellcheck', scripts, { encoding: 'utf8' })).toBe('')
})
