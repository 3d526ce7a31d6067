import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import { git, gitOrNothing } from './git.ts'

/**
 * A release in progress. `drafted`: its commit and tag exist only in the clone of the draft. `published`: they are on
 * the remote, and the remaining steps have to be done. `nothing`: there is no commit to release.
 */
export interface Release {
  PHASE: 'drafted' | 'published' | 'nothing'
  /** `1.4.2`; for `nothing`, the last released version. */
  VERSION: string
  /** The commit that the tag names. */
  REVISION: string
  /** `registry.example.org/team/vigia`, without a tag. */
  IMAGE: string
  /** `oci://…`, `https://…` (ChartMuseum) or `nexus+https://…`. */
  CHART_REPOSITORY: string
  /** The branch that gets the release commit. */
  BRANCH: string
  /** The URL of the remote, without credentials. */
  SOURCE: string
}

/** The folders and files of a release in a checkout; `.build/` is in .gitignore. */
export const draftIn = (checkout: string) => {
  const folder = join(checkout, '.build/release')
  return {
    folder,
    /** A separate clone: a failure in it leaves no tag, no commit and no change in the checkout. */
    source: join(folder, 'source'),
    /** A shell file for the steps whose image has no Node.js: `. .build/release/release.env`. */
    settings: join(folder, 'release.env'),
    /** `<revision> <digest>` of the image that was built and pushed. */
    image: join(folder, 'image'),
    /** The digest that was signed. */
    signed: join(folder, 'signed'),
    changelog: join(folder, 'changelog.md'),
  }
}

/** The root of the repository in which the command was started. */
export const checkout = async (): Promise<string> => {
  const folder = await gitOrNothing(process.cwd(), ['rev-parse', '--show-toplevel'])
  if (!folder) throw new Refusal('this folder is not in a git repository; start the release in a clone')
  return folder
}

/**
 * Writes the settings as a shell file, with each value in single quotes. Throws a Refusal for a value that contains a
 * single quote or a line break.
 */
export const writeRelease = async (file: string, release: Release): Promise<void> => {
  for (const [name, value] of Object.entries(release))
    if (/['\n]/.test(value)) throw new Refusal(`${name} contains a quote or a line break: ${value}; remove it`)
  const lines = Object.entries(release).map(([name, value]) => `${name}='${value}'\n`)
  await writeFile(file, lines.join(''))
}

export const readRelease = async (file: string): Promise<Release> => {
  if (!existsSync(file)) throw new Refusal('no release was prepared here; run node infra/delivery/prepare.ts first')
  const lines = [...(await readFile(file, 'utf8')).matchAll(/^(\w+)='(.*)'$/gm)]
  return Object.fromEntries(lines.map(([, name, value]) => [name, value])) as unknown as Release
}

/** The digest of the image that was built for this revision, or undefined. */
export const builtDigest = async (file: string, revision: string): Promise<string | undefined> => {
  const [built, digest] = existsSync(file) ? (await readFile(file, 'utf8')).trim().split(' ') : []
  return built === revision ? digest : undefined
}

/** The image (`repository@sha256:…`) that publish.ts wrote into an annotated tag; undefined if the tag has none. */
export const imageOfTag = async (repository: string, tag: string): Promise<string | undefined> =>
  /^Image: (\S+)$/m.exec(await git(repository, ['for-each-ref', '--format=%(contents)', `refs/tags/${tag}`]))?.[1]
