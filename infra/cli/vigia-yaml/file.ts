import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { refuseMissingSecrets } from '#functions/vigia-yaml/missing-secrets.ts'
import type { Plan } from '#functions/vigia-yaml/plan.ts'
import { type FileContent, readFile } from '#functions/vigia-yaml/read-file.ts'
import { outsideOf } from './outside.ts'

/** The file, and a check that its plan can be applied. Throws FileFaults if the file is not valid. */
export const openFile = async (
  path: string,
  env: NodeJS.ProcessEnv,
  secretsFile: string | undefined,
): Promise<FileContent & { check(plan: Plan): void }> => {
  const content = await readFile(path, textOf(path), outsideOf(env, dirname(path), secretsFile))
  return { ...content, check: plan => refuseMissingSecrets(path, content, plan, '{env: NAME} or {file: path}') }
}

const textOf = (path: string) => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${code}`, {
      cause: error,
    })
  }
}
