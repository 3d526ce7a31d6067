import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readInventory } from '#infra/machines/inventory.ts'
import { root } from '#infra/repository.ts'
import { goTools } from './go-tools.ts'

const run = promisify(execFile)
const folder = join(root, 'infra/machines')
const built = await goTools(join(root, 'test/cluster/kubeadm'))

/** Reads a file of infra/machines. */
export const readMachineFile = (path: string): Promise<string> => readFile(join(folder, path), 'utf8')

export const inventory = readInventory('inventory.yaml', await readMachineFile('inventory.yaml'))

/** Why kubeadm and etcd are not available on this machine, or undefined. */
export const kubeadmSkipReason = 'reason' in built ? `no kubeadm and etcd: ${built.reason}` : undefined

/** The path of `kubeadm`, `etcdctl`, `etcdutl` or `server` (etcd itself). */
export const tool = (name: string): string => join('folder' in built ? built.folder : '', name)

/** Runs kubeadm with a configuration, which is written to `home` first. Returns its output. */
export const kubeadm = async (home: string, config: string, ...command: string[]): Promise<string> => {
  await writeFile(join(home, 'config.yaml'), config)
  const { stdout } = await run(tool('kubeadm'), [...command, '--config', join(home, 'config.yaml')])
  return stdout
}

/** init.yaml with the name and address of another control plane, and with its keys in the folder `pki`. */
export const initConfigFor = async (
  { name, address }: (typeof inventory.controlPlanes)[number],
  pki: string,
): Promise<string> => {
  const [first] = inventory.controlPlanes
  return (await readMachineFile('kubeadm/init.yaml'))
    .replace(`advertiseAddress: ${first!.address}`, `advertiseAddress: ${address}`)
    .replace(`name: ${first!.name}`, `name: ${name}`)
    .replace('clusterName:', `certificatesDir: ${pki}\nclusterName:`)
}
