import { gitOrNothing } from '#infra/delivery/git.ts'
import { releaseTags } from '#infra/delivery/history.ts'

/** A release as it is recorded (`1.4.2 (<commit>)`), and its commit in this clone. */
export interface ReleaseCommit {
  release: string
  /** The tag, for a release that has one here. */
  tag: string | undefined
  /** Undefined if nothing recorded the commit and no tag has the version, or if this clone does not have the commit. */
  commit: { hash: string; subject: string; date: string } | undefined
  /** The checkout had changes that are in no commit. */
  isDirty: boolean
}

/** The commits of these releases. `repository` is undefined outside a clone. */
export const commitsOf = async (
  releases: readonly string[],
  repository: string | undefined,
): Promise<ReleaseCommit[]> => {
  const tags = repository === undefined ? [] : await releaseTags(repository)
  const found: ReleaseCommit[] = []
  for (const release of releases) {
    const [, version, revision, dirty] = /^(\S+) \((\S+?)(-dirty)?\)$/.exec(release) ?? []
    const isHash = /^[0-9a-f]{7,40}$/.test(revision ?? '')
    const tag = tags.find(each => (isHash ? each.commit.startsWith(revision!) : each.version === version))
    // The version of a checkout between two releases is that of the last one, so only a tag of the commit counts there.
    const hash = isHash ? revision : tag?.commit
    const line =
      repository === undefined || hash === undefined
        ? undefined
        : await gitOrNothing(repository, ['log', '-1', '--format=%H%n%cI%n%s', hash])
    const [full, date, subject] = line?.split('\n') ?? []
    found.push({
      release,
      tag: tag?.tag,
      commit: full === undefined ? undefined : { hash: full, date: date!, subject: subject! },
      isDirty: dirty !== undefined,
    })
  }
  return found
}
