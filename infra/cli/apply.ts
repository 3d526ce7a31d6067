import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'
import { applyChats } from './vigia-yaml/apply-chats.ts'
import { openFile } from './vigia-yaml/file.ts'
import { withTables } from './vigia-yaml/with-tables.ts'

export const verb: Verb = {
  help: 'apply [vigia.yaml] [--secrets <file>] [--yes]  makes the monitors as the file says; asks before it deletes any',

  run: async (args, shell) => {
    const { values, positionals } = parseArguments({
      args,
      options: { secrets: { type: 'string' }, yes: { type: 'boolean' } },
      allowPositionals: true,
    })
    if (positionals.length > 1) throw new UsageError('apply takes one file')
    const { env, print } = shell
    const { chats, check } = await openFile(positionals[0] ?? 'vigia.yaml', env, values.secrets)
    const request = { chats, prune: true, isConfirmed: values.yes === true, check, print }
    await withTables(shell, db => applyChats(db, request))
  },
}
