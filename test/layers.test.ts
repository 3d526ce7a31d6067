import { expect, test } from 'vitest'
import { functionNames } from '#infra/repository.ts'
import { cyclesIn, type Import, importsOf, sourcesIn } from '#test/support/imports.ts'

/**
 * The layers, lowest first. A file belongs to the last layer whose pattern matches its path. It may import from this
 * layer and from the layers before.
 */
const layers: readonly [name: string, files: RegExp][] = [
  ['shared', /^infra\/(repository\.ts|refusal\.ts|files\/|http\/|net\/)/],
  ['events', /^events\//],
  ['database', /^infra\/database\//],
  ['functions', /^functions\//],
  ['simulators', /^infra\/simulators\//],
  ['delivery and cluster', /^infra\/(delivery|cluster)\//],
  ['one-machine runtime', /^infra\/local\//],
  ['command line', /^infra\/cli\//],
  ['jobs of the image', /^infra\/delivery\/jobs\//],
  ['charts', /^infra\/charts\//],
  ['machines', /^infra\/machines\//],
  ['observability', /^infra\/observability\//],
  ['workflows', /^infra\/workflows\//],
  ['generators', /^infra\/generate\//],
  ['tests', /^test\//],
]

const layerOf = (path: string): number => layers.findLastIndex(([, files]) => files.test(path))

/** The function that a path of functions/ belongs to; undefined for shared code. */
const functionOf = (path: string): string | undefined => {
  const [, folder] = /^functions\/([^/]+)\//.exec(path) ?? []
  return folder !== undefined && functionNames().includes(folder) ? folder : undefined
}

/** The imports that the rules forbid, one line for each, with the rule that is broken. */
const faultsIn = (imports: readonly Import[]): string[] => {
  const faults = cyclesIn(imports).map(files => `${files.join(', ')}: import each other in a circle`)
  for (const { from, to } of imports) {
    const [own, other] = [layerOf(from), layerOf(to)]
    const [ours, theirs] = [functionOf(from), functionOf(to)]
    if (own < 0) faults.push(`${from}: belongs to no layer; add its folder to the list in test/layers.test.ts`)
    if (other > own)
      faults.push(`${from} imports ${to}: ${layers[own]?.[0]} must not import from ${layers[other]?.[0]}`)
    if (ours !== undefined && theirs !== undefined && ours !== theirs)
      faults.push(
        `${from} imports ${to}: a function must not import from another; move the shared code to a folder without a main.ts`,
      )
  }
  return faults
}

const sources = sourcesIn(['events', 'functions', 'infra', 'test'])

test('imports go one way through the layers, never from one function to another, and never in a circle', () => {
  expect(faultsIn(importsOf(sources))).toEqual([])
})

test('every imported file exists', () => {
  expect(importsOf(sources).filter(({ to }) => to.endsWith('.ts') && !sources.has(to))).toEqual([])
})

test.each([
  [
    'an event imports a table',
    'events/event.ts',
    "import { chatsIn } from '#database/chats/chats.ts'",
    'events must not import from database',
  ],
  [
    'a table imports a function',
    'infra/database/connect.ts',
    "import type { Clock } from '#functions/host/clock.ts'",
    'database must not import from functions',
  ],
  [
    'a function imports the runtime',
    'functions/host/serve.ts',
    "import { cron } from '#local/sources/cron.ts'",
    'functions must not import from one-machine runtime',
  ],
  [
    'a simulator imports the runtime',
    'infra/simulators/new.ts',
    "export * from '#local/runtime.ts'",
    'simulators must not import from one-machine runtime',
  ],
  [
    'the runtime imports the command line',
    'infra/local/runtime.ts',
    "const { vigia } = await import('#infra/cli/vigia.ts')",
    'one-machine runtime must not import from command line',
  ],
  [
    'the build of the image imports its jobs',
    'infra/delivery/build.ts',
    "export { exit } from './jobs/job.ts'",
    'delivery and cluster must not import from jobs of the image',
  ],
  [
    'production code imports a test helper',
    'infra/charts/merge.ts',
    "import { until } from '#test/support/until.ts'",
    'charts must not import from tests',
  ],
  [
    'a function imports another function',
    'functions/episode-checker/new.ts',
    "import type { Verdict } from '../uptime-prober/verdict.ts'",
    'a function must not import from another',
  ],
  [
    'a file is outside of the layers',
    'infra/new/new.ts',
    "import '#events/event.ts'",
    'infra/new/new.ts: belongs to no layer',
  ],
  [
    'types import each other in a circle',
    'events/event.ts',
    "import type { allEvents } from './all.ts'",
    'import each other in a circle',
  ],
])('a forbidden import is found: %s', (_, path, line, fault) => {
  const planted = new Map(sources).set(path, `${line}\n${sources.get(path) ?? ''}`)
  expect(faultsIn(importsOf(planted)).join('\n')).toContain(fault)
})
