/** A released version: `1.4.2` in package.json, chart and image, `v1.4.2` in git. */
export type Version = readonly [major: number, minor: number, patch: number]

/** Reads `1.4.2` or `v1.4.2`. Returns undefined for anything else, also for pre-releases, because there are none. */
export const versionIn = (text: string): Version | undefined => {
  const parts = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(text)
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3])] : undefined
}

/** Negative if `a` is the earlier version. */
export const compareVersions = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

/** The subject of a release commit. */
export const releaseSubject = (version: string): string => `chore: release ${version}`

/**
 * Matches the commits of the pipelines. If there are no other commits, there is no release, because otherwise each
 * release would cause another.
 */
const pipelineCommit = /^chore: (release|promote) /

/** The commit messages that are worth a release. Each message is the whole text of a commit. */
export const worthRelease = (messages: readonly string[]): string[] =>
  messages.filter(message => !pipelineCommit.test(message))

/** Whether a commit message announces a breaking change: `feat!: …`, or a footer BREAKING CHANGE. */
export const isBreakingChange = (message: string): boolean => /^\w+(\([^)]*\))?!:|\nBREAKING[ -]CHANGE:/.test(message)

/** Whether a message announces a feature: `feat: …`, `feat(where): …`. */
export const isFeature = (message: string): boolean => /^feat(\([^)]*\))?:/.test(message)

/**
 * The part of the version to increase, by the rules of conventionalcommits.org 1.0.0. Our usual subjects, "where: what
 * is now true", are a patch.
 */
export const bumpOf = (messages: readonly string[]): 'major' | 'minor' | 'patch' =>
  messages.some(isBreakingChange) ? 'major' : messages.some(isFeature) ? 'minor' : 'patch'

/**
 * The version after `last`, from the messages since then and the version in package.json. If the version in
 * package.json is later than the last tag, it is the next version; this is how the first release gets its number, and
 * how a person decides on 1.0.0. Before 1.0.0 a breaking change is a minor step.
 */
export const nextVersion = (last: Version | undefined, declared: Version, messages: readonly string[]): Version => {
  if (!last || compareVersions(declared, last) > 0) return declared
  const [major, minor, patch] = last
  const bump = bumpOf(messages)
  if (bump === 'major' && major > 0) return [major + 1, 0, 0]
  return bump === 'patch' ? [major, minor, patch + 1] : [major, minor + 1, 0]
}
