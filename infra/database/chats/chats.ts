import type { Postgres } from '../connect.ts'
import { moveMonitors } from '../uptime/move-monitors.ts'
import type { Language } from './language.ts'

export type ChatKind = 'private' | 'group' | 'supergroup' | 'channel'

/** A Telegram chat that has used the bot: its language and time zone, and whether messages can reach it. */
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

/** Telegram gives positive ids to persons and negative ids to groups. */
const isGroupId = (id: number) => Number.isSafeInteger(id) && id < 0

/** The kind that Telegram's ids show; the next update of the chat corrects a channel. */
const kindOfId = (id: number): ChatKind => (id > 0 ? 'private' : id < -1_000_000_000_000 ? 'supergroup' : 'group')

/** What is due for the series that the chat follows is decided anew: its zone changed, or it can be reached again. */
const decideAnew = (db: Postgres, id: number) =>
  db.query(`update follow set next_at = '-infinity' where chat_id = $1 and starts_with(subject, 'show/')`, [id])

/** The table `chat`. */
export const chatsIn = (db: Postgres) => ({
  find: async (id: number): Promise<Chat | null> =>
    (await db.query<Chat>(`select ${chatColumns} from chat where id = $1`, [id])).rows[0] ?? null,

  /** The chats of `ids` that have used the bot or that vigia.yaml has added; all chats if `ids` is null. */
  findAll: async (ids: readonly number[] | null): Promise<Chat[]> =>
    (
      await db.query<Chat>(`select ${chatColumns} from chat where $1::bigint[] is null or id = any ($1) order by id`, [
        ids,
      ])
    ).rows,

  /** Sets the language and the zone that are not null. Adds the chat if it has not used the bot yet. */
  configure: async (
    id: number,
    { language, zone }: { language: Language | null; zone: string | null },
  ): Promise<void> => {
    await db.query(`insert into chat (id, kind) values ($1, $2) on conflict (id) do nothing`, [id, kindOfId(id)])
    await db.query('update chat set language = coalesce($2, language), zone = coalesce($3, zone) where id = $1', [
      id,
      language,
      zone,
    ])
    await decideAnew(db, id)
  },

  /**
   * Inserts or updates the chat and returns it. The chat counts as reachable again, because it has just used the bot.
   * `language` is used only for a new chat.
   */
  upsert: async ({ id, kind, language }: Pick<Chat, 'id' | 'kind' | 'language'>): Promise<Chat> => {
    const { rows } = await db.query<Chat>(
      `insert into chat (id, kind, language) values ($1, $2, $3)
       on conflict (id) do update set kind = excluded.kind, unreachable_since = null, unreachable_reason = null
       returning ${chatColumns}`,
      [id, kind, language],
    )
    await decideAnew(db, id)
    return rows[0]!
  },

  setLanguage: async (id: number, language: Language): Promise<void> => {
    await db.query('update chat set language = $2 where id = $1', [id, language])
  },

  setZone: async (id: number, zone: string): Promise<void> => {
    await db.query('update chat set zone = $2 where id = $1', [id, zone])
    await decideAnew(db, id)
  },

  /** Whether every member of the group may change what usually only its administrators may. */
  everyoneChanges: async (id: number): Promise<boolean> =>
    (await db.query('select from chat where id = $1 and everyone_changes', [id])).rowCount > 0,

  letEveryoneChange: async (id: number, everyone: boolean): Promise<void> => {
    await db.query('update chat set everyone_changes = $2 where id = $1', [id, everyone])
  },

  /**
   * Marks the chat as unreachable: it gets no messages until it uses the bot again. Its follows stay. `reason` is
   * Telegram's error description.
   */
  markUnreachable: async (id: number, reason: string): Promise<void> => {
    await db.query(
      `update chat set unreachable_since = coalesce(unreachable_since, now()), unreachable_reason = $2 where id = $1`,
      [id, reason],
    )
  },

  /**
   * Moves everything of a group to the supergroup that it became, which has a new id. A second call changes nothing.
   * If the ids are not those of two different groups, it does nothing, so that a wrong id cannot delete a chat.
   */
  migrate: async (fromId: number, toId: number): Promise<void> => {
    if (fromId === toId || !isGroupId(fromId) || !isGroupId(toId)) return
    await db.transaction(async tx => {
      const known = await tx.query<{ id: number }>('select id from chat where id in ($1, $2) order by id for update', [
        fromId,
        toId,
      ])
      if (!known.rows.some(({ id }) => id === fromId)) return
      // Messages that were requested before the move have the old id. The outbox finds the new id in `chat_moved`.
      await tx.query(
        'insert into chat_moved (from_id, to_id) values ($1, $2) on conflict (from_id) do update set to_id = excluded.to_id',
        [fromId, toId],
      )
      if (!known.rows.some(({ id }) => id === toId)) {
        await tx.query(`update chat set id = $2, kind = 'supergroup' where id = $1`, [fromId, toId])
        return
      }
      // The supergroup was used before Telegram reported the move, so both ids have rows.
      await moveMonitors(tx, fromId, toId)
      await tx.query(
        `update follow source set chat_id = $2 where chat_id = $1
         and not exists (select from follow target where target.chat_id = $2 and target.subject = source.subject)`,
        [fromId, toId],
      )
      await tx.query(
        `insert into seen_episode (chat_id, show_id, season, number, seen_at)
         select $2, show_id, season, number, seen_at from seen_episode where chat_id = $1 on conflict do nothing`,
        [fromId, toId],
      )
      await tx.query('update waiting_notice set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update message set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update search set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update page_post_draft set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update series_import set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update removed_monitor set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update api_key set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query('update webhook set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query(
        `update announcement source set chat_id = $2 where chat_id = $1 and not exists (select from announcement target
           where target.chat_id = $2 and (target.show_id, target.episode_id, target.zone, target.airdate)
             = (source.show_id, source.episode_id, source.zone, source.airdate))`,
        [fromId, toId],
      )
      await tx.query(
        `update notice_setting source set chat_id = $2 where chat_id = $1
         and not exists (select from notice_setting target where target.chat_id = $2 and target.show_id = source.show_id)`,
        [fromId, toId],
      )
      await tx.query(
        `update episode_calendar set chat_id = $2 where chat_id = $1
         and not exists (select from episode_calendar where chat_id = $2)`,
        [fromId, toId],
      )
      await tx.query('update report set chat_id = $2 where chat_id = $1', [fromId, toId])
      await tx.query(
        `update report_setting set chat_id = $2 where chat_id = $1
         and not exists (select from report_setting where chat_id = $2)`,
        [fromId, toId],
      )
      await tx.query(
        `update chat set kind = 'supergroup', language = old.language, zone = old.zone, everyone_changes = old.everyone_changes
         from chat old where chat.id = $2 and old.id = $1`,
        [fromId, toId],
      )
      await tx.query('delete from chat where id = $1', [fromId])
    })
  },
})

export type Chats = ReturnType<typeof chatsIn>
