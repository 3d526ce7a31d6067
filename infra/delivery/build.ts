import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { writeFileAtomic } from '../files/atomic-write.ts'
import { functionNames, root } from '../repository.ts'
import { packageVersion } from './package-version.ts'

export interface BuildOptions {
  /** Also builds functions that are up to date. */
  force?: boolean
  /** Receives each line of the log. */
  log?: (line: string) => void
  /** Receives each event of the build, at once. */
  onEvent?: (event: BuildEvent) => void
  /** The folder to write to; `.build/functions` of the repository by default. */
  outDir?: string
  /** Builds only these functions. */
  only?: readonly string[]
  /** The function to build before all others, because a user waits for it. */
  first?: string | undefined
  /** If false, V8's code caches are left to a later build; until then functions start more slowly. */
  warm?: boolean
}

/** `id` identifies the bundle: bundles with the same text have the same id. */
export type BuildEvent =
  | { kind: 'begun'; names: string[] }
  | { kind: 'built'; name: string; id: string }
  | { kind: 'failed'; name: string; reason: string }

export interface Built {
  name: string
  /** false if it was up to date. */
  built: boolean
  bytes: number
}

/**
 * What a bundle was built from: `inputs` has content hashes by path. `code` is the hash of the bundle, and part of the
 * file names of the bundle; `cache` is the hash of its code cache.
 */
interface Recipe {
  tools: string
  inputs: Record<string, string>
  code: string
  cache?: string
}

/** An output folder, the recipes of the bundles in it, and the state of the checkout to compare them with. */
interface Output {
  folder: string
  recipes: Record<string, Recipe>
  tools: string
  /** The hash of a file of the checkout, computed once per build. */
  hashOfSource: (path: string) => string
}

/** How many functions are bundled at once, and how many are warmed up at once. */
const concurrency = 2

/**
 * Builds `<outDir>/<name>.mjs` for every folder of functions/ that has a main.ts: a loader, and beside it the bundle
 * and V8's code cache. Makes all bundles first, because a function needs its bundle to start, and then the caches, with
 * which a function starts faster. Skips what is up to date. If functions cannot be built, builds the others, and then
 * throws one Error with the message of every failure.
 */
export const buildFunctions = async ({
  force = false,
  log = () => {},
  onEvent = () => {},
  outDir = join(root, '.build/functions'),
  only,
  first,
  warm = true,
}: BuildOptions = {}): Promise<Built[]> => {
  const names = functionNames().filter(name => only?.includes(name) ?? true)
  onEvent({ kind: 'begun', names })
  await mkdir(outDir, { recursive: true })
  const output = openOutput(outDir)
  const stale = names.filter(name => force || !isBundled(output, name))
  const cold = warm ? names.filter(name => stale.includes(name) || !isWarm(output, name)) : []
  for (const name of names) if (!stale.includes(name)) onEvent({ kind: 'built', name, id: output.recipes[name]!.code })

  const failures = await makeBundles(output, stale, first, event => {
    onEvent(event)
    if (event.kind === 'built' && !warm) log(`${event.name}: ${sizeOf(output, event.name)}`)
  })
  await makeCaches(
    output,
    cold.filter(name => !failures.has(name)),
    (name, failure) => {
      if (failure !== '' || stale.includes(name))
        log(`${name}: ${sizeOf(output, name)}${failure && `, not warmed up: ${failure}`}`)
    },
  )
  if (failures.size > 0) throw new Error([...failures.values()].join('\n'))
  return names.map(name => ({ name, built: stale.includes(name), bytes: statSync(bundleFile(output, name)).size }))
}

const openOutput = (folder: string): Output => {
  const hashes = new Map<string, string>()
  const hashOfSource = (path: string) => {
    const known = hashes.get(path) ?? hashOf(join(root, path))
    hashes.set(path, known)
    return known
  }
  return { folder, recipes: readRecipes(folder), tools: toolsHash(), hashOfSource }
}

const bundleFile = ({ folder, recipes }: Output, name: string) => join(folder, name, `${recipes[name]?.code}.cjs`)

const sizeOf = (output: Output, name: string) => `${Math.round(statSync(bundleFile(output, name)).size / 1024)} KiB`

/**
 * Whether the bundle is up to date. Compares contents, because after a power cut a file may have its name without its
 * bytes.
 */
const isBundled = (output: Output, name: string): boolean => {
  const recipe = output.recipes[name]
  return (
    recipe?.tools === output.tools &&
    Object.entries(recipe.inputs).every(([path, content]) => output.hashOfSource(path) === content) &&
    textOf(join(output.folder, `${name}.mjs`)) === loader(name, recipe.code) &&
    hashOf(bundleFile(output, name)) === recipe.code
  )
}

const isWarm = (output: Output, name: string): boolean => {
  const cache = output.recipes[name]?.cache
  return cache !== undefined && hashOf(`${bundleFile(output, name)}.cache`) === cache
}

