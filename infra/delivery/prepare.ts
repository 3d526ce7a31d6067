import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import { checkChartRepository } from './chart-repository.ts'
import { command, setting } from './command.ts'
import { checkout, draftIn, imageOfTag, type Release, writeRelease } from './draft.ts'
import { GitFailed, git, gitOrNothing } from './git.ts'
import { declaredVersion, releaseOf, releaseTags, sinceLastRelease } from './history.ts'
import { onPath } from './on-path.ts'
import { checkRegistry, digestOf } from './registry.ts'
import { stamp } from './stamp.ts'
import { nextVersion, releaseSubject, versionIn } from './version.ts'

/** The author of release commits is fixed, so that every machine makes the same release commit from the same commit. */
const author = { name: 'Vigia release', email: 'release@vigia.invalid' }

/** Checks settings, tools, tree and servers before anything is created. Returns the settings. */
const checkedSettings = async (checkoutFolder: string) => {
  const registry = setting('REGISTRY').replace(/\/+$/, '')
  const charts = setting('CHART_REPOSITORY').replace(/\/+$/, '')
  if (!/^[\w.-]+(:\d+)?(\/[a-z\d._/-]+)?$/.test(registry))
    throw new Refusal(`REGISTRY is ${registry}; it must be host[:port][/path], without https://`)
  const missing = (process.env.RELEASE_TOOLS ?? '').split(/\s+/).filter(tool => tool && !onPath(tool))
  if (missing.length)
    throw new Refusal(`${missing.join(', ')}: not found on PATH; install what is missing, then release again`)
  // Jenkins X keeps its variables in .jx.
  const changes = await git(checkoutFolder, ['status', '--porcelain', '--', '.', ':(exclude).jx'])
  if (changes) {
    const [first, ...others] = changes.split('\n')
    const more = others.length ? ` and ${others.length} more` : ''
    throw new Refusal(`the tree is dirty (${first!.trim()}${more}); commit or discard the changes, then release again`)
  }
  const url = await gitOrNothing(checkoutFolder, ['remote', 'get-url', 'origin'])
  if (!url)
    throw new Refusal(
      'this clone has no remote called origin, which a release is pushed to; add it with: git remote add origin <url>',
    )
  await checkRegistry(registry)
  await checkChartRepository(charts)
  return { url, image: `${registry}/vigia`, charts, branch: process.env.RELEASE_BRANCH || 'main' }
}

/** Clones the checkout's commit, with the tags of the remote and no others. */
const cloneOf = async (checkoutFolder: string, url: string, branch: string, commit: string, into: string) => {
  await git(checkoutFolder, ['clone', '--quiet', '--no-tags', '--no-checkout', '--', checkoutFolder, into])
  await git(into, ['remote', 'set-url', 'origin', url])
  const shallow = (await git(into, ['rev-parse', '--is-shallow-repository'])) === 'true'
  const heads = `+refs/heads/${branch}:refs/remotes/origin/${branch}`
  const tags = '+refs/tags/v*:refs/tags/v*'
  try {
    await git(into, ['fetch', '--quiet', '--no-tags', ...(shallow ? ['--unshallow'] : []), 'origin', heads, tags])
  } catch (error) {
    if (error instanceof GitFailed)
      throw new Refusal(`origin cannot be read: ${error.reason}; check its URL and RELEASE_BRANCH`)
    throw error
  }
  await git(into, ['checkout', '--quiet', '-B', branch, commit])
}

/**
 * Makes the release commit and its tag in the draft. Their dates are those of the parent commit, so each run makes the
 * same commit.
 */
const commitRelease = async (source: string, version: string): Promise<string> => {
  const date = await git(source, ['log', '-1', '--format=%cI'])
  const identity = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    GIT_COMMITTER_DATE: date,
  }
  await stamp(source, version)
  const plain = ['-c', 'commit.gpgSign=false', '-c', 'tag.gpgSign=false', '-c', 'core.hooksPath=/dev/null']
  await git(source, [...plain, 'commit', '--quiet', '--all', '--allow-empty', '-m', releaseSubject(version)], identity)
  await git(source, [...plain, 'tag', '-a', `v${version}`, '-m', `vigia ${version}`], identity)
  return git(source, ['rev-parse', 'HEAD'])
}

