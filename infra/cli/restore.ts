import { resolve } from 'node:path'
import { type Postgres, postgres } from '#database/connect.ts'
import { checkBackup, restore } from '#database/operations/backup.ts'
import { confirm } from './confirm.ts'
import { migrationSets, openDatabase } from './database.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'

const statementTimeoutMs = 3_600_000

export const verb: Verb = {
  help: 'restore <file> [--yes]                    replaces all data with the backup; Vigia must be stopped',

  run: async (args, { env, print }) => {
    const { values, positionals } = parseArguments({
      args,
      options: { yes: { type: 'boolean' } },
      allowPositionals: true,
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0)
      throw new UsageError('restore needs one argument: the file of the backup')
    const { madeAt, rows } = await checkBackup(resolve(file), migrationSets)
    const { url, name, close } = await openDatabase(env)
    const db = postgres(url, { max: 2, applicationName: 'vigia restore', statementTimeoutMs })
    try {
      await refuseRunning(db)
      if (!values.yes)
        await confirm('restore', `Replace all data in ${name} with the ${rows} rows of the backup made at ${madeAt}?`)
      await restore(db, url, resolve(file), migrationSets)
      print(`restored ${rows} rows of the backup made at ${madeAt} into ${name}`)
    } finally {
      await db.end()
      await close()
    }
  },
}

/** Throws an Error while Vigia runs: its broker then holds this lock (infra/local/broker/store/store.ts). */
const refuseRunning = async (db: Postgres): Promise<void> => {
  const { rowCount } = await db.query(
    `select from pg_locks where locktype = 'advisory' and classid = 7610 and objid = 1 and granted
       and database = (select oid from pg_database where datname = current_database())`,
  )
  if (rowCount > 0) throw new Error('Vigia is running on this database; stop it first')
}
