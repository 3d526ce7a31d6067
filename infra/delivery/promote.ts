import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import { command, setting } from './command.ts'
import { checkout, draftIn, readRelease } from './draft.ts'
import { environmentsFile, environmentsIn, withRevision } from './environments.ts'
import { git } from './git.ts'
import { onPath } from './on-path.ts'
import { compareVersions, versionIn } from './version.ts'

/** Pushes a branch for each environment and, if gh is on PATH, opens a pull request. A merge moves the environment. */
const promote = async (): Promise<string> => {
  const checkoutFolder = await checkout()
  const draft = draftIn(checkoutFolder)
  const { VERSION: version, BRANCH: branch } = await readRelease(draft.settings)
  const source = draft.source
  const wanted = setting('PROMOTE_ENVIRONMENTS').split(/\s+/).filter(Boolean)
  await git(source, ['fetch', '--quiet', '--no-tags', 'origin', `+refs/heads/${branch}:refs/remotes/origin/${branch}`])
  const start = await git(source, ['rev-parse', `refs/remotes/origin/${branch}`])
  await git(source, ['checkout', '--quiet', '--detach', start])
  const file = join(source, environmentsFile)
  if (!existsSync(file)) throw new Refusal(`${environmentsFile} is missing on ${branch}; it must list the environments`)
  const text = await readFile(file, 'utf8')
  // An unknown environment is refused before any environment is changed.
  const changes = wanted.map(environment => ({ environment, text: withRevision(text, environment, `v${version}`) }))
  const results: string[] = []
  for (const change of changes) results.push(await propose(source, { version, branch, start, before: text, ...change }))
  return results.join('\n')
}

interface Proposal {
  environment: string
  version: string
  branch: string
  start: string
  before: string
  text: string
}

const propose = async (source: string, { environment, version, branch, start, before, text }: Proposal) => {
  const current = environmentsIn(before).find(({ name }) => name === environment)!.revision
  const running = versionIn(current)
  if (running && compareVersions(running, versionIn(version)!) >= 0) return `${environment} already has ${current}`
  await git(source, ['checkout', '--quiet', '--detach', start])
  await writeFile(join(source, environmentsFile), text)
  const title = `chore: promote ${version} to ${environment}`
  const head = `promote-v${version}-${environment}`
  const [date, name, email] = (await git(source, ['log', '-1', '--format=%cI%n%cn%n%ce', `v${version}`])).split('\n')
  const identity = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date }
  await git(
    source,
    ['-c', 'commit.gpgSign=false', '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-am', title],
    {
      ...identity,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: date,
    },
  )
  // The branch belongs to the pipeline. After a crash it is written again, from the current main branch.
  await git(source, ['push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${head}`])
  if (!onPath('gh')) return `${environment}: merge the branch ${head} to run v${version}`
  const open = execFileSync('gh', ['pr', 'list', '--head', head, '--state', 'open', '--json', 'number'], {
    cwd: source,
  })
  if (JSON.parse(open.toString()).length === 0)
    execFileSync(
      'gh',
      [
        'pr',
        'create',
        '--base',
        branch,
        '--head',
        head,
        '--title',
        title,
        '--body',
        `${environment}: ${current} → v${version}`,
      ],
      { cwd: source, stdio: ['ignore', 'ignore', 'inherit'] },
    )
  return `${environment}: ${current} → v${version} proposed`
}

await command(promote)
