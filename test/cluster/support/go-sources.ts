import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'

/**
 * The text of a file of a Go module, from the module cache; Go downloads what it lacks, and compiles nothing. If it
 * cannot, the reason.
 */
export const goSource = async (
  module: string,
  version: string,
  file: string,
): Promise<{ text: string } | { reason: string }> => {
  try {
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', `${module}@${version}`], {
      cwd: join(root, 'test/cluster/programs'),
      // Does not download another version of Go.
      env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod', GOWORK: 'off' },
      timeout: 300_000,
    })
    return { text: await readFile(join(JSON.parse(stdout).Dir, file), 'utf8') }
  } catch (error) {
    const { code, stdout, message } = error as NodeJS.ErrnoException & { stdout?: string }
    if (code === 'ENOENT' && !stdout) return { reason: 'there is no Go on PATH' }
    return { reason: (stdout || message).replaceAll(/\s+/g, ' ').slice(0, 300) }
  }
}
