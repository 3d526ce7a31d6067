import { resolve } from 'node:path'
import { postgres } from '#database/connect.ts'
import { backUp } from '#database/operations/backup.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { migrationSets, openDatabaseAlsoWhileRunning } from './database.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'

const statementTimeoutMs = 3_600_000

export const verb: Verb = {
  help: 'backup <file>                             saves all data in one file, also while Vigia runs',

  run: async (args, { env, print }) => {
    const { positionals } = parseArguments({ args, allowPositionals: true })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new UsageError('backup needs one argument: the file to write')
    const { url, name, close } = await openDatabaseAlsoWhileRunning(env)
    const db = postgres(url, { max: 1, applicationName: 'vigia backup', statementTimeoutMs })
    try {
      const now = new Date()
      const rows = await backUp(db, resolve(file), migrationSets, now)
      // The metrics and the doctor read this time. The backup does not contain it, because the file is already written.
      await cursorsIn(db).advance('backup', now)
      print(`saved ${rows} rows of ${name} in ${resolve(file)}`)
    } finally {
      await db.end()
      await close()
    }
  },
}
