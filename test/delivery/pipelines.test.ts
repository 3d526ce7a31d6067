import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { onPath } from '#infra/delivery/on-path.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { schemaFaults } from '#test/cluster-files/support/strict-schemas.ts'
import { tektonSteps, workflowSteps } from '#test/delivery/support/release.ts'

const folder = '.lighthouse/jenkins-x'
const read = (name: string) => parse(readFileSync(join(root, folder, name), 'utf8'))
const pipelines = ['pullrequest.yaml', 'release.yaml']

/**
 * The types of the fields that Lighthouse reads in a triggers.yaml, as in its structs in pkg/config/job in August 2026.
 * The tests need them because Lighthouse ignores unknown fields without an error.
 */
const text = { type: 'string', minLength: 1 }
const texts = { type: 'array', items: text, minItems: 1 }
const labels = { type: 'object', additionalProperties: { type: 'string' } }
const job = {
  name: { type: 'string', pattern: '^[A-Za-z0-9-._]+$' },
  ...{ agent: text, source: text, context: text, namespace: text, cluster: text, clone_uri: text },
  ...{ labels, annotations: labels, skip_report: { type: 'boolean' } },
  ...{ max_concurrency: { type: 'integer', minimum: 0 }, clone_depth: { type: 'integer', minimum: 0 } },
  ...{ branches: texts, skip_branches: texts, run_if_changed: text, ignore_changes: text },
  pipeline_run_params: {
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'value_template'],
      properties: { name: text, value_template: text },
    },
  },
}
const jobs = (properties: object, required: string[], extra: object = {}) => ({
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'source', ...required],
    properties: { ...job, ...properties },
    ...extra,
  },
})
interface Job {
  name: string
  source: string
  trigger?: string
  rerun_command?: string
  branches?: string[]
  skip_branches?: string[]
  run_if_changed?: string
  ignore_changes?: string
}
interface Config {
  spec: Record<string, Job[]>
}

const boolean = { type: 'boolean' }
const valid = new Ajv({ allErrors: true }).compile<Config>({
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'kind', 'spec'],
  properties: {
    apiVersion: { const: 'config.lighthouse.jenkins-x.io/v1alpha1' },
    kind: { const: 'TriggerConfig' },
    spec: {
      type: 'object',
      additionalProperties: false,
      properties: {
        presubmits: jobs(
          { always_run: boolean, require_run: boolean, optional: boolean, trigger: text, rerun_command: text },
          ['always_run'],
          { dependencies: { trigger: ['rerun_command'], rerun_command: ['trigger'] } },
        ),
        postsubmits: jobs({}, []),
        periodics: jobs({ cron: text, branch: text }, ['cron']),
        deployments: jobs({ state: text, environment: text }, []),
      },
    },
  },
})

/**
 * Translates a regular expression of Go's RE2 to JavaScript. The flags are at its beginning. RE2 has neither
 * look-around nor back-references, so these are refused.
 */
