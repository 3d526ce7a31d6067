import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The version in package.json. A bundle reports it unless the image sets another one. */
export const packageVersion = (): string =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).version
