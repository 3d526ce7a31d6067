import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { Refusal } from '#infra/refusal.ts'
import { changelogOf } from './changelog.ts'
import { command } from './command.ts'
import { builtDigest, checkout, draftIn, type Release, readRelease, writeRelease } from './draft.ts'
import { GitFailed, git, gitOrNothing } from './git.ts'
import { tagImage } from './registry.ts'

/** Pushes commit and tag together or not at all. Then gives the image the name of the version. */
const publish = async (): Promise<string> => {
  const checkoutFolder = await checkout()
  const draft = draftIn(checkoutFolder)
  const release = await readRelease(draft.settings)
  if (release.PHASE === 'nothing') return `nothing to publish since v${release.VERSION}`
  const digest = await builtDigest(draft.image, release.REVISION)
  if (!digest)
    throw new Refusal(
      `no image of ${release.REVISION.slice(0, 12)} was built; run sh infra/delivery/release-image.sh first`,
    )
  if (release.PHASE === 'drafted') {
    const signed = existsSync(draft.signed) && (await readFile(draft.signed, 'utf8')).trim()
    if (signed !== digest) throw new Refusal(`the image ${digest} is not signed; run sh infra/delivery/sign.sh first`)
    await push(draft, release, digest)
    await writeRelease(draft.settings, { ...release, PHASE: 'published' })
  }
  const tag = `refs/tags/v${release.VERSION}`
  await git(checkoutFolder, ['fetch', '--quiet', '--no-tags', draft.source, `+${tag}:${tag}`])
  await tagImage(release.IMAGE, digest, release.VERSION)
  await writeFile(draft.changelog, await changelogOf(draft.source, `v${release.VERSION}`))
  return `v${release.VERSION} is published: commit ${release.REVISION}, image ${release.IMAGE}@${digest}`
}

const push = async (draft: ReturnType<typeof draftIn>, release: Release, digest: string) => {
  const { source, folder } = draft
  const tag = `v${release.VERSION}`
  await refuseOtherRevision(source, release)
  await writeDigestToTag(source, release, digest)
  const refused = await pushTogether(source, tag, release.BRANCH)
  if (!refused) return
  const remote = await gitOrNothing(source, ['ls-remote', 'origin', `refs/tags/${tag}`, `refs/heads/${release.BRANCH}`])
  // If origin has our tag, the connection was lost after the server had accepted the push.
  if (remote?.includes(`${await git(source, ['rev-parse', `refs/tags/${tag}`])}\trefs/tags/${tag}`)) return
  if (remote?.includes(`refs/tags/${tag}`)) {
    await rm(folder, { recursive: true, force: true })
    throw new Refusal(`another release published ${tag} while this one was built; this release is discarded`)
  }
  if (remote && !remote.includes(await git(source, ['rev-parse', `${release.REVISION}^`]))) {
    await rm(folder, { recursive: true, force: true })
    throw new Refusal(
      `${release.BRANCH} moved on origin while ${tag} was built; this release is discarded, so release the new commit`,
    )
  }
  throw new Refusal(
    `origin refused ${tag} (${refused.reason}), so nothing was pushed; run node infra/delivery/publish.ts again`,
  )
}

/** Throws a Refusal if the tag in the draft does not name the revision that was tested and built. */
const refuseOtherRevision = async (source: string, { VERSION, REVISION }: Release) => {
  const named = await gitOrNothing(source, ['rev-parse', `v${VERSION}^{commit}`])
  if (named !== REVISION)
    throw new Refusal(
      `the tag v${VERSION} in the draft does not name ${REVISION}; run node infra/delivery/prepare.ts again`,
    )
}

/** Writes the image's digest into the tag, so that a release can be finished from git alone after a crash. */
const writeDigestToTag = async (source: string, { VERSION, REVISION, IMAGE }: Release, digest: string) => {
  const [name, email, date] = (await git(source, ['log', '-1', '--format=%cn%n%ce%n%cI', REVISION])).split('\n')
  const message = `vigia ${VERSION}\n\nImage: ${IMAGE}@${digest}`
  await git(source, ['-c', 'tag.gpgSign=false', 'tag', '-f', '-a', `v${VERSION}`, '-m', message, REVISION], {
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  })
}

/**
 * Returns git's error if the push failed. If the remote has the same tag already, the push succeeds: this release was
 * pushed before a crash.
 */
const pushTogether = async (source: string, tag: string, branch: string): Promise<GitFailed | undefined> => {
  try {
    const refs = [`${tag}^{commit}:refs/heads/${branch}`, `refs/tags/${tag}:refs/tags/${tag}`]
    await git(source, ['push', '--quiet', '--atomic', 'origin', ...refs])
  } catch (error) {
    if (error instanceof GitFailed) return error
    throw error
  }
  return undefined
}

await command(publish)
