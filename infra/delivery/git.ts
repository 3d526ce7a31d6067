import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

// git gets the environment without these variables, because in a git hook they name the hook's repository, and git
// would use it instead of the given folder.
const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...inherited } = process.env

/** Runs git in a folder. Returns its output without the last line break. Throws `GitFailed` with git's message. */
export const git = async (folder: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
  try {
    const { stdout } = await run('git', ['-C', folder, ...args], {
      env: { ...inherited, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...env },
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout.replace(/\n$/, '')
  } catch (error) {
    throw new GitFailed(args[0]!, (error as { stderr?: string }).stderr || (error as Error).message, { cause: error })
  }
}

/** git failed. `reason` is the line of its output that says why. */
export class GitFailed extends Error {
  override name = 'GitFailed'
  readonly reason: string
  constructor(verb: string, stderr: string, options: ErrorOptions) {
    const lines = stderr
      .trim()
      .split('\n')
      .filter(line => !line.startsWith('hint:'))
    const reason = lines.find(line => /^(fatal|error):/.test(line)) ?? lines.at(-1) ?? 'no reason given'
    super(`git ${verb}: ${reason}`, options)
    this.reason = reason
  }
}

/** The output, or undefined if git fails. For commands that fail when their answer is "no". */
export const gitOrNothing = (folder: string, args: string[]): Promise<string | undefined> =>
  git(folder, args).catch(error => {
    if (error instanceof GitFailed) return undefined
    throw error
  })
