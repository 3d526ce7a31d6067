import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { environmentsFile, environmentsIn, withRevision } from '#infra/delivery/environments.ts'
import { git } from '#infra/delivery/git.ts'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { stamp } from '#infra/delivery/stamp.ts'
import { root } from '#infra/repository.ts'
import { registryIn } from './registry.ts'

const run = promisify(execFile)

/** A step of a pipeline that runs a script, with the step's environment variables (`env`) and working directory. */
export interface Step {
  name: string
  script: string
  env: Record<string, string>
  folder: string
}

/** The result of a command. */
export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** The steps in .lighthouse/jenkins-x/`file` that have a script, in order. */
export const tektonSteps = (file: string): Step[] =>
  parse(readFileSync(join(root, '.lighthouse/jenkins-x', file), 'utf8'))
    .spec.pipelineSpec.tasks.flatMap((task: { taskSpec: { steps: Record<string, unknown>[] } }) => task.taskSpec.steps)
    .filter((step: { script?: string }) => step.script)
    .map((step: { name: string; script: string; env?: { name: string; value: string }[] }) => ({
      name: step.name,
      script: step.script,
      env: Object.fromEntries((step.env ?? []).map(({ name, value }) => [name, value])),
      folder: '.',
    }))

/** The steps with `run` of a job in .github/workflows/`file`. Variables whose value has an expression are left out. */
export const workflowSteps = (file: string, job: string): Step[] => {
  const { env = {}, steps } = parse(readFileSync(join(root, '.github/workflows', file), 'utf8')).jobs[job]
  const plain = Object.fromEntries(Object.entries<string>(env).filter(([, value]) => !`${value}`.includes('${{')))
  return steps
    .filter((step: { run?: string }) => step.run)
    .map((step: { name?: string; run: string; 'working-directory'?: string }) => ({
      name: step.name ?? step.run,
      script: `set -e\n${step.run}`,
      env: plain,
      folder: step['working-directory'] ?? '.',
    }))
}

const tools = ['jx', 'skaffold', 'docker', 'buildah', 'cosign', 'helm', 'curl', 'gh', 'kubectl', 'npm']
/**
 * The files that every release needs. Tests that render manifests also need the files in `deployed`. The other tests
 * leave those out, because a project with fewer files is cloned faster.
 */
const released = ['infra/delivery', 'infra/cluster/version', 'infra/argocd/applicationset.yaml', '.gitignore']
released.push('infra/charts/vigia/Chart.yaml', 'infra/charts/vigia/values.yaml', 'package.json', 'package-lock.json')
released.push('infra/files', 'infra/refusal.ts', 'infra/repository.ts')
const deployed = ['infra/charts', 'infra/cluster', 'infra/observability/trace', 'knative', 'triggers', 'test/support']

/**
 * A project to release. It has three parts: a real bare repository with a history, which contains the files that our
 * pipelines need; a registry; and stubs of the external programs. Its folder is in .build/ of this checkout, because
 * there Node.js finds our packages. `stop` removes the project.
 */
