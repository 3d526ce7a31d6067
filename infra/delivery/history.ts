import { Refusal } from '#infra/refusal.ts'
import { git, gitOrNothing } from './git.ts'
import { compareVersions, releaseSubject, type Version, versionIn, worthRelease } from './version.ts'

/** An annotated version tag: `v1.4.2`, the commit it names, that commit's parents and subject. */
export interface ReleaseTag {
  tag: string
  version: string
  commit: string
  parents: string[]
  subject: string
}

/** The version tags of a repository, newest version first. With `commit`, only the tags in its history. */
export const releaseTags = async (repository: string, commit?: string): Promise<ReleaseTag[]> => {
  const format = '%(refname:short)%09%(*objectname)%09%(*parent)%09%(*subject)'
  const merged = commit ? [`--merged=${commit}`] : []
  const answer = await git(repository, ['for-each-ref', `--format=${format}`, ...merged, 'refs/tags/v*'])
  return answer
    .split('\n')
    .map(line => line.split('\t'))
    .filter(([tag, object]) => versionIn(tag!) && object)
    .map(([tag, object, parents, subject]) => ({
      tag: tag!,
      version: tag!.slice(1),
      commit: object!,
      parents: parents!.split(' '),
      subject: subject!,
    }))
    .sort((a, b) => compareVersions(versionIn(b.tag)!, versionIn(a.tag)!))
}

/**
 * The release that already exists for a commit: its tag names the commit itself, or the release commit that was made
 * from the commit.
 */
export const releaseOf = (commit: string, tags: readonly ReleaseTag[]): ReleaseTag | undefined =>
  tags.find(
    one => one.commit === commit || (one.parents.includes(commit) && one.subject === releaseSubject(one.version)),
  )

/**
 * The full messages of the commits after the tag `since` (undefined: from the beginning) up to `commit`, newest first,
 * without merge commits.
 */
export const messagesSince = async (repository: string, since: string | undefined, commit: string): Promise<string[]> =>
  (await git(repository, ['log', '--no-merges', '--format=%B%x00', since ? `${since}..${commit}` : commit]))
    .split('\0')
    .map(message => message.trim())
    .filter(Boolean)

/** The version in package.json at a commit. Throws a Refusal if there is none. */
export const declaredVersion = async (repository: string, commit: string): Promise<Version> => {
  const text = await gitOrNothing(repository, ['show', `${commit}:package.json`])
  const declared = text === undefined ? undefined : versionIn(JSON.parse(text).version)
  if (!declared) throw new Refusal(`package.json at ${commit.slice(0, 12)} has no version such as 1.4.2`)
  return declared
}

/** The last release before a commit, and the messages of the later commits that are worth a release. */
export const sinceLastRelease = async (repository: string, commit: string) => {
  const [last] = await releaseTags(repository, commit)
  return { last, messages: worthRelease(await messagesSince(repository, last?.tag, commit)) }
}
