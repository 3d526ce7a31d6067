import { afterAll } from 'vitest'
import { removeDataFolder, temporaryFolder } from './npm-start.ts'

const folders: string[] = []

/** A new temporary folder, which is removed after the tests of the file, with the processes that still run on it. */
export const folder = (): string => {
  const created = temporaryFolder()
  folders.push(created)
  return created
}

afterAll(async () => {
  for (const created of folders) await removeDataFolder(created)
})
