import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

// Inside a hook git hands its own repository on; ours is always the folder we name.
const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...inherited } = process.env

/** What git answered, without the last line break. Throws `GitFailed` with git's own words. */
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

/** git said no; `said` is its last line, which is the one with the reason. */
export class GitFailed extends Error {
  override name = 'GitFailed'
  readonly said: string
  constructor(verb: string, stderr: string, options: ErrorOptions) {
    const lines = stderr
      .trim()
      .split('\n')
      .filter(line => !line.startsWith('hint:'))
    const said = lines.find(line => /^(fatal|error):/.test(line)) ?? lines.at(-1) ?? 'no reason given'
    super(`git ${verb}: ${said}`, options)
    this.said = said
  }
}

/** The answer, or undefined where git says no: for questions whose "no" is an answer. */
export const gitOrNothing = (folder: string, args: string[]): Promise<string | undefined> =>
  git(folder, args).catch(error => {
    if (error instanceof GitFailed) return undefined
    throw error
  })
