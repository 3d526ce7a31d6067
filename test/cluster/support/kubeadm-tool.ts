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

/** A file of infra/machines. */
export const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8')

export const inventory = readInventory('inventory.yaml', await read('inventory.yaml'))

/** Why there is no kubeadm and no etcd here, or undefined. */
export const whyNoTools = 'reason' in built ? `no kubeadm and etcd: ${built.reason}` : undefined

/** The path of `kubeadm`, `etcdctl`, `etcdutl` or `server`, which is etcd. */
export const tool = (name: string): string => join('folder' in built ? built.folder : '', name)

/** Runs kubeadm with a configuration, which it gets as a file in `home`; what it prints. */
export const kubeadm = async (home: string, config: string, ...command: string[]): Promise<string> => {
  await writeFile(join(home, 'config.yaml'), config)
  const { stdout } = await run(tool('kubeadm'), [...command, '--config', join(home, 'config.yaml')])
  return stdout
}

/** init.yaml as one of the control planes would have it, with its keys in the folder `pki`. */
export const initFor = async (
  { name, address }: (typeof inventory.controlPlanes)[number],
  pki: string,
): Promise<string> => {
  const [first] = inventory.controlPlanes
  return (await read('kubeadm/init.yaml'))
    .replace(`advertiseAddress: ${first!.address}`, `advertiseAddress: ${address}`)
    .replace(`name: ${first!.name}`, `name: ${name}`)
    .replace('clusterName:', `certificatesDir: ${pki}\nclusterName:`)
}
