import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEvents } from '#events/all.ts'
import { type Validator, validatorOf } from '#events/validate.ts'
import * as settings from '#functions/checks/settings.ts'
import { settingsSchemas } from '#functions/checks/settings-schemas.ts'
import { buildFunctions, loader } from '#infra/delivery/build.ts'
import { bundle } from '#infra/delivery/bundle.ts'
import { validatorsCompiledAhead } from '#infra/delivery/validators.ts'
import { variablesOf } from '#infra/delivery/warm-up.ts'
import { freePort } from '#infra/net/free-port.ts'
import { functionNames, root } from '#infra/repository.ts'
import { binaryEventHeaders } from '#test/support/function-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { sampleEvent } from '#test/support/sample-events.ts'
import { until } from '#test/support/until.ts'

const outDir = join(root, '.build/functions')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-build-'))
  await buildFunctions()
})
afterAll(() => rm(folder, { recursive: true }))

/** The paths of the files of a built function, and the id in their names. */
const filesOf = async (name: string, dir = outDir) => {
  const loader = await readFile(join(dir, `${name}.mjs`), 'utf8')
  const [, id] = /\/([0-9a-f]{16})\.cjs/.exec(loader)!
  return { loader: join(dir, `${name}.mjs`), code: join(dir, name, `${id}.cjs`), id: id! }
}

