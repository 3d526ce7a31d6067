import { envOptional } from './env.ts'

/** The "version" of package.json, which the build inserts. Undefined where the code runs from its sources. */
declare const BUILT_VERSION: string | undefined

export interface Release {
  version: string
  revision: string
}

const unreleased = 'unreleased'

/**
 * The release of the container image (VIGIA_VERSION and VIGIA_REVISION); undefined where the process does not run in an
 * image.
 */
export const imageRelease = (): Release | undefined => {
  const version = envOptional('VIGIA_VERSION')
  return version === undefined ? undefined : { version, revision: envOptional('VIGIA_REVISION') ?? unreleased }
}

/**
 * The release that this process runs. Outside an image, it is the built version, or `sources`, with the revision
 * `unreleased`.
 */
export const release = (): Release =>
  imageRelease() ?? { version: typeof BUILT_VERSION === 'string' ? BUILT_VERSION : 'sources', revision: unreleased }