export const project = async (content: 'released' | 'deployed' = 'released') => {
  mkdirSync(join(root, '.build'), { recursive: true })
  const folder = mkdtempSync(join(root, '.build/pipelines-'))
  const at = (...parts: string[]) => join(folder, ...parts)
  const origin = at('origin.git')
  const registry = await registryIn(at('registry'))
  for (const name of ['bin', 'charts', 'registry', 'home']) mkdirSync(at(name))
  for (const tool of tools) symlinkSync(join(root, 'test/delivery/support/pipeline-tool.sh'), at('bin', tool))
  // The files are deleted after the test, so git does not have to flush them to the disk.
  const settings = ['[user]', 'name = A. Developer', 'email = dev@example.org', '[core]', 'fsync = none']
  settings.push('[gc]', 'auto = 0', '[init]', `templateDir = ${at('charts')}`)
  writeFileSync(at('home/.gitconfig'), `${settings.join('\n')}\n`)
  const environment: Record<string, string> = {
    PATH: `${at('bin')}:${process.env.PATH}`,
    HOME: at('home'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: at('home/.gitconfig'),
    STUB_LOG: at('log'),
    STUB_REGISTRY: at('registry'),
    STUB_CHARTS: at('charts'),
    STUB_HOST: registry.host,
    // prepare.ts only checks that this address answers. Charts are pushed through the stub of curl or helm.
    STUB_CHART_REPOSITORY: `http://${registry.host}`,
  }
  const gitEnv = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: at('home/.gitconfig') }
  const kubectl = await kubeTool('kubectl')
  if (kubectl) environment.STUB_KUBECTL = kubectl
  const g = (where: string, ...args: string[]) => git(where, args, gitEnv)

  const first = at('first')
  mkdirSync(first)
  for (const path of content === 'deployed' ? [...released, ...deployed] : released)
    cpSync(join(root, path), join(first, path), { recursive: true, filter: file => !file.endsWith('/.env') })
  // The project has had no release yet, whatever the version of this checkout is.
  await stamp(first, '0.1.0', 'unreleased')
  // The environments run an older version than the version that the tests release.
  const applicationSet = join(first, environmentsFile)
  const text = readFileSync(applicationSet, 'utf8')
  writeFileSync(
    applicationSet,
    environmentsIn(text).reduce((now, { name }) => withRevision(now, name, 'v0.0.1'), text),
  )
  await g(folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin)
  await g(first, 'init', '--quiet', '--initial-branch=main')
  await g(first, 'add', '.')
  await g(first, 'commit', '--quiet', '-m', 'all: the first change')
  await g(first, 'remote', 'add', 'origin', origin)
  await g(first, 'push', '--quiet', 'origin', 'main')
  rmSync(first, { recursive: true })

  let clones = 0
  /** Creates a clone with its branch at a commit, as the first step of a pipeline does. */
  const clone = async (commit = 'origin/main'): Promise<string> => {
    const where = at(`clone-${++clones}`)
    await g(folder, 'clone', '--quiet', origin, where)
    await g(where, 'reset', '--quiet', '--hard', commit)
    return where
  }
  /** Commits one more line on the remote's main branch and returns the hash of the commit. */
  const commitOnMain = async (message: string): Promise<string> => {
    const where = await clone()
    writeFileSync(join(where, 'news.txt'), `${message}\n`, { flag: 'a' })
    await g(where, 'add', 'news.txt')
    await g(where, 'commit', '--quiet', '-m', message)
    await g(where, 'push', '--quiet', 'origin', 'main')
    return g(where, 'rev-parse', 'HEAD')
  }
  const execute = async (where: string, command: string[], env: Record<string, string> = {}): Promise<Outcome> => {
    try {
      const [program, ...args] = command as [string, ...string[]]
      return { code: 0, ...(await run(program, args, { cwd: where, env: { ...environment, ...env } })) }
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
      return { code: typeof code === 'number' ? code : -1, stdout, stderr }
    }
  }
  /** Runs steps in a clone, one after the other, until a step fails. Returns the name of that step and its result. */
  const pipeline = async (where: string, steps: Step[], env: Record<string, string> = {}) => {
    for (const { name, script, env: own, folder: inside } of steps) {
      const outcome = await execute(join(where, inside), ['sh', '-c', script], { ...own, ...env })
      if (outcome.code !== 0) return { failed: name, ...outcome }
    }
    return { failed: undefined, code: 0, stdout: '', stderr: '' }
  }
  return {
    folder,
    origin,
    registry,
    clone,
    commitOnMain,
    execute,
    pipeline,
    git: g,
    /** The commits to which the branches and tags of the remote refer, by ref. */
    remoteRefs: async () => {
      const lines = await g(
        origin,
        'for-each-ref',
        '--format=%(refname) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)',
      )
      return Object.fromEntries(lines.split('\n').map(line => line.split(' ') as [string, string]))
    },
    /** The calls of the external programs with their arguments, oldest first. */
    calls: (program?: string): string[][] =>
      (existsSync(at('log')) ? readFileSync(at('log'), 'utf8') : '')
        .split('\n')
        .filter(Boolean)
        .map(line => line.split('\t'))
        .filter(([name]) => !program || name === program),
    /** The files in the chart repository. */
    charts: () => readdirSync(at('charts')).filter(name => name.endsWith('.tgz')),
    /** The content of a file that the stub of an external program has written. */
    fileOfStub: (name: string) => readFileSync(at('charts', name), 'utf8'),
    /** Removes a program from PATH. */
    removeProgram: (tool: string) => rmSync(at('bin', tool)),
    stop: async () => {
      await registry.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Project = Awaited<ReturnType<typeof project>>

/** Creates a project for one test. The project is deleted after the test. */
export const freshProject = async (): Promise<Project> => {
  const one = await project()
  onTestFinished(() => one.stop())
  return one
}
