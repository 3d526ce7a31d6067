import { randomUUID } from 'node:crypto'
import { apiKeysIn, type KeyScope, keyScopes, maxKeysPerChat } from '#database/chats/api-keys.ts'
import { chatIdOf } from './export.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'
import { withTables } from './vigia-yaml/with-tables.ts'

export const verb: Verb = {
  help: `key create --chat=<id> [--scope write]     makes a key of the HTTP API (read, write or maintenance), and prints it once
key list --chat=<id>                       the keys of a chat
key revoke <id> --chat=<id>                the key opens nothing any more`,

  run: async (args, shell) => {
    const { values, positionals } = parseArguments({
      args,
      options: { chat: { type: 'string' }, scope: { type: 'string' } },
      allowPositionals: true,
    })
    const [action = 'list', id, ...more] = positionals
    if (values.chat === undefined) throw new UsageError('--chat is missing; write the id of a chat')
    const chatId = chatIdOf(values.chat)
    if (more.length > 0 || (id !== undefined && action !== 'revoke'))
      throw new UsageError(`${action} takes no more words`)
    if (values.scope !== undefined && action !== 'create') throw new UsageError('--scope works only with create')
    const scope = scopeOf(values.scope ?? 'write')
    switch (action) {
      case 'create':
        return withTables(shell, async db => {
          const wanted = { chatId, scope, personId: null, cause: randomUUID() }
          const key = await apiKeysIn(db).create(wanted, new Date())
          if (key === null)
            throw new Error(`Vigia does not know the chat ${chatId}, or it has ${maxKeysPerChat} keys already`)
          shell.print(key)
        })
      case 'list':
        return withTables(shell, async db => {
          const keys = await apiKeysIn(db).of(chatId)
          for (const { id: number, scope: what, createdAt, usedAt } of keys)
            shell.print(
              `${number}  ${what}  made ${minute(createdAt)}  ${usedAt === null ? 'never used' : `used ${minute(usedAt)}`}`,
            )
          if (keys.length === 0) shell.print('no keys')
        })
      case 'revoke':
        if (!/^[1-9]\d{0,14}$/.test(id ?? ''))
          throw new UsageError('revoke needs the id of a key; key list shows the ids')
        return withTables(shell, async db => {
          if (!(await apiKeysIn(db).revoke(chatId, Number(id)))) throw new Error(`the chat ${chatId} has no key ${id}`)
          shell.print(`${id} is revoked`)
        })
      default:
        throw new UsageError(`${action} is not a command of key; use create, list or revoke`)
    }
  },
}

const scopeOf = (text: string): KeyScope => {
  const scope = keyScopes.find(each => each === text)
  if (scope === undefined) throw new UsageError(`--scope is ${text}; it must be one of ${keyScopes.join(', ')}`)
  return scope
}

const minute = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
