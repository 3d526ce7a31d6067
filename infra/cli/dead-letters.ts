import { lettersOf } from './letters.ts'
import { argumentsIn, Misuse } from './misuse.ts'
import { sayLetter, sayLetters } from './say-letters.ts'
import type { Verb } from './verb.ts'

/** Events that a Trigger gave up on, through the API of a running Vigia; as a Job on a cluster from PostgreSQL (see letters.ts). */
export const verb: Verb = {
  help: `dead-letters list [--limit 50] [--json]   events that could not be delivered, newest first
dead-letters show <id> [--json]           one of them, with its event
dead-letters replay <id> …                sends them again`,

  run: async (args, { env, out }) => {
    const { values, positionals } = argumentsIn({
      args,
      options: { limit: { type: 'string' }, json: { type: 'boolean' } },
      allowPositionals: true,
    })
    const [action = 'list', ...ids] = positionals
    const limit = Number(values.limit ?? 50)
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw new Misuse('--limit must be a number from 1 to 1000')
    if (values.limit !== undefined && action !== 'list') throw new Misuse('--limit is for list')
    if (values.json && action === 'replay') throw new Misuse('--json is for list and show')
    const wrong = ids.find(id => !/^[1-9]\d{0,14}$/.test(id))
    if (wrong !== undefined)
      throw new Misuse(`${wrong} is not the id of a dead letter; npm run vigia -- dead-letters list shows the ids`)

    const letters = lettersOf(env)
    try {
      switch (action) {
        case 'list': {
          if (ids.length > 0) throw new Misuse('list takes no ids')
          const found = await letters.newest(limit)
          return out(values.json ? JSON.stringify(found, null, 2) : sayLetters(found))
        }
        case 'show': {
          if (ids.length !== 1) throw new Misuse('show takes one id')
          const letter = await letters.find(Number(ids[0]))
          return out(values.json ? JSON.stringify(letter, null, 2) : sayLetter(letter))
        }
        case 'replay':
          if (ids.length === 0) throw new Misuse('replay takes ids')
          for (const id of ids) {
            await letters.replay(Number(id))
            out(`${id} is sent again`)
          }
          return
        default:
          throw new Misuse(`dead-letters has no ${action}; use list, show or replay`)
      }
    } finally {
      await letters.end()
    }
  },
}
