import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** "version" of package.json, which a bundle says where no image says another. */
export const packageVersion = (): string =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).version