const re2 = (expression: string): RegExp => {
  if (/\(\?<?[=!]|\\[1-9]/.test(expression)) throw new SyntaxError(`RE2 has no look-around: ${expression}`)
  const [, flags = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(expression)!
  return new RegExp(rest, flags)
}

const triggerFaults = (config: unknown): string[] => {
  if (!valid(config)) return valid.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`)
  const all: Job[] = Object.values(config.spec).flat()
  const names = all.map(({ name }) => name)
  const expressions = all.flatMap(one => [
    ...[one.trigger, one.run_if_changed, one.ignore_changes].filter(each => each !== undefined),
    ...(one.branches ?? []),
    ...(one.skip_branches ?? []),
  ])
  const compiles = (expression: string) => {
    try {
      return Boolean(re2(expression))
    } catch {
      return false
    }
  }
  const broken = expressions.filter(one => !compiles(one)).map(one => `not a valid expression of RE2: ${one}`)
  if (broken.length) return broken
  return [
    ...names.filter((name, index) => names.indexOf(name) !== index).map(name => `two jobs are called ${name}`),
    ...all
      .filter(({ source }) => !existsSync(join(root, folder, source)))
      .map(({ source }) => `the file ${source} does not exist`),
    ...all
      .filter(({ trigger, rerun_command }) => trigger && !re2(trigger).test(rerun_command!))
      .map(({ name, rerun_command }) => `the trigger of ${name} does not match its rerun command ${rerun_command}`),
  ]
}

describe('triggers.yaml', () => {
  test('is valid for Lighthouse, and each rerun command matches its trigger', () => {
    expect(triggerFaults(read('triggers.yaml'))).toEqual([])
  })

  test('every pipeline has a trigger; at most one release runs at a time, for the branch main', () => {
    const { presubmits, postsubmits } = read('triggers.yaml').spec
    const sources = [...presubmits, ...postsubmits].map(({ source }: Job) => source)
    expect(sources.sort()).toEqual(pipelines)
    expect(postsubmits).toMatchObject([{ name: 'release', max_concurrency: 1, branches: ['^main$'] }])
    expect(re2(presubmits[0].trigger).test('please /test pr')).toBe(false)
    expect(re2(presubmits[0].trigger).test('a word\n/test all\nanother')).toBe(true)
  })

  test.each<[string, (spec: Record<string, Job[]>) => unknown]>([
    ['a misspelt key', spec => Object.assign(spec.presubmits![0]!, { alwaysRun: true })],
    ['a job without always_run', spec => Object.assign(spec.presubmits![0]!, { always_run: undefined })],
    ['a source that does not exist', spec => Object.assign(spec.presubmits![0]!, { source: 'pr.yaml' })],
    ['two jobs with the same name', spec => Object.assign(spec.postsubmits![0]!, { name: 'pr' })],
    ['a name with a space', spec => Object.assign(spec.postsubmits![0]!, { name: 'a release' })],
    [
      'an expression that RE2 does not support',
      spec => Object.assign(spec.postsubmits![0]!, { branches: ['^(?!dev)'] }),
    ],
    ['an invalid regular expression', spec => Object.assign(spec.postsubmits![0]!, { branches: ['('] })],
    [
      'a rerun command that its trigger does not match',
      spec => Object.assign(spec.presubmits![0]!, { rerun_command: '/retest' }),
    ],
    ['a trigger without a rerun command', spec => delete spec.presubmits![0]!.rerun_command],
  ])('%s is a fault', (_, spoil) => {
    const config = read('triggers.yaml')
    spoil(config.spec)
    expect(triggerFaults(JSON.parse(JSON.stringify(config)))).not.toEqual([])
  })
})

type PipelineRun = ReturnType<typeof read>

/**
 * The faults of a pipeline by Tekton's schemas. The namespace is added here, as Lighthouse does. Each `taskSpec` is
 * checked with the schema of Task, because the schema of PipelineRun allows any `taskSpec`.
 */
const tektonFaults = (run: PipelineRun): string[] => {
  const metadata = { ...run.metadata, namespace: 'jx' }
  const tasks = run.spec.pipelineSpec.tasks.map(({ name, taskSpec }: { name: string; taskSpec: object }) => {
    const { metadata: _, ...spec } = taskSpec as { metadata?: object }
    return { file: '', apiVersion: run.apiVersion, kind: 'Task', metadata: { name, namespace: 'jx' }, spec }
  })
  return [{ file: '', ...run, metadata }, ...tasks].flatMap(
    one => schemaFaults(one) ?? [`there is no schema for ${one.apiVersion} ${one.kind}`],
  )
}

describe.skipIf(crdsSkipReason)(`against Tekton's CRDs${crdsSkipReason ? ` (skipped: ${crdsSkipReason})` : ''}`, () => {
  test.each(pipelines)('%s and each taskSpec in it match the schemas of Tekton, without unknown fields', file => {
    expect(tektonFaults(read(file))).toEqual([])
  })

  const spoilt = (spoil: (run: PipelineRun, step: Record<string, unknown>) => unknown) => {
    const run = read('release.yaml')
    const steps = run.spec.pipelineSpec.tasks[0].taskSpec.steps
    spoil(
      run,
      steps.find((step: { script?: string }) => step.script),
    )
    return tektonFaults(run)
  }
  test.each<[string, Parameters<typeof spoilt>[0]]>([
    ['a misspelt key of a step', (_, step) => Object.assign(step, { scriptt: 'x' })],
    ["v1beta1's resources of a step", (_, step) => Object.assign(step, { resources: {} })],
    ["v1beta1's service account", run => Object.assign(run.spec, { serviceAccountName: 'x' })],
    ["v1beta1's timeout", run => Object.assign(run.spec, { timeout: '1h' })],
    ['a step without a name', (_, step) => delete step.name],
    [
      'a misspelt probe of a sidecar',
      run => Object.assign(run.spec.pipelineSpec.tasks[0].taskSpec.sidecars[0], { readynessProbe: {} }),
    ],
    ['a variable without a name', (_, step) => Object.assign(step, { env: [{ value: 'x' }] })],
    ['an old apiVersion', run => Object.assign(run, { apiVersion: 'tekton.dev/v1alpha1' })],
  ])('%s is a fault for Tekton', (_, spoil) => expect(spoilt(spoil)).not.toEqual([]))
})

interface TektonStep {
  name: string
  image: string
  script?: string
}
const stepsOf = (run: PipelineRun): TektonStep[] =>
  run.spec.pipelineSpec.tasks.flatMap((task: { taskSpec: { steps: TektonStep[] } }) => task.taskSpec.steps)

const sidecarsOf = (run: PipelineRun): { image: string }[] =>
  run.spec.pipelineSpec.tasks.flatMap(
    (task: { taskSpec: { sidecars?: { image: string }[] } }) => task.taskSpec.sidecars ?? [],
  )

describe('the steps', () => {
  test('the steps from the catalog exist there under these names (read at 31f4b6b, August 2026)', () => {
    const known: Record<string, string[]> = {
      'tasks/git-clone/git-clone.yaml': [''],
      'tasks/git-clone/git-clone-pr.yaml': [''],
      'tasks/typescript/release.yaml': ['jx-variables', 'promote-changelog', 'promote-jx-promote'],
    }
    const catalogSteps = pipelines.flatMap(file => stepsOf(read(file)).filter(({ image }) => image.startsWith('uses:')))
    expect(catalogSteps.length).toBeGreaterThan(0)
    for (const { name, image } of catalogSteps) {
      const [, path] = /^uses:jenkins-x\/jx3-pipeline-catalog\/(.+)@versionStream$/.exec(image) ?? []
      expect(known[path!], image).toContain(name)
    }
  })

  test('every image comes from the catalog or from the mirror that $(params.tools) names, or has a plain name', () => {
    for (const file of pipelines) {
      const run = read(file)
      const { params = [] } = run.spec.pipelineSpec
      for (const { image } of [...stepsOf(run), ...sidecarsOf(run)])
        expect(image).toMatch(/^(uses:|\$\(params\.tools\)\/|[a-z]+:[\w.-]+$)/)
      expect(params.map((one: { default: string }) => one.default.split('/')[0])).toEqual(
        params.map(() => 'registry.example.org'),
      )
    }
  })

  test('every parameter that is used is declared and passed on', () => {
    for (const file of pipelines) {
      const { params = [], tasks } = read(file).spec.pipelineSpec
      const names = (list: { name: string }[] = []) => list.map(({ name }) => name)
      for (const task of tasks) {
        const used = [...JSON.stringify(task.taskSpec).matchAll(/\$\(params\.(\w+)\)/g)].map(([, name]) => name!)
        expect(names(task.taskSpec.params)).toEqual([...new Set(used)])
        expect(names(task.params)).toEqual(names(task.taskSpec.params))
        expect(names(params)).toEqual(expect.arrayContaining(names(task.params)))
      }
    }
  })

  test('a release has the same steps in the same order in Jenkins X and in GitHub', () => {
    const lines = (steps: { script: string }[]) =>
      steps.flatMap(({ script }) => script.match(/\b(npm|node|sh) (ci|test|run|infra)\S*( \S+)?/g) ?? [])
    const tekton = lines(tektonSteps('release.yaml'))
    expect(lines(workflowSteps('release.yml', 'release'))).toEqual(tekton)
    expect(tekton.length).toBeGreaterThan(8)
  })
})

const scripts = [
  ...pipelines.flatMap(file => tektonSteps(file).map(step => [`${file}: ${step.name}`, step.script] as const)),
  ...['infra/delivery', 'test/support'].flatMap(where =>
    readdirSync(join(root, where))
      .filter(name => name.endsWith('.sh'))
      .map(name => [`${where}/${name}`, readFileSync(join(root, where, name), 'utf8')] as const),
  ),
]

/** The shell that the first line of a script names. Tekton runs a script without such a line with sh. */
const shellOf = (script: string) => (/^#!.*\b(sh|bash)$/m.exec(script.split('\n', 1)[0]!)?.[1] ?? 'sh') as 'sh' | 'bash'

describe('the scripts', () => {
  const read = (program: string, args: string[], input: string) =>
    execFileSync(program, args, { input, stdio: ['pipe', 'pipe', 'pipe'] }).toString()

  test.each(scripts)('%s has no syntax error, stops at an error and names files that exist', (name, script) => {
    expect(read(shellOf(script), ['-n'], script)).toBe('')
    // A script with a single command fails when that command fails, so the script needs no `set -e`.
    const commands = script.split('\n').filter(line => line && !line.startsWith('#'))
    const single = commands.length === 1 || commands.every(line => /^\. |^\w+=\w+ sh |^jx /.test(line))
    expect(single || /^set -e/m.test(script), name).toBe(true)
    for (const [path] of script.matchAll(/\binfra\/delivery\/[\w-]+\.(sh|ts)\b/g))
      expect(existsSync(join(root, path)), path).toBe(true)
  })

  test('a script with a syntax error is found', () => {
    expect(() => read('sh', ['-n'], 'if true; then\n')).toThrow()
  })

  test.skipIf(!onPath('shellcheck'))('shellcheck finds no fault', () => {
    for (const [name, script] of scripts) {
      const args = ['--shell', shellOf(script), '--exclude', 'SC1091,SC2154', '--format', 'gcc', '-']
      const report = (() => {
        try {
          return read('shellcheck', args, script)
        } catch (error) {
          return `${(error as { stdout: Buffer }).stdout}`
        }
      })()
      expect(report, name).toBe('')
    }
  })
})
