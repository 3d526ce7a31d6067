import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allEvents } from '#events/all.ts'
import { manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { functionNames, root } from '#infra/repository.ts'

const has = (path: string) => existsSync(join(root, path))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const camel = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
const triggers = manifestsIn('triggers')
const services = manifestsIn('knative/services')
const sources = manifestsIn('knative/sources')

test('the top level has the agreed folders and files and nothing else', () => {
  const agreed = ['functions', 'events', 'knative', 'triggers', 'infra', 'test', 'package.json', 'package-lock.json']
  agreed.push('tsconfig.json', 'skaffold.yaml', 'README.md', 'LICENSE', 'node_modules')
  expect(readdirSync(root).filter(name => !name.startsWith('.') && !agreed.includes(name))).toEqual([])
})

test.each(functionNames())(
  '%s has main.ts, its rule (<name>.ts), its Service manifest, its test, and a Trigger, a public path or metrics of its own',
  name => {
    const missing = [
      `functions/${name}/main.ts`,
      `functions/${name}/${name}.ts`,
      `knative/services/${name}.yaml`,
      `test/functions/${name}.test.ts`,
    ].filter(path => !has(path))
    expect(missing).toEqual([])
    expect(read(`functions/${name}/${name}.ts`), `functions/${name}/${name}.ts exports ${camel(name)}`).toMatch(
      new RegExp(`export (const|function|async function) ${camel(name)}\\b`),
    )
    const isUsed =
      has(`triggers/${name}.yaml`) ||
      services.some(service => service.metadata.name === name && isPublic(service)) ||
      hasOwnMetrics(name)
    expect(isUsed, `${name} has no Trigger in triggers/${name}.yaml, is not public, and has no metrics`).toBe(true)
  },
)

/**
 * Whether Prometheus uses the function: it has metrics besides those of its process. Prometheus cannot wake a function,
 * so such a function has a pod at all times in the overlays for production (test/cluster-files/scaling.test.ts).
 */
const hasOwnMetrics = (name: string) => /^ {2}metrics:/m.test(read(`functions/${name}/main.ts`))

const isPublic = (service: (typeof services)[number]) =>
  service.metadata.labels?.['networking.knative.dev/visibility'] !== 'cluster-local'

test('every Service, source and Trigger belongs to a function, and its file is named after the function', () => {
  for (const { file, metadata, spec } of [...services, ...sources]) {
    expect(file.endsWith(`/${metadata.name}.yaml`), file).toBe(true)
    expect(functionNames(), file).toContain(metadata.name)
    if (spec.ceOverrides) expect(spec.ceOverrides.extensions.tick, file).toBe(metadata.name)
  }
  for (const { file, spec, metadata } of triggers) {
    expect(file).toBe(`triggers/${spec.subscriber.ref.name}.yaml`)
    expect(metadata.name.startsWith(`${spec.subscriber.ref.name}-`), `${file}: ${metadata.name}`).toBe(true)
    expect(functionNames(), file).toContain(spec.subscriber.ref.name)
  }
})

test('every service runs the function it is named after', () => {
  for (const { file, metadata, spec } of services) {
    const env = spec.template.spec.containers[0].env as { name: string; value?: string }[]
    expect(env.find(({ name }) => name === 'FUNCTION_TARGET')?.value, file).toBe(metadata.name)
  }
})

test('the filter of every Trigger has the type of an existing event, and the filter of a Trigger of ticks also names the function that the Trigger wakes', () => {
  const types = allEvents.map(({ type }) => type)
  for (const { file, spec } of triggers) {
    const { type, tick } = spec.filter.attributes
    expect(types, file).toContain(type)
    if (type === 'dev.knative.sources.ping') {
      expect(tick, file).toBe(spec.subscriber.ref.name)
      expect(
        sources.map(({ metadata }) => metadata.name),
        file,
      ).toContain(tick)
    }
  }
})

test('the dead letter sink of every Trigger is error-notifier, with the name of the Trigger in the path', () => {
  for (const { file, metadata, spec } of triggers)
    expect(spec.delivery.deadLetterSink, file).toEqual({
      ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'error-notifier' },
      uri: `/dead/${metadata.name}`,
    })
})

test('only main.ts reads the environment', () => {
  for (const name of functionNames())
    for (const file of sourcesBelow(`functions/${name}`))
      if (!file.endsWith('/main.ts'))
        expect(read(file), file).not.toMatch(/process\.env|from '(#functions|\.\.)\/host\/env\.ts'/)
})

test('the table in functions/README.md has a row for every function', () => {
  const rows = [...read('functions/README.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
  expect(rows.toSorted()).toEqual(functionNames().toSorted())
})

test('a comment line has at most 120 characters', () => {
  const comment = /^\s*(\/[/*]|\*[ /])|\s\/\/ /
  const longLines = ['functions', 'events', 'infra', 'test'].flatMap(sourcesBelow).flatMap(file =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (line.length > 120 && comment.test(line) ? [`${file}:${index + 1}`] : [])),
  )
  expect(longLines).toEqual([])
})

const sourcesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `${folder}/${name}`)
