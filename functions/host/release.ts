import { envOptional } from './env.ts'

/** The "version" of package.json, which the build inserts. Undefined where the code runs from its sources. */
declare const BUILT_VERSION: string | undefined

export interface Release {
  version: string
  /** The commit, `<commit>-dirty` for a checkout with changes, or `unreleased`. */
  revision: string
}

export const unreleased = 'unreleased'

/**
 * The release that this process runs. The image sets VIGIA_VERSION and VIGIA_REVISION; without them, the version is the
 * built one, or `sources`. On one machine the runtime sets VIGIA_REVISION, if the checkout is a clone of git.
 */
export const release = (): Release => ({
  version: envOptional('VIGIA_VERSION') ?? (typeof BUILT_VERSION === 'string' ? BUILT_VERSION : 'sources'),
  revision: envOptional('VIGIA_REVISION') ?? unreleased,
})

/** The release as it is stored with what it did: `1.4.2 (<commit>)`. */
export const releaseText = (): string => {
  const { version, revision } = release()
  return `${version} (${revision})`
}
