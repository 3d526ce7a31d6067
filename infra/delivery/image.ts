import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { buildFunctions } from './build.ts'
import { buildJobs } from './jobs.ts'

const root = join(import.meta.dirname, '../..')
const functionsDir = join(root, '.build/functions')

/**
 * Lays out in `outDir` what the image holds besides Node: the launcher, the functions with what V8 made of them, the jobs, and the SQL
 * of the migrations beside theirs. Throws where a function would start without its code cache.
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

/** The loader, and of the bundles the one it loads. */
const copyFunction = async (name: string, to: string) => {
  const loader = await readFile(join(functionsDir, `${name}.mjs`), 'utf8')
  const code = (await readdir(join(functionsDir, name))).find(file => file.endsWith('.cjs') && loader.includes(file))!
  await refuseCold(name, join(functionsDir, name, code))
  await mkdir(join(to, name))
  await copyFile(join(functionsDir, `${name}.mjs`), join(to, `${name}.mjs`))
  for (const file of [code, `${code}.cache`]) await copyFile(join(functionsDir, name, file), join(to, name, file))
}

/** Throws when a bundle has no code cache that this Node takes: it would start several times as slowly, and only users would notice. */
export const refuseCold = async (name: string, code: string) => {
  const cachedData = existsSync(`${code}.cache`) ? await readFile(`${code}.cache`) : undefined
  const taken =
    cachedData && !new Script(await readFile(code, 'utf8'), { filename: code, cachedData }).cachedDataRejected
  if (!taken)
    throw new Error(`${name} has no code cache that ${process.version} takes: npm run build -- --force says why`)
}

if (import.meta.main) {
  try {
    await buildImage(join(root, '.build/image'), line => process.stdout.write(`${line}\n`))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
