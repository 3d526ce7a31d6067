import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import { buildFunctions } from './build.ts'
import { unbundledPackages } from './bundle.ts'
import { buildJobs } from './jobs.ts'

const root = join(import.meta.dirname, '../..')
const functionsDir = join(root, '.build/functions')

/**
 * Writes to `outDir` what the image holds besides Node.js: the launcher, the functions with their code caches, the
 * jobs, and the SQL of the migrations. Throws an Error if a function has no valid code cache.
 */
export const buildImage = async (outDir: string, log: (line: string) => void = () => {}): Promise<void> => {
  const functions = await buildFunctions({ log, outDir: functionsDir })
  await rm(outDir, { recursive: true, force: true })
  await mkdir(join(outDir, 'functions'), { recursive: true })
  await copyFile(join(import.meta.dirname, 'launch.mjs'), join(outDir, 'launch.mjs'))
  for (const { name } of functions) await copyFunction(name, join(outDir, 'functions'))
  await copyUnbundledPackages(outDir)
  await buildJobs(join(outDir, 'jobs'))
  await cp(join(root, 'infra/database/migrations'), join(outDir, 'jobs/migrations'), { recursive: true })
}

/** Copies the packages that bundles load from node_modules, and their programs for this platform. */
const copyUnbundledPackages = async (outDir: string) => {
  const copy = async (name: string, files: readonly string[]) => {
    for (const file of ['package.json', ...files]) {
      const to = join(outDir, 'node_modules', name, file)
      await mkdir(dirname(to), { recursive: true })
      await copyFile(join(root, 'node_modules', name, file), to)
    }
  }
  for (const [name, files] of Object.entries(unbundledPackages)) {
    await copy(name, files)
    const { optionalDependencies = {} } = JSON.parse(
      await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8'),
    )
    // npm installs only the package of this platform.
    for (const program of Object.keys(optionalDependencies).filter(each =>
      existsSync(join(root, 'node_modules', each)),
    ))
      await copy(
        program,
        (await readdir(join(root, 'node_modules', program))).filter(file => file.endsWith('.node')),
      )
  }
}

/** Copies the loader and the bundle that it loads. */
const copyFunction = async (name: string, to: string) => {
  const loader = await readFile(join(functionsDir, `${name}.mjs`), 'utf8')
  const code = (await readdir(join(functionsDir, name))).find(file => file.endsWith('.cjs') && loader.includes(file))!
  await requireCodeCache(name, join(functionsDir, name, code))
  await mkdir(join(to, name))
  await copyFile(join(functionsDir, `${name}.mjs`), join(to, `${name}.mjs`))
  for (const file of [code, `${code}.cache`]) await copyFile(join(functionsDir, name, file), join(to, name, file))
}

/**
 * Throws an Error if this Node.js rejects a bundle's code cache, because the function would then start much more
 * slowly.
 */
export const requireCodeCache = async (name: string, code: string) => {
  const cachedData = existsSync(`${code}.cache`) ? await readFile(`${code}.cache`) : undefined
  const isAccepted =
    cachedData && !new Script(await readFile(code, 'utf8'), { filename: code, cachedData }).cachedDataRejected
  if (!isAccepted)
    throw new Error(
      `${name} has no code cache that Node.js ${process.version} accepts; npm run build -- --force shows the reason`,
    )
}

if (import.meta.main) {
  try {
    await buildImage(join(root, '.build/image'), line => process.stdout.write(`${line}\n`))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
