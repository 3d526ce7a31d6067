import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { initConfigFor, inventory, kubeadm, kubeadmSkipReason, readMachineFile } from './support/kubeadm-tool.ts'

if (kubeadmSkipReason !== undefined) process.stderr.write(`skipped: ${kubeadmSkipReason}\n`)

const { controlPlanes, virtualIp } = inventory

const scratch = async () => {
  const home = await mkdtemp(join(tmpdir(), 'vigia-kubeadm-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  return home
}

describe.skipIf(kubeadmSkipReason !== undefined)(
  `kubeadm${kubeadmSkipReason === undefined ? '' : ` (${kubeadmSkipReason})`}`,
  () => {
    const paths = ['kubeadm/init.yaml', 'kubeadm/join-control-plane.yaml', 'kubeadm/join-worker.yaml']

    test.each(paths)('accepts %s, and refuses it with an unknown field', async path => {
      const home = await scratch()
      // kubeadm checks that this file exists.
      const config = (await readMachineFile(path)).replace(
        '/etc/kubernetes/discovery.conf',
        join(home, 'discovery.conf'),
      )
      await writeFile(join(home, 'discovery.conf'), '')
      expect(await kubeadm(home, config, 'config', 'validate')).toBe('ok\n')
      const broken = config.replace('criSocket:', 'criSokcet:')
      await expect(kubeadm(home, broken, 'config', 'validate')).rejects.toThrow(
        'unknown field "nodeRegistration.criSokcet"',
      )
    })

    test('runs the version of etcd whose tools make the backups', async () => {
      const images = await kubeadm(
        await scratch(),
        await readMachineFile('kubeadm/init.yaml'),
        'config',
        'images',
        'list',
      )
      expect(images).toContain(`/${inventory.etcdBackup.etcdImage}\n`)
      expect(images).toContain(`/kube-apiserver:v${inventory.kubernetes.version}\n`)
    })

    test("makes certificates for API servers with the virtual IP and with the name that HAProxy's check expects", async () => {
      const home = await scratch()
      const config = await initConfigFor(controlPlanes[1]!, home)
      for (const certificate of ['ca', 'apiserver']) await kubeadm(home, config, 'init', 'phase', 'certs', certificate)
      const certificate = new X509Certificate(await readFile(join(home, 'apiserver.crt')))
      expect(certificate.checkIP(virtualIp.address)).toBe(virtualIp.address)
      const [, wanted] = /verifyhost (\S+)/.exec(await readMachineFile('haproxy/haproxy.cfg'))!
      for (const name of [wanted!, virtualIp.name]) expect(certificate.checkHost(name)).toBe(name)
    })
  },
)
