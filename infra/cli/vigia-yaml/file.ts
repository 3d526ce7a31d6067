import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Plan } from '#functions/vigia-yaml/plan.ts'
import { type FileContent, FileFaults, readFile } from '#functions/vigia-yaml/read-file.ts'
import { outsideOf } from './outside.ts'

/** The file, and a check that its plan can be applied. Throws FileFaults if the file is not valid. */
export const openFile = async (
  path: string,
  env: NodeJS.ProcessEnv,
  secretsFile: string | undefined,
): Promise<FileContent & { check(plan: Plan): void }> => {
  const content = await readFile(path, textOf(path), outsideOf(env, dirname(path), secretsFile))
  return { ...content, check: plan => refuseMissingSecrets(path, content, plan) }
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

const refuseMissingSecrets = (name: string, { chats, lineOf }: FileContent, { missingSecrets }: Plan): void => {
  const lines = missingSecrets.map(({ chatId, key, secret }) => {
    const at = chats.findIndex(({ id }) => id === chatId)
    const line = lineOf(['chats', at, 'monitors', key, 'secrets', secret])
    return `${name}:${line}: chats[${at}].monitors.${key}.secrets.${secret} is not stored; write {env: NAME} or {file: path}`
  })
  if (lines.length > 0) throw new FileFaults(lines.join('\n'))
}
