import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const timeoutMs = 3_000

/**
 * The commit of a checkout, with `-dirty` if its files were changed since then. Undefined without git, in a folder that
 * is not a clone, and if git does not answer in time.
 */
export const checkoutRevision = async (root: string): Promise<string | undefined> => {
  try {
    const { stdout } = await promisify(execFile)(
      'git',
      // No tag is considered, so the description is the hash itself.
      ['-C', root, 'describe', '--always', '--dirty', '--abbrev=40', '--exclude', '*'],
      { timeout: timeoutMs, env: { PATH: process.env.PATH, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' } },
    )
    return /^[0-9a-f]{40}(-dirty)?$/.exec(stdout.trim())?.[0]
  } catch {
    return undefined
  }
}
