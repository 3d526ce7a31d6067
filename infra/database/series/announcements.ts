import { jsonText, type Postgres } from '../connect.ts'

/** The announcement of an episode to a chat. */
export interface Announcement {
  showId: number
  /** Null for all chats: of late episodes, and of announcements that an earlier release made. */
  chatId: number | null
  episodeId: number
  /** `s2e5`, or season, date and name of a special. It stays the same when TVmaze changes the id. */
  episode: string
  /** Only in announcements of earlier releases: the chats of this time zone got it; '' for all chats. */
  zone: string
  /** The announced date. If the episode is postponed afterwards, it is announced again. */
  airdate: string
  airstamp: string | null
  eventId: string
}

/** An event that announces episodes, as it is published. */
export interface AnnouncementEvent {
  id: string
  /** `episode.due`, `episode.missed` */
  type: string
  subject: string
  data: unknown
}

/** The tables `announcement` (what was announced) and `announcement_event` (the events that announce it). */
export const announcementsIn = (db: Postgres) => ({
  /** The announcements of these shows, to any chat. Those that differ only in the chat are one, without a chat. */
  of: async (showIds: readonly number[]): Promise<Announcement[]> =>
    (
      await db.query<Announcement>(
        `select distinct show_id as "showId", null::bigint as "chatId", episode_id as "episodeId", episode, zone, airdate,
           airstamp, event_id as "eventId"
         from announcement where show_id = any ($1)`,
        [showIds],
      )
    ).rows,

  /** The announcements of these shows to these chats, and those to all chats. */
  toChats: async (showIds: readonly number[], chatIds: readonly number[]): Promise<Announcement[]> =>
    (
      await db.query<Announcement>(
        `select show_id as "showId", chat_id as "chatId", episode_id as "episodeId", episode, zone, airdate, airstamp,
           event_id as "eventId"
         from announcement where show_id = any ($1) and (chat_id is null or chat_id = any ($2))`,
        [showIds, chatIds],
      )
    ).rows,

  /** Stores announcements with their event. Call it in the transaction that has read the earlier announcements. */
  save: async (event: AnnouncementEvent, announcements: readonly Announcement[], at: Date): Promise<void> => {
    await db.query(
      `insert into announcement_event (id, type, subject, data, made_at) values ($1, $2, $3, $4, $5)
       on conflict (id) do nothing`,
      [event.id, event.type, event.subject, jsonText(event.data), at],
    )
    await db.query(
      `insert into announcement (show_id, episode_id, episode, zone, event_id, airdate, airstamp, chat_id, announced_at)
       select *, $9
       from unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[])
       on conflict do nothing`,
      [
        announcements.map(each => each.showId),
        announcements.map(each => each.episodeId),
        announcements.map(each => each.episode),
        announcements.map(each => each.zone),
        announcements.map(each => each.eventId),
        announcements.map(each => each.airdate),
        announcements.map(each => each.airstamp),
        announcements.map(each => each.chatId),
        at,
      ],
    )
  },

  /** Copies the announcements of a show to the show into which TVmaze merged it. */
  copyToShow: async (fromShow: number, toShow: number): Promise<void> => {
    await db.query(
      `insert into announcement
         (show_id, episode_id, episode, zone, airdate, airstamp, event_id, chat_id, announced_at)
       select $2, episode_id, episode, zone, airdate, airstamp, event_id, chat_id, announced_at
       from announcement where show_id = $1
       on conflict do nothing`,
      [fromShow, toShow],
    )
  },

  /** Events whose publication is not confirmed yet, the oldest first. */
  unpublished: async (): Promise<AnnouncementEvent[]> =>
    (
      await db.query<AnnouncementEvent>(
        'select id, type, subject, data from announcement_event where published_at is null order by made_at, id',
      )
    ).rows,

  markPublished: async (ids: readonly string[], at: Date): Promise<void> => {
    await db.query('update announcement_event set published_at = $2 where id = any ($1)', [ids, at])
  },

  /** Deletes events that were published before that time. Their announcements stay. */
  forgetEventsBefore: async (before: Date): Promise<void> => {
    await db.query('delete from announcement_event where published_at < $1', [before])
  },
})

export type Announcements = ReturnType<typeof announcementsIn>
