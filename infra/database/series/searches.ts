import { jsonText, type Postgres } from '../connect.ts'
import type { ShowHit } from './show.ts'

/** A search that a chat requested, with the results of TVmaze; `hits` is null if TVmaze did not answer. */
export interface Search {
  id: number
  query: string
  hits: ShowHit[] | null
}

/**
 * The number of searches that are kept for each chat. Older ones are deleted, and their buttons then answer that the
 * search is too old.
 */
const keptPerChat = 20

/** The table `search`. */
export const searchesIn = (db: Postgres) => ({
  /** Stores a search, deletes the chat's older ones beyond the limit, and returns the id. */
  keep: async (chatId: number, query: string, hits: ShowHit[] | null): Promise<number> =>
    (
      await db.query<{ id: number }>(
        `with deleted as (
           delete from search where chat_id = $1 and id <=
           (select id from search where chat_id = $1 order by id desc offset ${keptPerChat - 1} limit 1)
         )
         insert into search (chat_id, query, hits) values ($1, $2, $3) returning id`,
        [chatId, query, hits === null ? null : jsonText(hits)],
      )
    ).rows[0]!.id,

  /** Stores the results of a search whose `hits` are null. */
  addHits: async (chatId: number, id: number, hits: ShowHit[]): Promise<void> => {
    await db.query('update search set hits = $3 where chat_id = $1 and id = $2', [chatId, id, jsonText(hits)])
  },

  /** A search of this chat, or null. */
  find: async (chatId: number, id: number): Promise<Search | null> =>
    (await db.query<Search>('select id, query, hits from search where chat_id = $1 and id = $2', [chatId, id]))
      .rows[0] ?? null,
})

export type Searches = ReturnType<typeof searchesIn>
