import { createHash, randomBytes } from 'node:crypto'
import type { Postgres } from '../connect.ts'

/** What a key may do: look, change everything, or only announce and end maintenance. */
export type KeyScope = 'read' | 'write' | 'maintenance'
export const keyScopes: readonly KeyScope[] = ['read', 'write', 'maintenance']

/** A key of the HTTP API, without the key itself. */
export interface ApiKey {
  id: number
  chatId: number
  scope: KeyScope
  /** The person who made it; null for the command line. */
  personId: number | null
  createdAt: Date
  /** The last request, to the minute; null before the first. */
  usedAt: Date | null
}

/** The most keys of one chat. */
export const maxKeysPerChat = 20

/** A key has 256 random bits, so its hash needs no salt, and no key can be guessed. */
export const keyPattern = /^vigia_[A-Za-z0-9_-]{43}$/
const newKey = () => `vigia_${randomBytes(32).toString('base64url')}`
const hashOf = (key: string) => createHash('sha256').update(key).digest()

const columns = `id, chat_id as "chatId", scope, person_id as "personId", created_at as "createdAt", used_at as "usedAt"`

/** The table `api_key`. */
export const apiKeysIn = (db: Postgres) => ({
  /**
   * Makes a key and returns it, which is the only time that it can be shown. A repeat with the same cause makes no
   * second key: the key of the first time, which may not have been shown, stops working. Returns null if the chat has
   * too many keys, or does not exist.
   */
  create: (
    wanted: Pick<ApiKey, 'chatId' | 'scope' | 'personId'> & { cause: string },
    now: Date,
  ): Promise<string | null> =>
    db.transaction(async tx => {
      const { chatId, scope, personId, cause } = wanted
      const key = newKey()
      // Parallel requests count the keys of each other.
      const { rowCount: chats } = await tx.query('select from chat where id = $1 for no key update', [chatId])
      const { rows } = await tx.query<{ others: number }>(
        'select count(*) as others from api_key where chat_id = $1 and cause <> $2',
        [chatId, cause],
      )
      if (chats === 0 || rows[0]!.others >= maxKeysPerChat) return null
      await tx.query(
        `insert into api_key (chat_id, hash, scope, person_id, cause, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (chat_id, cause) do update set hash = excluded.hash`,
        [chatId, hashOf(key), scope, personId, cause, now],
      )
      return key
    }),

  /** The keys of a chat, the oldest first. */
  of: async (chatId: number): Promise<ApiKey[]> =>
    (await db.query<ApiKey>(`select ${columns} from api_key where chat_id = $1 order by id`, [chatId])).rows,

  /**
   * The row of a key; null for a wrong or a revoked key. PostgreSQL compares hashes, so the time of the answer says
   * nothing about the keys that exist.
   */
  find: async (key: string): Promise<ApiKey | null> =>
    (await db.query<ApiKey>(`select ${columns} from api_key where hash = $1`, [hashOf(key)])).rows[0] ?? null,

  /** Stores that the key was used, at most once a minute. */
  markUsed: async ({ id, usedAt }: Pick<ApiKey, 'id' | 'usedAt'>, now: Date): Promise<void> => {
    if (usedAt !== null && now.getTime() - usedAt.getTime() < 60_000) return
    await db.query('update api_key set used_at = greatest(used_at, $2) where id = $1', [id, now])
  },

  /** Revokes a key. False if the chat has no such key. */
  revoke: async (chatId: number, id: number): Promise<boolean> =>
    (await db.query('delete from api_key where chat_id = $1 and id = $2', [chatId, id])).rowCount === 1,
})

export type ApiKeys = ReturnType<typeof apiKeysIn>