/** Bundles the functions, `first` before the others. Returns the messages of failures by function. */
const makeBundles = async (
  output: Output,
  names: readonly string[],
  first: string | undefined,
  onEvent: (event: BuildEvent) => void,
): Promise<Map<string, string>> => {
  const failures = new Map<string, string>()
  if (names.length === 0) return failures
  const esbuild = await import('esbuild')
  const make = async (name: string) => {
    try {
      onEvent({ kind: 'built', name, id: await makeBundle(output, name) })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      failures.set(name, reason)
      onEvent({ kind: 'failed', name, reason })
    }
  }
  try {
    if (first !== undefined && names.includes(first)) await make(first)
    await pLimit(concurrency).map(
      names.filter(name => name !== first),
      make,
    )
  } finally {
    await esbuild.stop()
  }
  // The recipes are saved before the warm-up. If this build is killed during the warm-up, the next build does not
  // bundle again.
  await keepRecipes(output)
  for (const name of names)
    if (!failures.has(name)) await removeOldBundles(join(output.folder, name), output.recipes[name]!.code)
  return failures
}

/** Writes the bundle, its source map and its loader. Returns the id of the bundle. */
const makeBundle = async ({ folder, recipes, tools, hashOfSource }: Output, name: string): Promise<string> => {
  const { bundle } = await import('./bundle.ts')
  const { code, map, inputs } = await bundle(`functions/${name}/main.ts`, name)
  const id = hash(code)
  const file = join(folder, name, `${id}.cjs`)
  await mkdir(join(folder, name), { recursive: true })
  await Promise.all([writeFileAtomic(file, code, 0o644), writeFileAtomic(`${file}.map`, map, 0o644)])
  await writeFileAtomic(join(folder, `${name}.mjs`), loader(name, id), 0o644)
  recipes[name] = { tools, code: id, inputs: Object.fromEntries(inputs.map(path => [path, hashOfSource(path)])) }
  return id
}

/**
 * Runs each bundle once to make V8's code cache of it. Calls `done` with the reason of a failure, or with '' after
 * success.
 */
const makeCaches = async (
  output: Output,
  names: readonly string[],
  done: (name: string, failure: string) => void,
): Promise<void> => {
  if (names.length === 0) return
  const { warmUp } = await import('./warm-up.ts')
  await pLimit(concurrency).map(names, async name => {
    const file = bundleFile(output, name)
    const failure = await warmUp(name, file)
    if (failure === '') output.recipes[name]!.cache = hashOf(`${file}.cache`)
    done(name, failure)
  })
  await keepRecipes(output)
}

/**
 * The program that `node` starts. A code cache belongs to one build of V8; another build of V8 ignores it and compiles
 * the text. V8 checks only the length of the text, so a bundle and its cache are named after the hash of the text.
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

const keepRecipes = ({ folder, recipes }: Output) =>
  writeFileAtomic(join(folder, recipesFile), JSON.stringify(recipes), 0o644)

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
    // Nothing was built yet, or the file is damaged: build everything.
    return {}
  }
}

/**
 * The hash of what every bundle depends on: packages, version, the code of the build, V8, and all events, because every
 * bundle contains their validators.
 */
const toolsHash = () => {
  const buildFiles = ['build', 'bundle', 'package-version', 'validators', 'warm-up', 'warm-up.process']
  const events = readdirSync(join(root, 'events')).filter(file => file.endsWith('.ts'))
  const files = [
    ...['package-lock.json', 'tsconfig.json'],
    ...buildFiles.map(name => `infra/delivery/${name}.ts`),
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

/** The hash of a file's content; '' if the file does not exist. */
const hashOf = (file: string): string => (existsSync(file) ? hash(readFileSync(file)) : '')

/** Removes earlier bundles, except those of the last minute: a function that is starting may be reading them. */
const removeOldBundles = async (folder: string, current: string) => {
  for (const file of await readdir(folder)) {
    const path = join(folder, file)
    if (file.startsWith(current)) continue
    // Another build may remove the same file at the same time.
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > 60_000) await rm(path, { force: true })
  }
}

/** The value of `--first <name>`. */
const firstIn = (args: readonly string[]): string | undefined => {
  const at = args.indexOf('--first')
  return at < 0 ? undefined : args[at + 1]
}

if (import.meta.main) {
  const began = performance.now()
  const log = (line: string) => process.stdout.write(`${line}\n`)
  // `npm start` runs this program as a child process and reads its events. The build ends when `npm start` ends.
  const onEvent = (event: BuildEvent) => {
    if (process.send) process.send(event)
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
      onEvent,
    })
    const fresh = built.filter(({ built }) => built).length
    log(
      `${fresh} of ${built.length} functions built in ${Math.round(performance.now() - began)} ms, the others were up to date`,
    )
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
