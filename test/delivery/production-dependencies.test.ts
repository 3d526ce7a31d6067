import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { importsOf, sourcesIn } from '#test/support/imports.ts'

/*
 * A permanent installation and the build of the image have only the packages that `npm ci --omit=dev` installs. So
 * production code may import only dependencies of package.json: no devDependency, and no package that is installed only
 * because another package needs it.
 */

const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const packages = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]
const packageOf = (path: string) => path.split('/', path.startsWith('@') ? 2 : 1).join('/')
const isBuiltin = (path: string) => path.startsWith('node:') || builtinModules.includes(path)

/** A plugin of esbuild that leaves every import as it is written. */
const unresolved: Plugin = {
  name: 'unresolved',
  setup: build => {
    build.onResolve({ filter: /.*/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path, external: true },
    )
    // An import() with a pattern may match files that are not code. They are loaded as empty.
    build.onLoad({ filter: /.*/ }, ({ path }) => (/\.(ts|mjs)$/.test(path) ? undefined : { contents: '' }))
  },
}

/** The imports of packages that are not in `allowed`, each as `<file>: <package>`, without imports of types. */
const undeclared = async (files: string[], allowed: readonly string[], cwd = root): Promise<string[]> => {
  const { metafile } = await build({
    absWorkingDir: cwd,
    entryPoints: files,
    outdir: 'nowhere',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    plugins: [unresolved],
    logLevel: 'silent',
  })
  return Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ path }) => !/^[.#/]/.test(path) && !isBuiltin(path) && !allowed.includes(packageOf(path)))
      .map(({ path }) => `${file}: ${packageOf(path)}`),
  )
}

const all = globSync('{events,functions,infra}/**/*.{ts,mjs}', { cwd: root })
/** The sources of Grafana's dashboards, which are needed only where someone changes a dashboard. */
const isDashboard = (file: string) => /^infra\/observability\/(dashboards\/|generate\.ts)/.test(file)
const production = all.filter(file => !isDashboard(file))

test('production code imports only packages that npm ci --omit=dev installs', async () => {
  expect(production).toEqual(
    expect.arrayContaining(['infra/local/main.ts', 'infra/cli/main.ts', 'infra/delivery/build.ts']),
  )
  expect(await undeclared(production, packages)).toEqual([])
})

test('only npm run generate loads the dashboards, and they need only the SDK of Grafana', async () => {
  const dashboards = all.filter(isDashboard)
  expect(await undeclared(dashboards, [])).not.toEqual([])
  expect(await undeclared(dashboards, ['@grafana/grafana-foundation-sdk'])).toEqual([])
  const users = importsOf(sourcesIn(['events', 'functions', 'infra'])).filter(({ to }) => isDashboard(to))
  expect(users.map(({ from }) => from).filter(from => !isDashboard(from))).toEqual(['infra/generate/generators.ts'])
})

test('static and lazy imports of a development dependency are found', async () => {
  const without = (name: string) => packages.filter(one => one !== name)
  expect(await undeclared(production, without('esbuild'))).toContain('infra/delivery/bundle.ts: esbuild')
  const folder = await mkdtemp(join(tmpdir(), 'vigia-imports-'))
  try {
    const source = `import { test } from 'vitest'
import type { Page } from 'playwright-core'
import pg from 'pg'
import './b.ts'
export const x = (): Page => test(pg, import('fast-check/lib/x.js'), import('@biomejs/biome'))`
    await writeFile(join(folder, 'a.ts'), source)
    expect(await undeclared(['a.ts'], packages, folder)).toEqual(
      ['vitest', 'fast-check', '@biomejs/biome'].map(n => `a.ts: ${n}`),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('programs that are resolved by name come from packages that npm ci --omit=dev installs', () => {
  const named = production.flatMap(file =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\.resolve\(\s*[`']((?:@[\w-]+\/)?[a-z][\w.-]*)/g)].map(
      ([, name]) => ({ file, name: name! }),
    ),
  )
  expect(named.map(({ name }) => name)).toContain('@jongodb/memory-server-bin-linux-x64-gnu')
  for (const { file, name } of named)
    expect(
      packages.some(one => one.startsWith(name)),
      `${file}: ${name}`,
    ).toBe(true)
})

test('the npm scripts of a permanent installation run a file of infra/ or events/ with node', () => {
  const { scripts, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const name of ['start', 'chat', 'vigia', 'build', 'schemas', 'charts'])
    expect(scripts[name], name).toMatch(/^node .*(infra|events)\/[\w/-]+\.ts$/)
  expect(Object.keys(devDependencies).filter(name => packages.includes(name))).toEqual([])
})