/** Starts a built function, calls `work` and stops the function. */
const runBuilt = async <T>(file: string, env: Record<string, string>, work: (port: number) => Promise<T>) => {
  const port = await freePort()
  const child = spawn(process.execPath, [file], { env: { PATH: process.env.PATH, PORT: String(port), ...env } })
  let output = ''
  child.stdout.on('data', text => {
    output += text
  })
  child.stderr.on('data', text => {
    output += text
  })
  const ended = once(child, 'close')
  try {
    return { result: await work(port), ended, output: () => output }
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

/** Copies a built function, with this code cache or without one. Returns its loader. */
const copyWithCache = async (name: string, cache: string | null): Promise<string> => {
  const { code, loader } = await filesOf(name)
  const copy = join(folder, name, basename(code))
  await mkdir(join(folder, name), { recursive: true })
  await cp(code, copy)
  await cp(loader, join(folder, `${name}.mjs`))
  await rm(`${copy}.cache`, { force: true })
  if (cache !== null) await writeFile(`${copy}.cache`, cache)
  return join(folder, `${name}.mjs`)
}

const healthy = (port: number) =>
  until(() => sendRequest(port, { method: 'GET', path: '/healthz' }).then(({ status }) => status === 200), {
    what: '/healthz',
  })

describe.each(functionNames())('the bundle of %s', name => {
  test('exits with one log line that names the missing variable', async () => {
    const child = spawn(process.execPath, [(await filesOf(name)).loader], { env: { PATH: process.env.PATH } })
    let line = ''
    child.stdout.on('data', text => {
      line += text
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(1)
    expect(line.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(line)).toMatchObject({
      'log.level': 'fatal',
      message: expect.stringMatching(/^[A-Z_]+ is not set/),
    })
  })

  test('contains neither ajv nor typebox, except api, which checks by its schemas, as its source map shows', async () => {
    const { sources } = JSON.parse(await readFile(`${(await filesOf(name)).code}.map`, 'utf8')) as { sources: string[] }
    expect(sources.some(source => source.includes('/cloudevents/'))).toBe(true)
    expect(sources.some(source => source.endsWith(`functions/${name}/main.ts`))).toBe(true)
    // ajv/lib/runtime is allowed: the precompiled validators of the CloudEvents SDK and of our bundles need it.
    const compiledAhead = /^node_modules\/(typebox\/|ajv\/)/
    const unwanted =
      /^node_modules\/(typebox\/|ajv\/(?!lib\/runtime\/)|ajv-formats\/|body-parser\/|iconv-lite\/|mime-db\/|node-fetch\/node_modules\/)/
    const isWanted = (source: string) => name === 'api' && compiledAhead.test(source)
    expect(sources.filter(source => unwanted.test(source) && !isWanted(source))).toEqual([])
  })

  test('has a valid V8 code cache', async () => {
    const { code } = await filesOf(name)
    const text = await readFile(code, 'utf8')
    const script = new Script(text, { filename: code, cachedData: await readFile(`${code}.cache`) })
    expect(script.cachedDataRejected).toBe(false)
  })

  test('without a code cache, starts before Knative has set K_SINK', async () => {
    const { K_SINK: _, ...variables } = variablesOf(name)
    await runBuilt(await copyWithCache(name, null), variables, healthy)
  })

  test('with a broken code cache, answers /healthz and refuses an unknown event without a database or a broker', async () => {
    const file = await copyWithCache(name, 'not a cache')
    const { result, output } = await runBuilt(file, variablesOf(name), async port => {
      await healthy(port)
      return sendRequest(port, { headers: binaryEventHeaders({ type: 'dev.vigia.made.up' }), body: '{}' })
    })
    expect([401, 422]).toContain(result.status)
    for (const line of output().split('\n').filter(Boolean))
      expect(JSON.parse(line)).toMatchObject({ 'service.name': name })
  })
})

test('a bundle is built again only if one of its inputs or outputs has changed', async () => {
  // Two of the smallest functions, because they are built a dozen times.
  const [one, two] = ['database-metrics', 'heartbeat'] as const
  const only = [one, two]
  const dir = join(folder, 'incremental')
  const built = async (warm = false) =>
    (await buildFunctions({ outDir: dir, only, warm })).filter(({ built }) => built).map(({ name }) => name)
  expect(await built()).toEqual(only)
  expect(await built(true)).toEqual([])

  const recipes = JSON.parse(await readFile(join(dir, 'recipes.json'), 'utf8'))
  expect(Object.keys(recipes[one].inputs)).toContain(`functions/${one}/main.ts`)
  expect(Object.keys(recipes[one].inputs)).toContain('functions/host/serve.ts')
  recipes[one].inputs['functions/host/serve.ts'] = 'as it was yesterday'
  await writeFile(join(dir, 'recipes.json'), JSON.stringify(recipes))
  expect(await built()).toEqual([one])

  const damage = async (file: string, content: string) => {
    const whole = await readFile(file)
    await writeFile(file, content)
    return whole
  }
  for (const file of Object.values(await filesOf(two, dir)).slice(0, 2))
    for (const content of ['', 'half of', '\0\0']) {
      const whole = await damage(file, content)
      expect(await built()).toEqual([two])
      expect(await readFile(file)).toEqual(whole)
    }
  // If the code cache is damaged or missing, the bundle is not built again. Only the cache is written again.
  const cache = `${(await filesOf(two, dir)).code}.cache`
  for (const content of ['', 'half of'])
    for (const warm of [false, true]) {
      await damage(cache, content)
      expect((await buildFunctions({ outDir: dir, only, warm })).every(({ built }) => !built)).toBe(true)
      expect((await readFile(cache)).length > 1000).toBe(warm)
    }
  await rm(cache)
  expect(await built(true)).toEqual([])
  expect((await readFile(cache)).length).toBeGreaterThan(1000)

  await rm((await filesOf(two, dir)).code)
  expect(await built()).toEqual([two])
  for (const content of ['{ half of', '', 'null', `{"${one}":null}`]) {
    await writeFile(join(dir, 'recipes.json'), content)
    expect(await built()).toEqual(only)
  }
  expect((await readdir(dir)).filter(file => file.endsWith('.draft'))).toEqual([])
})

test('a function that imports typebox is not built, and the error says where the schema belongs', async () => {
  const entry = join(folder, 'main.ts')
  await writeFile(entry, "import Type from 'typebox'\nexport const schema = Type.Object({})\n")
  await expect(bundle(entry, 'x')).rejects.toThrow(
    /main\.ts imports typebox, which the bundles leave out; define the schema in events\//,
  )
})

test('a bundle keeps text in any alphabet unchanged', async () => {
  const entry = join(folder, 'words.ts')
  await writeFile(
    entry,
    "const rawText = (parts: TemplateStringsArray) => parts.raw[0]\nprocess.stdout.write(rawText`olá… às 22 h – ありがとう` + ' não')\n",
  )
  await mkdir(join(folder, 'words'))
  await writeFile(join(folder, 'words/0.cjs'), (await bundle(entry, 'words')).code)
  await writeFile(join(folder, 'words.mjs'), loader('words', '0'))
  const child = spawn(process.execPath, [join(folder, 'words.mjs')])
  const [words] = await once(child.stdout.setEncoding('utf8'), 'data')
  expect(words).toBe('olá… às 22 h – ありがとう não')
})

test('esbuild works without its install script', async () => {
  // After `npm install` without scripts, bin/ of the package has only a placeholder. The binary is in another package.
  const modules = join(folder, 'node_modules')
  await cp(join(root, 'node_modules/esbuild'), join(modules, 'esbuild'), { recursive: true })
  await rm(join(modules, 'esbuild/bin'), { recursive: true })
  await symlink(join(root, 'node_modules/@esbuild'), join(modules, '@esbuild'))
  const esbuild = (await import(pathToFileURL(join(modules, 'esbuild/lib/main.js')).href)) as typeof import('esbuild')
  const { code } = await esbuild.transform('const answer: number = 42', { loader: 'ts' })
  await esbuild.stop()
  expect(code).toBe('const answer = 42;\n')
})

describe('precompiled validation', () => {
  let precompiled: typeof validatorOf
  beforeAll(async () => {
    const outfile = join(folder, 'validators.mjs')
    const entryPoints = [join(root, 'events/validate.ts')]
    await build({
      entryPoints,
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      plugins: [validatorsCompiledAhead],
    })
    precompiled = (await import(pathToFileURL(outfile).href)).validatorOf
  })

  test('of the settings of checks gives the same faults as validation compiled at run time', async () => {
    const outfile = join(folder, 'settings.mjs')
    await build({
      ...{ entryPoints: [join(root, 'functions/checks/settings.ts')], outfile, bundle: true, format: 'esm' },
      ...{ platform: 'node', plugins: [validatorsCompiledAhead] },
    })
    const { settingsFault: precompiledFault } = (await import(pathToFileURL(outfile).href)) as typeof settings
    for (const kind of [...Object.keys(settingsSchemas), 'toaster', 'constructor'])
      for (const value of [{}, { colour: 'blue' }, null, [], 'x'])
        expect(precompiledFault(kind, value)).toEqual(settings.settingsFault(kind, value))
    expect(precompiledFault('http', {})).toBeNull()
    expect(precompiledFault('http', { colour: 'blue' })).toEqual({ field: 'colour', problem: 'is not a setting' })
    expect(await readFile(outfile, 'utf8')).not.toContain('class Ajv')
  })

  /** The variants of a value that differ from it in one place, at any depth. */
  const changed = function* (value: unknown): Generator<unknown> {
    for (const other of [null, 'text', '', 7, -1, 1.5, true, [], {}]) yield other
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value)) {
      const set = (inner: unknown) =>
        Array.isArray(value) ? value.with(Number(key), inner) : { ...value, [key]: inner }
      if (!Array.isArray(value)) {
        const { [key]: _, ...rest } = value as Record<string, unknown>
        yield rest
      }
      for (const inner of changed((value as Record<string, unknown>)[key])) yield set(inner)
    }
    if (Array.isArray(value)) yield Array.from({ length: 60 }, () => value[0])
  }

  const verdict = (valid: Validator, data: unknown) =>
    valid(data) ? 'valid' : valid.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`)

  test.each(allEvents.map(event => [event.name, event] as const))(
    'of %s gives the same errors as validation compiled at run time',
    (_, event) => {
      const { data } = sampleEvent(event)
      expect(verdict(precompiled(event), data)).toBe('valid')
      let refused = 0
      for (const data of changed(sampleEvent(event).data)) {
        const expected = verdict(validatorOf(event), data)
        expect(verdict(precompiled(event), data), JSON.stringify(data)).toEqual(expected)
        if (expected !== 'valid') refused++
      }
      expect(refused).toBeGreaterThan(5)
    },
  )
})
