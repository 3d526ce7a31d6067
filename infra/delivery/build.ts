import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageVersion } from './package-version.ts'

const root = join(import.meta.dirname, '../..')

export interface BuildOptions {
  /** Builds what is up to date, too. */
  force?: boolean
  /** Takes a line for a person. */
  log?: (line: string) => void
  /** Where to: `.build/functions` of the repository. */
  outDir?: string
  /** Only these functions. */
  only?: readonly string[]
}

export interface Built {
  name: string
  /** False where it was up to date. */
  built: boolean
  bytes: number
}

/** What a bundle was made of: contents by path, and the hash that its files are called after. */
interface Recipe {
  tools: string
  inputs: Record<string, string>
  code: string
}

/**
 * Builds `<outDir>/<name>.mjs` for every folder of functions/ that has a main.ts: a loader, beside it the bundle and what V8 made of it.
 * What is up to date is left alone, which takes a few milliseconds.
 */
export const buildFunctions = async ({
  force = false,
  log = () => {},
  outDir = join(root, '.build/functions'),
  only,
}: BuildOptions = {}): Promise<Built[]> => {
  const names = readdirSync(join(root, 'functions')).filter(
    name => existsSync(join(root, 'functions', name, 'main.ts')) && (only?.includes(name) ?? true),
  )
  await mkdir(outDir, { recursive: true })
  const recipes = readRecipes(outDir)
  const tools = toolsHash()
  const contents = memo((path: string) => (existsSync(join(root, path)) ? hash(readFileSync(join(root, path))) : ''))
  const upToDate = (name: string) => {
    const recipe = recipes[name]
    return (
      recipe?.tools === tools &&
      Object.entries(recipe.inputs).every(([path, content]) => contents(path) === content) &&
      existsSync(join(outDir, `${name}.mjs`)) &&
      existsSync(join(outDir, name, `${recipe.code}.cjs`))
    )
  }

  const stale = names.filter(name => force || !upToDate(name))
  if (stale.length > 0) {
    const [{ bundle }, { warmUp }, esbuild] = await Promise.all([
      import('./bundle.ts'),
      import('./warm-up.ts'),
      import('esbuild'),
    ])
    try {
      const turn = inTurns(2)
      await Promise.all(
        stale.map(async name => {
          const { code, map, inputs } = await bundle(`functions/${name}/main.ts`, name)
          const id = hash(code)
          const file = join(outDir, name, `${id}.cjs`)
          await mkdir(join(outDir, name), { recursive: true })
          await whole(file, code)
          await whole(`${file}.map`, map)
          const warmth = await turn(() => warmUp(name, file))
          await whole(join(outDir, `${name}.mjs`), loader(name, id))
          recipes[name] = { tools, code: id, inputs: Object.fromEntries(inputs.map(path => [path, contents(path)])) }
          log(`${name}: ${Math.round(code.length / 1024)} KiB${warmth === '' ? '' : `, not warmed up: ${warmth}`}`)
        }),
      )
    } finally {
      await esbuild.stop()
    }
    await whole(join(outDir, recipesFile), JSON.stringify(recipes))
    for (const name of stale) await forgetOld(join(outDir, name), recipes[name]!.code)
  }
  return names.map(name => ({
    name,
    built: stale.includes(name),
    bytes: statSync(join(outDir, name, `${recipes[name]!.code}.cjs`)).size,
  }))
}

/**
 * The program that `node` starts. The code cache belongs to one build of V8, and another one takes the text as it is; V8 knows a text
 * by its length only, so a bundle and its cache are called after the hash of the text.
 */
export const loader = (
  name: string,
  id: string,
): string => `const { readFileSync } = process.getBuiltinModule('node:fs')
const { createRequire } = process.getBuiltinModule('node:module')
const { Script } = process.getBuiltinModule('node:vm')
const filename = \`\${import.meta.dirname}/${name}/${id}.cjs\`
let cachedData
try {
  cachedData = readFileSync(filename + '.cache')
} catch {}
const script = new Script(readFileSync(filename, 'utf8'), { filename, cachedData })
const module = { exports: {} }
script.runInThisContext()(module.exports, createRequire(filename), module, filename, import.meta.dirname)
`

const recipesFile = 'recipes.json'

const readRecipes = (outDir: string): Record<string, Recipe> => {
  try {
    return JSON.parse(readFileSync(join(outDir, recipesFile), 'utf8'))
  } catch {
    // Never built, or half of it: then all of it is.
    return {}
  }
}

/** What every bundle depends on: the packages, the version, the build itself, V8, and all events, whose validators are in each. */
const toolsHash = () => {
  const ours = ['build', 'bundle', 'package-version', 'validators', 'warm-up', 'warm-up.process']
  const events = readdirSync(join(root, 'events')).filter(file => file.endsWith('.ts'))
  const files = [
    ...['package-lock.json', 'tsconfig.json'],
    ...ours.map(name => `infra/delivery/${name}.ts`),
    ...events.map(file => `events/${file}`),
  ]
  return hash(
    `${packageVersion()} ${process.version} ${process.arch}`,
    ...files.map(file => readFileSync(join(root, file))),
  )
}

const hash = (...parts: (string | Buffer)[]) => {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part).update('\0')
  return sum.digest('hex').slice(0, 16)
}

/** Writes a file that is there whole or not at all, whoever reads or builds at the same time. */
const whole = async (file: string, content: string) => {
  const draft = `${file}.${process.pid}.draft`
  await writeFile(draft, content)
  await rename(draft, file)
}

/** Bundles of before, except those that a function which is starting just now may be reading. */
const forgetOld = async (folder: string, current: string) => {
  for (const file of await readdir(folder)) {
    const path = join(folder, file)
    if (file.startsWith(current)) continue
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > 60_000) await rm(path)
  }
}

const memo = (make: (key: string) => string) => {
  const made = new Map<string, string>()
  return (key: string) => {
    const known = made.get(key) ?? make(key)
    made.set(key, known)
    return known
  }
}

/** Runs at most `width` at once, in order. */
const inTurns = (width: number) => {
  let free = width
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free === 0) await new Promise<void>(resolve => waiting.push(resolve))
    else free--
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}

if (import.meta.main) {
  const began = performance.now()
  const log = (line: string) => process.stdout.write(`${line}\n`)
  try {
    const built = await buildFunctions({ force: process.argv.includes('--force'), log })
    const fresh = built.filter(({ built }) => built).length
    log(
      `${fresh} of ${built.length} functions built in ${Math.round(performance.now() - began)} ms, the rest was up to date`,
    )
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
