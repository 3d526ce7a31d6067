import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { type Postgres, postgres } from '#database/connect.ts'
import { checkBackup, restore } from '#database/operations/backup.ts'
import { FolderInUse, openDatabase, schemas } from './database.ts'
import { argumentsIn, Misuse } from './misuse.ts'
import type { Verb } from './verb.ts'

const longMs = 3_600_000

export const verb: Verb = {
  help: 'restore <file> [--yes]                    replaces all data with the backup; Vigia must be stopped',

  run: async (args, { env, out }) => {
    const { values, positionals } = argumentsIn({ args, options: { yes: { type: 'boolean' } }, allowPositionals: true })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new Misuse('restore takes one file')
    const { madeAt, rows } = await checkBackup(resolve(file), schemas)
    const { url, name, close } = await openDatabase(env).catch(error => {
      throw error instanceof FolderInUse ? new Error(`${error.message}: stop it first`) : error
    })
    const db = postgres(url, { max: 2, applicationName: 'vigia restore', statementTimeoutMs: longMs })
    try {
      await refuseRunning(db)
      if (!values.yes)
        await ask(`Replace everything in ${name} with the ${rows} rows of the backup of ${madeAt}? [y/N] `)
      await restore(db, url, resolve(file), schemas)
      out(`restored ${rows} rows of the backup of ${madeAt} into ${name}`)
    } finally {
      await db.end()
      await close()
    }
  },
}

/** The broker of a running Vigia holds this lock; see infra/local/broker/store/store.ts. */
const refuseRunning = async (db: Postgres): Promise<void> => {
  const { rowCount } = await db.query(
    `select from pg_locks where locktype = 'advisory' and classid = 7610 and objid = 1 and granted
       and database = (select oid from pg_database where datname = current_database())`,
  )
  if (rowCount > 0) throw new Error('Vigia is running on this database: stop it first')
}

const ask = async (question: string): Promise<void> => {
  if (!process.stdin.isTTY)
    throw new Error('restore asks before it replaces the data; without a terminal to answer in, use --yes')
  const asking = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await asking.question(question).finally(() => asking.close())
  if (!/^(y|yes|s|sim)$/i.test(answer.trim())) throw new Error('nothing was changed')
}
