import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { cp, glob, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'
import { Unavailable } from '#test/cluster/support/api-server-programs.ts'

const run = promisify(execFile)
const module = join(root, 'test/cluster/programs')

/**
 * The packages that are compiled, by the folder of their programs. A program is named after its package, and Serving
 * and Eventing have programs of the same name.
 */
const packages = {
  kubernetes: [
    ...['./etcd', './kube-apiserver', './coredns', './gateway', './network-policies', './pause'],
    ...['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'].map(
      name => `k8s.io/kubernetes/cmd/${name}`,
    ),
  ],
  eventing: [
    ...['controller', 'webhook', 'mtping', 'mtchannel_broker', 'broker/ingress', 'broker/filter'],
    ...['in_memory/channel_controller', 'in_memory/channel_dispatcher'],
  ].map(name => `knative.dev/eventing/cmd/${name}`),
  serving: ['controller', 'webhook', 'activator', 'autoscaler', 'queue'].map(name => `knative.dev/serving/cmd/${name}`),
}

/** The folder of the compiled programs of each project. */
export type ProgramFolders = Record<keyof typeof packages, string>

const env = () => ({
  ...process.env,
  // Uses the installed Go, and no flags of the user, so that every build shares Go's build cache.
  GOTOOLCHAIN: 'local',
  GOFLAGS: '',
  CGO_ENABLED: '0',
})

/**
 * Compiles the cluster's programs, once for each change of the Go module (about 15 minutes on two cores, or seconds if
 * Go's build cache has them). Throws `Unavailable` when Go is too old or a module cannot be downloaded, and an Error
 * with Go's last line when the build fails.
 */
export const buildPrograms = async (): Promise<ProgramFolders> => {
  const folder = join(root, '.build/knative', `programs-${await moduleHash()}`)
  if (!existsSync(folder)) await compile(folder)
  const [kubernetes, eventing, serving] = Object.keys(packages).map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  return { kubernetes, eventing, serving }
}

const moduleHash = async () => {
  const hash = createHash('sha256').update(JSON.stringify([packages, linkerFlags()]))
  const sources = await Array.fromAsync(glob('{go.mod,go.sum,**/*.go}', { cwd: module }))
  for (const file of sources.sort()) hash.update(file).update(await readFile(join(module, file)))
  return hash.digest('hex').slice(0, 16)
}

/** The version as Kubernetes' own build sets it, because Knative refuses a server without it. */
const linkerFlags = () => {
  const goMod = readFileSync(join(module, 'go.mod'), 'utf8')
  const [, version, major, minor] = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)$/m.exec(goMod) ?? []
  const facts = { gitVersion: version, gitMajor: major, gitMinor: minor }
  const variables = Object.entries(facts).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  return `-s -w ${variables.join(' ')}`
}

const compile = async (folder: string) => {
  const builds = dirname(folder)
  await mkdir(builds, { recursive: true })
  const draft = await mkdtemp(`${folder}.`)
  try {
    await copyEarlierPrograms(builds, draft)
    const modfile = await patchEventing(builds, draft)
    const go = (...args: string[]) => run('go', args, { cwd: module, env: env(), maxBuffer: 64 * 1024 * 1024 })
    // Downloads the modules that are missing in Go's cache.
    await go('list', '-deps', `-modfile=${modfile}`, ...Object.values(packages).flat()).catch(unavailable)
    for (const [name, paths] of Object.entries(packages)) {
      // Without the commit in the programs, Go does not link them again for each commit.
      const flags = ['-trimpath', '-buildvcs=false', `-ldflags=${linkerFlags()}`, `-modfile=${modfile}`]
      await go('build', ...flags, '-o', `${join(draft, name)}/`, ...paths).catch(error => {
        throw new Error(`go build: ${lastLine(error)}`, { cause: error })
      })
    }
    await renameUnlessThere(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Another process can make the same folder at the same time. Its content is the same. */
const renameUnlessThere = (draft: string, folder: string) =>
  rename(draft, folder).catch(error => {
    if (!existsSync(folder)) throw error
  })

/**
 * Copies the programs of the newest earlier build, because Go links only the programs that differ from what it finds.
 * After a change of a comment, it links none.
 */
const copyEarlierPrograms = async (builds: string, draft: string) => {
  const folders = await Array.fromAsync(glob('programs-*([0-9a-f])', { cwd: builds }))
  const times = await Promise.all(folders.map(async name => ({ name, time: (await stat(join(builds, name))).mtimeMs })))
  const newest = times.sort((a, b) => b.time - a.time)[0]
  if (newest) await cp(join(builds, newest.name), draft, { recursive: true })
}

const lastLine = ({ stderr, message }: Error & { stderr?: string }) => (stderr || message).trim().split('\n').at(-1)

/** Go is too old for the module, or it cannot download a module. */
const unavailable = (error: Error) => {
  throw new Unavailable(`Go cannot load the modules of the cluster: ${lastLine(error)}`, { cause: error })
}

/** The methods that a store must have for client-go 0.36, and that it need not have for 0.35. */
const bookmarks = `package apiserver

func (*resourceDelegate) Bookmark(string) {}
func (*controllerFilter) Bookmark(string) {}
func (*resourceDelegate) LastStoreSyncResourceVersion() string { return "" }
func (*controllerFilter) LastStoreSyncResourceVersion() string { return "" }
`

/**
 * Copies Eventing's source and adds methods to two stores, because Eventing is written for client-go 0.35 and compiled
 * with 0.36. The stores belong to ApiServerSource, which Vigia does not use. Writes a go.mod into `folder` that uses
 * the copy, and returns its path.
 */
const patchEventing = async (builds: string, folder: string): Promise<string> => {
  const original = await moduleFolder('knative.dev/eventing')
  // Each build uses the same folder, because Go writes the path of this folder into the programs, and links them again
  // when the path changes.
  const source = join(builds, `patched-${basename(original)}`)
  if (!existsSync(source)) {
    const draft = await mkdtemp(`${source}.`)
    await cp(original, draft, { recursive: true })
    await run('chmod', ['-R', 'u+w', draft])
    await writeFile(join(draft, 'pkg/adapter/apiserver/bookmark.go'), bookmarks)
    await renameUnlessThere(draft, source)
  }
  const modfile = join(folder, 'patched.mod')
  const goMod = await readFile(join(module, 'go.mod'), 'utf8')
  await writeFile(modfile, `${goMod}\nreplace knative.dev/eventing => ${source}\n`)
  await cp(join(module, 'go.sum'), join(folder, 'patched.sum'))
  return modfile
}

/**
 * The folder of a Go module in Go's cache, with its YAML files, in the version that the go.mod in `goModule` names. Go
 * downloads the module when it is missing. Throws `Unavailable` when it cannot.
 */
export const moduleFolder = async (path: string, goModule = module): Promise<string> => {
  const download = run('go', ['mod', 'download', '-json', path], { cwd: goModule, env: env() })
  // Go writes the reason to its standard output, except when it is too old for the module.
  const { stdout } = await download.catch(error => {
    const { Error: reason } = error.stdout ? (JSON.parse(error.stdout) as { Error?: string }) : {}
    return unavailable(reason ? new Error(reason) : error)
  })
  return (JSON.parse(stdout) as { Dir: string }).Dir
}
