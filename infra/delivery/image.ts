import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { buildFunctions } from './build.ts'
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
  await buildJobs(join(outDir, 'jobs'))
  await cp(join(root, 'infra/database/migrations'), join(outDir, 'jobs/migrations'), { recursive: true })
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
