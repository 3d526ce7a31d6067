import type { Postgres } from '../connect.ts'
import type { Language } from './language.ts'

export type ChatKind = 'private' | 'group' | 'supergroup' | 'channel'

/** A Telegram chat that has spoken to the bot: how to word what it is told, and whether it can be told at all. */
export interface Chat {
  id: number
  kind: ChatKind
  language: Language
  /** IANA name. */
  zone: string
  unreachableSince: Date | null
}

/** The columns of a Chat, for queries that join `chat`. */
export const chatColumns = `chat.id, chat.kind, chat.language, chat.zone, chat.unreachable_since as "unreachableSince"`

/** Telegram's ids of persons are positive. */
const isGroupId = (id: number) => Number.isSafeInteger(id) && id < 0

/** The table `chat`. */
export const chatsIn = (db: Postgres) => ({
  find: async (id: number): Promise<Chat | null> =>
    (await db.query<Chat>(`select ${chatColumns} from chat where id = $1`, [id])).rows[0] ?? null,

  /** The chat as it is now, made if it is new; reachable again, for it spoke. `language` only counts for a new one. */
  upsert: async ({ id, kind, language }: Pick<Chat, 'id' | 'kind' | 'language'>): Promise<Chat> =>
    (
      await db.query<Chat>(
        `insert into chat (id, kind, language) values ($1, $2, $3)
         on conflict (id) do update set kind = excluded.kind, unreachable_since = null, unreachable_reason = null
         returning ${chatColumns}`,
        [id, kind, language],
      )
    ).rows[0]!,

  setLanguage: async (id: number, language: Language): Promise<void> => {
    await db.query('update chat set language = $2 where id = $1', [id, language])
  },

  setZone: async (id: number, zone: string): Promise<void> => {
    await db.query('update chat set zone = $2 where id = $1', [id, zone])
  },

  /** Nothing is sent to it until it speaks again; what it follows stays. `reason` in Telegram's words. */
  markUnreachable: async (id: number, reason: string): Promise<void> => {
    await db.query(
      `update chat set unreachable_since = coalesce(unreachable_since, now()), unreachable_reason = $2 where id = $1`,
      [id, reason],
    )
  },

  /**
   * A group became a supergroup and has a new id: everything it had moves along. Safe to say twice. Nothing happens for ids that are
   * not those of two groups, because what is moved is deleted where it was.
   */
  migrate: async (fromId: number, toId: number): Promise<void> => {
    if (fromId === toId || !isGroupId(fromId) || !isGroupId(toId)) return
    await db.transaction(async tx => {
      const known = await tx.query<{ id: number }>('select id from chat where id in ($1, $2) order by id for update', [
        fromId,
        toId,
      ])
      if (!known.rows.some(({ id }) => id === fromId)) return
      // What was asked for before the move still names the old id: the outbox looks it up here.
      await tx.query(
        'insert into chat_moved (from_id, to_id) values ($1, $2) on conflict (from_id) do update set to_id = excluded.to_id',
        [fromId, toId],
      )
      if (!known.rows.some(({ id }) => id === toId)) {
        await tx.query(`update chat set id = $2, kind = 'supergroup' where id = $1`, [fromId, toId])
        return
      }
      // Somebody spoke in the supergroup before the news of the move arrived: both have rows.
      await tx.query(
        `update monitor mine set chat_id = $2 where chat_id = $1
         and not exists (select from monitor theirs where theirs.chat_id = $2 and theirs.url = mine.url)`,
        [fromId, toId],
      )
      await tx.query(
        `with double as (delete from monitor where chat_id = $1 returning id)
         delete from follow using double where subject = 'monitor/' || double.id`,
        [fromId],
      )
      await tx.query(
        `update follow mine set chat_id = $2 where chat_id = $1
         and not exists (select from follow theirs where theirs.chat_id = $2 and theirs.subject = mine.subject)`,
        [fromId, toId],
      )
      await tx.query('update message set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update search set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query(
        `update chat set kind = 'supergroup', language = old.language, zone = old.zone
         from chat old where chat.id = $2 and old.id = $1`,
        [fromId, toId],
      )
      await tx.query('delete from chat where id = $1', [fromId])
    })
  },
})

export type Chats = ReturnType<typeof chatsIn>
