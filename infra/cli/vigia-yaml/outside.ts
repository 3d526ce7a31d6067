import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { addressGuard } from '#functions/dial/address.ts'
import { logoLimits } from '#functions/pages/logo-limits.ts'
import { fileForms, type Outside } from '#functions/vigia-yaml/read-entries.ts'

/**
 * What the file needs from this machine. Paths of secrets begin in `folder`, the folder of the file. `secretsFile` has
 * more variables, in the format of an .env file.
 */
export const outsideOf = (env: NodeJS.ProcessEnv, folder: string, secretsFile?: string): Outside => {
  const more = secretsFile === undefined ? {} : parseEnv(readFileSync(secretsFile, 'utf8'))
  return {
    mayDial: addressGuard(allowedRanges(env)),
    ...fileForms,
    readSecret: source => {
      if ('value' in source) return { reason: 'is in the file; write {env: NAME} or {file: path}' }
      return 'env' in source
        ? fromVariable(more[source.env] ?? env[source.env], source.env)
        : fromFile(resolve(folder, source.file))
    },
    readPicture: path => pictureIn(resolve(folder, path)),
  }
}

/** Without a bot token, `npm start` simulates sites on this machine, and they may be checked. */
const allowedRanges = ({ PROBE_ALLOW = '', TELEGRAM_BOT_TOKEN, K_SINK }: NodeJS.ProcessEnv) =>
  TELEGRAM_BOT_TOKEN || K_SINK ? PROBE_ALLOW : `${PROBE_ALLOW},127.0.0.0/8,::1/128`

const fromVariable = (value: string | undefined, name: string) =>
  value ? { value } : { reason: `needs the environment variable ${name}, which is not set` }

/** One byte more than a logo may have shows that a file is too large. */
const pictureIn = (path: string) => {
  const bytes = Buffer.alloc(logoLimits.bytes + 1)
  try {
    const file = openSync(path, 'r')
    try {
      return { bytes: bytes.subarray(0, readSync(file, bytes)) }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return { reason: `needs ${path}, which cannot be read: ${(error as NodeJS.ErrnoException).code}` }
  }
}

const fromFile = (path: string) => {
  try {
    // Editors end a file with a line break, which is not part of the secret.
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    return value === '' ? { reason: `needs ${path}, which is empty` } : { value }
  } catch (error) {
    return { reason: `needs ${path}, which cannot be read: ${(error as NodeJS.ErrnoException).code}` }
  }
}
