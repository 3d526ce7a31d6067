import { randomBytes } from 'node:crypto'
import type { Language } from '../chats/language.ts'
import type { Postgres } from '../connect.ts'

/** An event of a calendar, as it was read last. Everything that the event says is here, without the words around it. */
export interface CalendarEntry {
  /** The same for the lifetime of the episode, whatever TVmaze does with its id, number or date. */
  uid: string
  show: { id: number; name: string; namePt: string | null; url: string }
  episodeId: number
  name: string
  season: number
  /** null for specials. */
  number: number | null
  /** `YYYY-MM-DD`. */
  date: string
  /** The instant, UTC; null if only the date is known. */
  at: string | null
  /** null if TVmaze does not say it. */
  minutes: number | null
  /** `undated`: TVmaze removed the date. `removed`: TVmaze removed the episode. */
  state: 'planned' | 'undated' | 'removed'
  /** How many times the event has changed. */
  sequence: number
  /** RFC 3339. */
  changedAt: string
}

/** Whose calendar it is. */
export interface CalendarOwner {
  chatId: number
  language: Language
  /** Grows with each change of the entries. */
  version: number
}

/** 24 random bytes: nobody guesses the address. */
const newSecret = () => randomBytes(24).toString('base64url')

/** The table `episode_calendar`. */
export const episodeCalendarsIn = (db: Postgres) => ({
  /** The secret of the calendar of a chat; null if the chat has none. */
  secretOf: async (chatId: number): Promise<string | null> =>
    (await db.query<{ secret: string }>('select secret from episode_calendar where chat_id = $1', [chatId])).rows[0]
      ?.secret ?? null,

  /** Makes the calendar of a chat, unless it has one. Returns its secret. */
  make: async (chatId: number, now: Date): Promise<string> =>
    (
      await db.query<{ secret: string }>(
        `insert into episode_calendar (chat_id, secret, made_at) values ($1, $2, $3)
         on conflict (chat_id) do update set chat_id = excluded.chat_id returning secret`,
        [chatId, newSecret(), now],
      )
    ).rows[0]!.secret,

  /** Deletes the calendar of a chat, so that its address opens nothing. False if the chat had none. */
  revoke: async (chatId: number): Promise<boolean> =>
    (await db.query('delete from episode_calendar where chat_id = $1', [chatId])).rowCount > 0,

  /** The owner of the calendar with this secret; null if there is none. */
  ownerOf: async (secret: string): Promise<CalendarOwner | null> =>
    (
      await db.query<CalendarOwner>(
        `select chat_id as "chatId", language, version from episode_calendar join chat on chat.id = chat_id
         where secret = $1`,
        [secret],
      )
    ).rows[0] ?? null,

  entriesOf: async (chatId: number): Promise<CalendarEntry[]> =>
    (await db.query<{ entries: CalendarEntry[] }>('select entries from episode_calendar where chat_id = $1', [chatId]))
      .rows[0]?.entries ?? [],

  /** Stores the entries that replace those of `version`. False if another reading has stored its own. */
  keep: async ({ chatId, version }: CalendarOwner, entries: readonly CalendarEntry[]): Promise<boolean> =>
    (
      await db.query(
        'update episode_calendar set entries = $3, version = version + 1 where chat_id = $1 and version = $2',
        [chatId, version, JSON.stringify(entries)],
      )
    ).rowCount > 0,
})

export type EpisodeCalendars = ReturnType<typeof episodeCalendarsIn>
