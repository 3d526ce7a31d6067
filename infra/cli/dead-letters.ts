import { deadLetterSource } from './dead-letter-source.ts'
import { formatDeadLetter, formatDeadLetters } from './format-dead-letters.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'

/**
 * Dead letters, from the API of a running Vigia; in a Job on a cluster, from PostgreSQL (see dead-letter-source.ts).
 */
export const verb: Verb = {
  help: `dead-letters list [--limit 50] [--json]   events that could not be delivered, the newest first
dead-letters show <id> [--json]           one dead letter, with its event
dead-letters replay <id> …                sends the events again`,

  run: async (args, { env, print }) => {
    const { values, positionals } = parseArguments({
      args,
      options: { limit: { type: 'string' }, json: { type: 'boolean' } },
      allowPositionals: true,
    })
    const [action = 'list', ...ids] = positionals
    const limit = Number(values.limit ?? 50)
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw new UsageError(`--limit is ${values.limit}; it must be a number from 1 to 1000`)
    if (values.limit !== undefined && action !== 'list') throw new UsageError('--limit works only with list')
    if (values.json && action === 'replay') throw new UsageError('--json works only with list and show')
    const invalid = ids.find(id => !/^[1-9]\d{0,14}$/.test(id))
    if (invalid !== undefined)
      throw new UsageError(
        `${invalid} is not the id of a dead letter; npm run vigia -- dead-letters list shows the ids`,
      )

    const source = deadLetterSource(env)
    try {
      switch (action) {
        case 'list': {
          if (ids.length > 0) throw new UsageError('list takes no ids; use show or replay')
          const found = await source.newest(limit)
          print(values.json ? JSON.stringify(found, null, 2) : formatDeadLetters(found))
          return
        }
        case 'show': {
          if (ids.length !== 1) throw new UsageError('show needs one id')
          const letter = await source.find(Number(ids[0]))
          print(values.json ? JSON.stringify(letter, null, 2) : formatDeadLetter(letter))
          return
        }
        case 'replay':
          if (ids.length === 0) throw new UsageError('replay needs at least one id')
          for (const id of ids) {
            await source.replay(Number(id))
            print(`${id} is sent again`)
          }
          return
        default:
          throw new UsageError(`${action} is not a command of dead-letters; use list, show or replay`)
      }
    } finally {
      await source.end()
    }
  },
}
