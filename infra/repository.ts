import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The absolute path of the repository's root folder, with a slash at its end. */
export const root = join(import.meta.dirname, '../')

/** The names of the functions: the folders of functions/ that have a main.ts. A folder without one is shared code. */
export const functionNames = (checkout = root) =>
  readdirSync(join(checkout, 'functions')).filter(name => existsSync(join(checkout, 'functions', name, 'main.ts')))
