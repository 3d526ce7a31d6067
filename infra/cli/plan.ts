import { makePlan } from '#functions/vigia-yaml/apply.ts'
import { isEmpty } from '#functions/vigia-yaml/plan.ts'
import { printPlan } from '#functions/vigia-yaml/print-plan.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'
import { openFile } from './vigia-yaml/file.ts'
import { withTables } from './vigia-yaml/with-tables.ts'

export const verb: Verb = {
  help: 'plan [vigia.yaml] [--secrets <file>]       shows what apply would change',

  run: async (args, shell) => {
    const { values, positionals } = parseArguments({
      args,
      options: { secrets: { type: 'string' } },
      allowPositionals: true,
    })
    if (positionals.length > 1) throw new UsageError('plan takes one file')
    const { env, print } = shell
    const { chats, check } = await openFile(positionals[0] ?? 'vigia.yaml', env, values.secrets)
    const plan = await withTables(shell, db => makePlan(db, chats, true))
    check(plan)
    print(printPlan(plan))
    if (isEmpty(plan)) print('nothing to change')
  },
}
