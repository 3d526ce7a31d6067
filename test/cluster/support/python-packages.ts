import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'

const run = promisify(execFile)

/**
 * The folder of the programs of a Python environment with the packages of a requirements file, or the reason why it is
 * not available. Installs them once for each change of the file.
 */
export const pythonPackages = async (requirements: string): Promise<{ folder: string } | { reason: string }> => {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
  // A Python environment contains its own path, so it is not renamed. The file `complete` marks a finished one.
  const folder = join(root, '.build/cluster/python', hash.slice(0, 16))
  const programs = { folder: join(folder, 'bin') }
  if (existsSync(join(folder, 'complete'))) return programs
  await mkdir(dirname(folder), { recursive: true })
  try {
    await rm(folder, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', folder])
    await run(join(folder, 'bin/pip'), ['install', '--quiet', '--requirement', requirements], {
      maxBuffer: 64 * 1024 * 1024,
    })
    await writeFile(join(folder, 'complete'), '')
    return programs
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
    const said = (stderr || message).trim().split('\n').at(-1)
    return { reason: code === 'ENOENT' ? 'there is no python3 on PATH' : `pip: ${said}` }
  }
}
