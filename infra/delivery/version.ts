/** A released version: `1.4.2` in package.json, chart and image, `v1.4.2` in git. */
export type Version = readonly [major: number, minor: number, patch: number]

/** `1.4.2` or `v1.4.2`; undefined for anything else, pre-releases among them: we make none. */
export const versionIn = (text: string): Version | undefined => {
  const parts = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(text)
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3])] : undefined
}

/** Negative where a came before b. */
export const compareVersions = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

/** The subject of a release commit. */
export const releaseSubject = (version: string): string => `chore: release ${version}`

/** Commits that the pipelines make themselves: alone they are no news to release, or each release would cause the next. */
const ours = /^chore: (release|promote) /

/** The messages (whole, subject first) that are worth a release. */
export const newsAmong = (messages: readonly string[]): string[] => messages.filter(message => !ours.test(message))

/** A message (whole) that breaks what was promised: `feat!: …`, or a footer that says so. */
export const breaks = (message: string): boolean => /^\w+(\([^)]*\))?!:|\nBREAKING[ -]CHANGE:/.test(message)

/** A message of something new: `feat: …`, `feat(where): …`. */
export const adds = (message: string): boolean => /^feat(\([^)]*\))?:/.test(message)

/** What conventional commits (conventionalcommits.org, 1.0.0) ask for; ours say "where: what now holds", which is a patch. */
export const bumpOf = (messages: readonly string[]): 'major' | 'minor' | 'patch' =>
  messages.some(breaks) ? 'major' : messages.some(adds) ? 'minor' : 'patch'

/**
 * The version after `last`, given what was committed since and what package.json declares. A declared version ahead of the last tag is a
 * person's word and is taken as it is: so the first release has a number, and so 1.0.0 comes. Before it nothing is promised, and a
 * breaking change is a minor.
 */
export const nextVersion = (last: Version | undefined, declared: Version, messages: readonly string[]): Version => {
  if (!last || compareVersions(declared, last) > 0) return declared
  const [major, minor, patch] = last
  const bump = bumpOf(messages)
  if (bump === 'major' && major > 0) return [major + 1, 0, 0]
  return bump === 'patch' ? [major, minor, patch + 1] : [major, minor + 1, 0]
}
