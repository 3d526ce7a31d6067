import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '#infra/repository.ts'
import { until } from '#test/support/until.ts'
import { initConfigFor, inventory, kubeadm, kubeadmSkipReason, readMachineFile, tool } from './support/kubeadm-tool.ts'
import { type NetnsLab, netnsLabSkipReason, openNetnsLab, type Running } from './support/netns-lab.ts'

const reason = kubeadmSkipReason ?? (await netnsLabSkipReason(['curl', 'bash'], 'iproute2 curl'))
if (reason !== undefined && process.env.VIGIA_MACHINE_ROOM === 'required') throw new Error(reason)
if (reason !== undefined) process.stderr.write(`skipped: ${reason}\n`)

const { controlPlanes } = inventory
const backup = parse(await readMachineFile('etcd-backup.yaml')).spec.jobTemplate.spec.template.spec

describe.skipIf(reason !== undefined)(`etcd${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: NetnsLab
  const running = new Map<string, Running>()
  const home = (name: string, path = '') => join(lab.home, name, 'root', path)
  const pki = (name: string, file = '') => home(name, join('etc/kubernetes/pki', file))
  const data = (name: string) => home(name, 'var/lib/etcd')

  beforeAll(async () => {
    lab = await openNetnsLab({
      machines: Object.fromEntries(controlPlanes.map(({ name, address }) => [name, address])),
      prefix: Number(inventory.lan.subnet.split('/')[1]),
      privateFolders: [],
    })
    const [first] = controlPlanes
    for (const machine of controlPlanes) {
      const { name } = machine
      for (const path of [
        'etc/kubernetes/manifests',
        'etc/kubernetes/pki/etcd',
        'var/lib',
        'bin',
        'snapshots',
        'scratch',
      ])
        await mkdir(home(name, path), { recursive: true })
      await writeFile(home(name, 'etc/kubernetes/manifests/etcd.yaml'), '')
      // The certificates as kubeadm makes them, and stand-ins for two programs of a real machine.
      if (name !== first!.name)
        for (const file of ['etcd/ca.crt', 'etcd/ca.key']) await cp(pki(first!.name, file), pki(name, file))
      for (const kind of ['ca', 'server', 'peer', 'healthcheck-client'])
        await kubeadm(home(name), await initConfigFor(machine, pki(name)), 'init', 'phase', 'certs', `etcd-${kind}`)
      await writeFile(home(name, 'bin/hostname'), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 })
      await writeFile(
        home(name, 'bin/crictl'),
        '#!/bin/sh\ncurl -s -m 2 -o /dev/null http://127.0.0.1:2381/metrics && echo etcd || true\n',
        { mode: 0o755 },
      )
      await start(name)
    }
    await healthy()
  }, 60_000)
  afterAll(() => lab?.close())

  const start = async (name: string) => {
    const { address } = controlPlanes.find(one => one.name === name)!
    const members = controlPlanes.map(one => `${one.name}=https://${one.address}:2380`).join(',')
    const tls = (prefix: string, of: string) => [
      ...[`--${prefix}cert-file=${pki(name, `etcd/${of}.crt`)}`, `--${prefix}key-file=${pki(name, `etcd/${of}.key`)}`],
      ...[`--${prefix}trusted-ca-file=${pki(name, 'etcd/ca.crt')}`, `--${prefix}client-cert-auth`],
    ]
    // The flags of kubeadm's static pod, without fsync.
    const flags = [
      ...[`--name=${name}`, `--data-dir=${data(name)}`, `--initial-cluster=${members}`],
      ...[`--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`],
      ...[`--advertise-client-urls=https://${address}:2379`, `--listen-peer-urls=https://${address}:2380`],
      ...[`--initial-advertise-peer-urls=https://${address}:2380`, '--listen-metrics-urls=http://127.0.0.1:2381'],
      ...[...tls('', 'server'), ...tls('peer-', 'peer'), '--unsafe-no-fsync', '--log-level=error'],
    ]
    running.set(name, await lab.start(name, [tool('server'), ...flags]))
  }

  /** Runs the command of a container of the CronJob on a machine. */
  const step = (name: string, command: string[]) => {
    const { address } = controlPlanes.find(one => one.name === name)!
    const [program, ...options] = command.map(word =>
      word
        .replace('$(HOST_IP)', address)
        .replace('/etcd-pki', pki(name, 'etcd'))
        .replace('/snapshots', home(name, 'snapshots'))
        .replace('/scratch', home(name, 'scratch')),
    )
    return lab.run(name, [tool(program!), ...options])
  }
  const connection: string[] = backup.initContainers[0].command.slice(0, 5)
  const etcdctl = async (name: string, ...command: string[]) => {
    const { code, output } = await step(name, [...connection, '--command-timeout=5s', ...command])
    if (code !== 0) throw new Error(output)
    return output.trim()
  }
  const healthy = () =>
    until(async () => (await etcdctl('cp1', 'endpoint', 'health', '--cluster')).match(/is healthy/g)?.length === 3, {
      timeoutMs: 60_000,
      what: 'three healthy members',
    })
  const script = (name: string, ...options: string[]) =>
    lab.run(name, [
      ...['env', `HOST_ROOT=${home(name)}`, `PATH=${home(name, 'bin')}:${tool('.')}:/usr/sbin:/usr/bin:/sbin:/bin`],
      ...['bash', join(root, 'infra/machines/etcd-restore.sh'), ...options],
    ])

  test("is restored from the CronJob's snapshot by the script after two of three members are lost", async () => {
    await etcdctl('cp1', 'put', 'followers', 'before')
    for (const { command } of backup.initContainers) expect(await step('cp2', command)).toMatchObject({ code: 0 })
    await etcdctl('cp1', 'put', 'followers', 'after')

    for (const name of ['cp1', 'cp3']) {
      await running.get(name)!.kill()
      await rm(data(name), { recursive: true })
    }
    await expect(etcdctl('cp2', 'put', 'followers', 'never')).rejects.toThrow(/deadline exceeded|no leader|timed out/)

    for (const { name } of controlPlanes) {
      const stopping = script(name, 'stop')
      // A kubelet stops a pod whose manifest is gone.
      await until(async () => (await readdir(home(name, 'etc/kubernetes/manifests'))).length === 0, {
        what: 'the stop',
      })
      await running.get(name)!.kill()
      expect(await stopping).toMatchObject({ code: 0 })
    }
    const snapshot = home('cp2', 'snapshots/unverified.db')
    for (const { name } of controlPlanes) {
      expect(await script(name, 'restore', snapshot)).toMatchObject({ code: 0 })
      expect(await readdir(home(name, 'etc/kubernetes/manifests'))).toEqual(['etcd.yaml'])
      await start(name)
    }
    await healthy()
    for (const { name } of controlPlanes) {
      const { kvs, header } = JSON.parse(await etcdctl(name, 'get', 'followers', '--write-out=json'))
      expect(Buffer.from(kvs[0].value, 'base64').toString()).toBe('before')
      // Above every revision that a controller can have seen.
      expect(header.revision).toBeGreaterThan(1_000_000_000)
    }
    await etcdctl('cp3', 'put', 'followers', 'again')
    expect(await etcdctl('cp1', 'get', 'followers', '--print-value-only')).toBe('again')
  })

  test('a truncated snapshot fails the verification', async () => {
    const [, verify] = backup.initContainers
    const whole = await readFile(home('cp2', 'snapshots/unverified.db'))
    await writeFile(home('cp1', 'snapshots/unverified.db'), whole.subarray(0, whole.length - 4096))
    expect(await step('cp1', verify.command)).toMatchObject({ code: 1, output: expect.stringContaining('sha256') })
  })
})
