import { envOptional } from './env.ts'

/** Put in by the build: "version" of package.json. Code that runs from its sources has none. */
declare const BUILT_VERSION: string | undefined

export interface Release {
  version: string
  revision: string
}

/** What an image says of itself: VIGIA_VERSION and VIGIA_REVISION; undefined outside of one. */
export const imageRelease = (): Release | undefined => {
  const version = envOptional('VIGIA_VERSION')
  return version === undefined ? undefined : { version, revision: envOptional('VIGIA_REVISION') ?? unreleased }
}

/** Which release this process runs; without an image the version that was built, unreleased. */
export const release = (): Release =>
  imageRelease() ?? { version: typeof BUILT_VERSION === 'string' ? BUILT_VERSION : 'sources', revision: unreleased }

const unreleased = 'unreleased'