const prepare = async (): Promise<string> => {
  const checkoutFolder = await checkout()
  const { url, image, charts, branch } = await checkedSettings(checkoutFolder)
  const base = await git(checkoutFolder, ['rev-parse', 'HEAD'])
  const draft = draftIn(checkoutFolder)
  await mkdir(join(checkoutFolder, '.build'), { recursive: true })
  const work = await mkdtemp(join(checkoutFolder, '.build/release.'))
  const source = join(work, 'source')
  try {
    await cloneOf(checkoutFolder, url, branch, base, source)
    const common = { IMAGE: image, CHART_REPOSITORY: charts, BRANCH: branch, SOURCE: url.replace(/\/\/[^/@]*@/, '//') }
    const { release, summary, digest } = await draftRelease(checkoutFolder, source, base, common)
    // If an image was pushed before a crash, the old draft has a file that names the image and its revision. The new
    // draft keeps that file, so that the image is not built again.
    if (existsSync(draft.image)) await rename(draft.image, join(work, 'image'))
    if (digest) await writeFile(join(work, 'image'), `${release.REVISION} ${digest}\n`)
    await writeRelease(join(work, 'release.env'), release)
    await rm(draft.folder, { recursive: true, force: true })
    await rename(work, draft.folder)
    return summary
  } catch (error) {
    await rm(work, { recursive: true, force: true })
    throw error
  }
}

const draftRelease = async (
  checkoutFolder: string,
  source: string,
  base: string,
  common: Omit<Release, 'PHASE' | 'VERSION' | 'REVISION'>,
): Promise<{ release: Release; summary: string; digest?: string }> => {
  const tags = await releaseTags(source)
  const existing = releaseOf(base, tags)
  if (existing) {
    const digest = (await imageOfTag(source, existing.tag))?.split('@')[1]
    if (!digest)
      throw new Refusal(
        `${existing.tag} was made by hand and names no image, so this commit cannot be released; release a new commit`,
      )
    await git(source, ['checkout', '--quiet', '-B', common.BRANCH, existing.tag])
    const release: Release = { PHASE: 'published', VERSION: existing.version, REVISION: existing.commit, ...common }
    const summary = `${existing.tag} is already the release of ${base.slice(0, 12)}; the remaining steps are done now`
    return { release, summary, digest }
  }
  const remote = await gitOrNothing(source, ['rev-parse', '--verify', `refs/remotes/origin/${common.BRANCH}`])
  if (remote !== base)
    throw new Refusal(
      `${common.BRANCH} on origin is at ${remote?.slice(0, 12) ?? 'nothing'} and this checkout is at ${base.slice(0, 12)}; pull or push, then release again`,
    )
  const { last, messages } = await sinceLastRelease(source, base)
  if (last && messages.length === 0) {
    const release: Release = { PHASE: 'nothing', VERSION: last.version, REVISION: last.commit, ...common }
    return { release, summary: `nothing to release since ${last.tag}` }
  }
  const version = nextVersion(last && versionIn(last.tag), await declaredVersion(source, base), messages).join('.')
  await refuseTakenVersion(checkoutFolder, source, common.IMAGE, version)
  const commit = await commitRelease(source, version)
  const release: Release = { PHASE: 'drafted', VERSION: version, REVISION: commit, ...common }
  return { release, summary: `v${version} drafted from ${base.slice(0, 12)} as ${commit}` }
}

const refuseTakenVersion = async (checkoutFolder: string, source: string, image: string, version: string) => {
  const tag = `refs/tags/v${version}`
  const remote = await gitOrNothing(source, ['rev-parse', '--verify', '--quiet', `${tag}^{commit}`])
  if (remote)
    throw new Refusal(
      `v${version} is taken on origin by ${remote.slice(0, 12)}, a commit that this branch does not contain; declare a later version in package.json`,
    )
  const local = await gitOrNothing(checkoutFolder, ['rev-parse', '--verify', '--quiet', `${tag}^{commit}`])
  if (local)
    throw new Refusal(
      `v${version} is taken in this clone by ${local.slice(0, 12)} and is not on origin; delete it with git tag -d v${version}, then release again`,
    )
  const digest = await digestOf(image, version)
  if (digest)
    throw new Refusal(`${image}:${version} is taken by the image ${digest}; declare a later version in package.json`)
}

await command(prepare)
