import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic-write.ts'
import { packageVersion } from './package-version.ts'

const root = join(import.meta.dirname, '../..')

export interface BuildOptions {
  /** Builds what is up to date, too. */
  force?: boolean
  /** Takes a line for a person. */
  log?: (line: string) => void
  /** Takes what has happened, at once. */
  tell?: (news: BuildNews) => void
  /** Where to: `.build/functions` of the repository. */
  outDir?: string
  /** Only these functions. */
  only?: readonly string[]
  /** The function that is built before all others, because a person waits for it. */
  first?: string | undefined
  /** false leaves V8's code cache to a later build: functions then start more slowly. */
  warm?: boolean
}

/** `id` names the bundle: the same text has the same id. */
export type BuildNews =
  | { is: 'begun'; names: string[] }
  | { is: 'built'; name: string; id: string }
  | { is: 'failed'; name: string; why: string }

export interface Built {
  name: string
  /** False where it was up to date. */
  built: boolean
  bytes: number
}

/** What a bundle was made of: contents by path, the hash of the bundle, which names its files, and that of its code cache. */
interface Recipe {
  tools: string
  inputs: Record<string, string>
  code: string
  cache?: string
}

/** How many bundles, and then how many warm-ups, are under way at once. */
const width = 2

/**
 * Builds `<outDir>/<name>.mjs` for every folder of functions/ that has a main.ts: a loader, beside it the bundle and V8's
 * code cache. First come all bundles, which a function needs to start, then the caches, which make it start faster. What is
 * up to date is left alone in a few milliseconds. Throws one Error with every fault, after the other functions are built.
 */
export const buildFunctions = async ({
  force = false,
  log = () => {},
  tell = () => {},
  outDir = join(root, '.build/functions'),
  only,
  first,
  warm = true,
}: BuildOptions = {}): Promise<Built[]> => {
  const names = readdirSync(join(root, 'functions')).filter(
    name => existsSync(join(root, 'functions', name, 'main.ts')) && (only?.includes(name) ?? true),
  )
  tell({ is: 'begun', names })
  await mkdir(outDir, { recursive: true })
  const recipes = readRecipes(outDir)
  const tools = toolsHash()
  const contents = memo((path: string) => hashOf(join(root, path)))
  const fileOf = (name: string) => join(outDir, name, `${recipes[name]?.code}.cjs`)
  // By its hash: a power cut may have left the name without the bytes.
  const isBundled = (name: string) => {
    const recipe = recipes[name]
    return (
      recipe?.tools === tools &&
      Object.entries(recipe.inputs).every(([path, content]) => contents(path) === content) &&
      textOf(join(outDir, `${name}.mjs`)) === loader(name, recipe.code) &&
      hashOf(fileOf(name)) === recipe.code
    )
  }
  const isWarm = (name: string) => {
    const cache = recipes[name]?.cache
    return cache !== undefined && hashOf(`${fileOf(name)}.cache`) === cache
  }
  const keepRecipes = () => writeFileAtomic(join(outDir, recipesFile), JSON.stringify(recipes), 0o644)

  const stale = names.filter(name => force || !isBundled(name))
  const cold = warm ? names.filter(name => stale.includes(name) || !isWarm(name)) : []
  for (const name of names) if (!stale.includes(name)) tell({ is: 'built', name, id: recipes[name]!.code })
  const faults = new Map<string, string>()

  if (stale.length > 0) {
    const [{ bundle }, esbuild] = await Promise.all([import('./bundle.ts'), import('esbuild')])
    const make = async (name: string) => {
      try {
        const { code, map, inputs } = await bundle(`functions/${name}/main.ts`, name)
        const id = hash(code)
        const file = join(outDir, name, `${id}.cjs`)
        await mkdir(join(outDir, name), { recursive: true })
        await Promise.all([writeFileAtomic(file, code, 0o644), writeFileAtomic(`${file}.map`, map, 0o644)])
        await writeFileAtomic(join(outDir, `${name}.mjs`), loader(name, id), 0o644)
        recipes[name] = { tools, code: id, inputs: Object.fromEntries(inputs.map(path => [path, contents(path)])) }
        tell({ is: 'built', name, id })
        if (!warm) log(`${name}: ${Math.round(code.length / 1024)} KiB`)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        faults.set(name, why)
        tell({ is: 'failed', name, why })
      }
    }
    const turn = inTurns(width)
    try {
      if (first !== undefined && stale.includes(first)) await make(first)
      await Promise.all(stale.filter(name => name !== first).map(name => turn(() => make(name))))
    } finally {
      await esbuild.stop()
    }
    // A build that is killed while it warms up has not bundled in vain.
    await keepRecipes()
    for (const name of stale) if (!faults.has(name)) await forgetOld(join(outDir, name), recipes[name]!.code)
  }

  const toWarm = cold.filter(name => !faults.has(name))
  if (toWarm.length > 0) {
    const { warmUp } = await import('./warm-up.ts')
    const turn = inTurns(width)
    await Promise.all(
      toWarm.map(name =>
        turn(async () => {
          const file = fileOf(name)
          const fault = await warmUp(name, file)
          if (fault === '') recipes[name]!.cache = hashOf(`${file}.cache`)
          if (fault !== '' || stale.includes(name))
            log(`${name}: ${Math.round(statSync(file).size / 1024)} KiB${fault && `, not warmed up: ${fault}`}`)
        }),
      ),
    )
    await keepRecipes()
  }
  if (faults.size > 0) throw new Error([...faults.values()].join('\n'))
  return names.map(name => ({ name, built: stale.includes(name), bytes: statSync(fileOf(name)).size }))
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
    const recipes: unknown = JSON.parse(readFileSync(join(outDir, recipesFile), 'utf8'))
    if (typeof recipes !== 'object' || recipes === null) return {}
    return Object.fromEntries(
      Object.entries(recipes as Record<string, Recipe | null>).filter(
        (entry): entry is [string, Recipe] => typeof entry[1]?.code === 'string' && typeof entry[1].inputs === 'object',
      ),
    )
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

const textOf = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/** The hash of a file's content; '' where there is no file. */
const hashOf = (file: string): string => (existsSync(file) ? hash(readFileSync(file)) : '')

/** Bundles of before, except those that a function which is starting just now may be reading. */
const forgetOld = async (folder: string, current: string) => {
  for (const file of await readdir(folder)) {
    const path = join(folder, file)
    if (file.startsWith(current)) continue
    // Another build may forget the same at the same time.
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > 60_000) await rm(path, { force: true })
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

/** `--first <name>`: the function that is built before all others. */
const firstIn = (given: readonly string[]): string | undefined => {
  const at = given.indexOf('--first')
  return at < 0 ? undefined : given[at + 1]
}

if (import.meta.main) {
  const began = performance.now()
  const log = (line: string) => process.stdout.write(`${line}\n`)
  // `npm start` listens to the news, and a build goes with it.
  const tell = (news: BuildNews) => {
    if (process.send) process.send(news)
  }
  process.once('disconnect', () => process.exit(1))
  process.once('SIGTERM', () => process.exit(1))
  process.channel?.unref()
  try {
    const built = await buildFunctions({
      force: process.argv.includes('--force'),
      first: firstIn(process.argv),
      warm: !process.argv.includes('--no-warm-up'),
      log,
      tell,
    })
    const fresh = built.filter(({ built }) => built).length
    log(
      `${fresh} of ${built.length} functions built in ${Math.round(performance.now() - began)} ms, the rest was up to date`,
    )
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
