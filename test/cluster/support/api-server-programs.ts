import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'

/** The paths of etcd and kube-apiserver. */
export interface Programs {
  etcd: string
  kubeApiserver: string
}

/** The programs are not available on this machine. The message is for the title of a skipped test. */
export class Unavailable extends Error {}

const run = promisify(execFile)
const module = join(root, 'test/cluster/programs')

/**
 * Finds etcd and kube-apiserver in the folder KUBEBUILDER_ASSETS (setup-envtest fills one). If this variable is not
 * set, compiles them with Go, once for each change of their module (about 5 minutes on two cores, or seconds if Go's
 * build cache has them). Throws `Unavailable` when Go cannot compile them.
 */
export const apiServerPrograms = async (env: NodeJS.ProcessEnv = process.env): Promise<Programs> => {
  if (env.KUBEBUILDER_ASSETS) return fromFolder(env.KUBEBUILDER_ASSETS)
  const hash = createHash('sha256').update(flags().join(' '))
  for (const file of ['go.mod', 'go.sum', 'etcd/main.go', 'kube-apiserver/main.go'])
    hash.update(readFileSync(join(module, file)))
  const folder = join(root, '.build/cluster', hash.digest('hex').slice(0, 16))
  if (!existsSync(folder)) await compile(folder, env)
  return inFolder(folder)
}

const inFolder = (folder: string): Programs => ({
  etcd: join(folder, 'etcd'),
  kubeApiserver: join(folder, 'kube-apiserver'),
})

const fromFolder = (folder: string): Programs => {
  const found = inFolder(folder)
  for (const file of Object.values(found))
    if (!existsSync(file))
      throw new Error(`KUBEBUILDER_ASSETS: there is no ${file}; fill the folder with setup-envtest`)
  return found
}

/** The build flags that set the version as Kubernetes' own build does, because helm and kubectl read it. */
const flags = () => {
  const [, version, major, minor] = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)$/m.exec(goMod()) ?? []
  const facts = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor })
  const variables = facts.map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  return ['-trimpath', `-ldflags=-s -w ${variables.join(' ')}`]
}

const goMod = () => readFileSync(join(module, 'go.mod'), 'utf8')

const compile = async (folder: string, env: NodeJS.ProcessEnv) => {
  // Uses the installed Go if it is new enough for the module, and does not download another.
  const [, wanted = ''] = /^go (\S+)$/m.exec(goMod()) ?? []
  const own = { ...env, GOTOOLCHAIN: 'local', GOFLAGS: '', CGO_ENABLED: '0' }
  const version = await run('go', ['env', 'GOVERSION'], { env: own }).then(
    ({ stdout }) => stdout.trim().replace(/^go/, ''),
    () => undefined,
  )
  const ways = `set KUBEBUILDER_ASSETS, or install Go ${wanted}`
  if (version === undefined) throw new Unavailable(`no API server: there is no Go on PATH; ${ways}`)
  if (version.localeCompare(wanted, 'en', { numeric: true }) < 0)
    throw new Unavailable(`no API server: Go is ${version}; ${ways}`)
  await mkdir(join(folder, '..'), { recursive: true })
  const draft = await mkdtemp(`${folder}.`)
  try {
    await run('go', ['build', ...flags(), '-o', `${draft}/`, './etcd', './kube-apiserver'], {
      cwd: module,
      env: own,
      maxBuffer: 64 * 1024 * 1024,
    })
    // Another process can compile at the same time. Its programs are the same.
    await rename(draft, folder).catch(error => {
      if (!existsSync(folder)) throw error
    })
  } catch (error) {
    const reason = ((error as { stderr?: string }).stderr || (error as Error).message).trim().split('\n').at(-1)
    throw new Unavailable(`no API server: go build failed: ${reason}`, { cause: error })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
