import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { etcdBackup, etcdRestore } from './files/etcd.ts'
import { haproxy } from './files/haproxy.ts'
import { header } from './files/header.ts'
import { keepalived, keepalivedRestart } from './files/keepalived.ts'
import { kubeadmInit, kubeadmJoinControlPlane, kubeadmJoinWorker } from './files/kubeadm.ts'
import { containerd, hosts, modules, sysctl } from './files/node.ts'
import { registryConfig, registryHosts } from './files/registry.ts'
import { type Inventory, InventoryFault, readInventory } from './inventory.ts'

const folder = import.meta.dirname

/** The files that are generated from an inventory: content by path in this folder. */
export const generatedFiles = (inventory: Inventory): Map<string, string> =>
  new Map([
    ['haproxy/haproxy.cfg', haproxy(inventory)],
    ...inventory.balancers.map(
      balancer => [`keepalived/${balancer.name}.conf`, keepalived(inventory, balancer)] as const,
    ),
    ['keepalived/restart.conf', keepalivedRestart()],
    ['kubeadm/init.yaml', kubeadmInit(inventory)],
    ['kubeadm/join-control-plane.yaml', kubeadmJoinControlPlane(inventory)],
    ['kubeadm/join-worker.yaml', kubeadmJoinWorker(inventory)],
    ['node/containerd.toml', containerd()],
    ['node/hosts', hosts(inventory)],
    ['node/modules.conf', modules()],
    ['node/sysctl.conf', sysctl()],
    ['registry/config.yml', registryConfig(inventory)],
    ['registry/hosts.toml', registryHosts(inventory)],
    ['etcd-backup.yaml', etcdBackup(inventory)],
    ['etcd-restore.sh', etcdRestore(inventory)],
  ])

/**
 * The paths, in `root`, of generated files that differ from `wanted`, are missing, or are no longer in `wanted`.
 */
export const staleFiles = async (wanted: Map<string, string>, root: string): Promise<string[]> => {
  const present = await writtenFiles(root)
  const differing = [...wanted].filter(([path, content]) => present.get(path) !== content).map(([path]) => path)
  return [...differing, ...[...present.keys()].filter(path => !wanted.has(path))].toSorted()
}

/** The files with our header: content by path. */
const writtenFiles = async (root: string): Promise<Map<string, string>> => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = await Promise.all(
    entries
      .filter(entry => entry.isFile() && !entry.name.endsWith('.ts'))
      .map(async entry => {
        const path = join(entry.parentPath, entry.name)
        return [path.slice(root.length + 1), await readFile(path, 'utf8')] as const
      }),
  )
  return new Map(files.filter(([, content]) => content.includes(header)))
}

const write = async (wanted: Map<string, string>, root: string) => {
  for (const path of await staleFiles(wanted, root)) {
    const content = wanted.get(path)
    if (content === undefined) await rm(join(root, path))
    else {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), content)
      if (path.endsWith('.sh')) await chmod(join(root, path), 0o755)
    }
  }
}

if (import.meta.main) {
  const refuse = (message: string) => {
    process.stderr.write(`${message}\n`)
    process.exitCode = 1
  }
  try {
    const [option, ...more] = process.argv.slice(2)
    const inventory = readInventory(
      'infra/machines/inventory.yaml',
      await readFile(join(folder, 'inventory.yaml'), 'utf8'),
    )
    const wanted = generatedFiles(inventory)
    const old = await staleFiles(wanted, folder)
    if (more.length > 0 || (option !== undefined && option !== '--check'))
      refuse(
        `unknown arguments ${process.argv.slice(2).join(' ')}; use npm run machines, or npm run machines -- --check`,
      )
    else if (option === undefined) {
      await write(wanted, folder)
      process.stdout.write(
        `${old.length} of ${wanted.size} files in infra/machines were out of date and are now written\n`,
      )
    } else if (old.length > 0)
      refuse(old.map(path => `infra/machines/${path} is out of date; run npm run machines`).join('\n'))
  } catch (error) {
    if (!(error instanceof InventoryFault)) throw error
    refuse(error.message)
  }
}
