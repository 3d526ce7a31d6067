import { afterAll } from 'vitest'
import { removeDataFolder, temporaryFolder } from './npm-start.ts'

const folders: string[] = []

/**
 * A new temporary folder. After the tests of the file, the processes that still run on the folder are stopped, and the
 * folder is removed.
 */
export const folder = (): string => {
  const created = temporaryFolder()
  folders.push(created)
  return created
}

afterAll(async () => {
  for (const created of folders) await removeDataFolder(created)
})
