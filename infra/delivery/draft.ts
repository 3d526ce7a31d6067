import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import { git, gitOrNothing } from './git.ts'

/**
 * A release on its way: `drafted` is a commit and a tag that only the draft's own clone has, `published` is on the remote and wants only
 * finishing, `nothing` is a history without news.
 */
export interface Release {
  PHASE: 'drafted' | 'published' | 'nothing'
  /** `1.4.2`; of `nothing`, the last one released. */
  VERSION: string
  /** The commit that the tag names. */
  REVISION: string
  /** `registry.example.org/team/vigia`, without a tag. */
  IMAGE: string
  /** `oci://…`, `https://…` (ChartMuseum) or `nexus+https://…`. */
  CHART_REPOSITORY: string
  /** Where the release commit goes. */
  BRANCH: string
  /** The remote's address, without a login. */
  SOURCE: string
}

/** The folders and files of a release in a checkout; `.build/` is in .gitignore. */
export const draftIn = (checkout: string) => {
  const folder = join(checkout, '.build/release')
  return {
    folder,
    /** A clone of its own: what fails in it leaves no tag, no commit and no change in the checkout. */
    source: join(folder, 'source'),
    /** For the steps whose image has no node: `. .build/release/release.env`. */
    settings: join(folder, 'release.env'),
    /** `<revision> <digest>` of the image that was built and pushed. */
    image: join(folder, 'image'),
    /** The digest that was signed. */
    signed: join(folder, 'signed'),
    changelog: join(folder, 'changelog.md'),
  }
}

/** The root of the repository that the command was started in. */
export const checkout = async (): Promise<string> => {
  const folder = await gitOrNothing(process.cwd(), ['rev-parse', '--show-toplevel'])
  if (!folder) throw new Refusal('this is no git repository: a release is made from a clone')
  return folder
}

/** Written so that a shell reads it: a value is between single quotes, and one with a quote in it would end there. */
export const keepRelease = async (file: string, release: Release): Promise<void> => {
  for (const [name, value] of Object.entries(release))
    if (/['\n]/.test(value)) throw new Refusal(`${name} has a quote in it, ${value}: no shell would read it as it is`)
  const lines = Object.entries(release).map(([name, value]) => `${name}='${value}'\n`)
  await writeFile(file, lines.join(''))
}

export const releaseIn = async (file: string): Promise<Release> => {
  if (!existsSync(file)) throw new Refusal('no release was prepared here: node infra/delivery/prepare.ts comes first')
  const lines = [...(await readFile(file, 'utf8')).matchAll(/^(\w+)='(.*)'$/gm)]
  return Object.fromEntries(lines.map(([, name, value]) => [name, value])) as unknown as Release
}

/** The digest of the image that was built for this revision; undefined where there is none. */
export const builtDigest = async (file: string, revision: string): Promise<string | undefined> => {
  const [built, digest] = existsSync(file) ? (await readFile(file, 'utf8')).trim().split(' ') : []
  return built === revision ? digest : undefined
}

/** The image that an annotated tag names (`repository@sha256:…`), which the publishing step wrote into it. */
export const imageOfTag = async (repository: string, tag: string): Promise<string | undefined> =>
  /^Image: (\S+)$/m.exec(await git(repository, ['for-each-ref', '--format=%(contents)', `refs/tags/${tag}`]))?.[1]
