import type { Postgres } from '../connect.ts'
import { showIdOf } from './follows.ts'

export const timings = ['air', 'later', 'hour', 'day', 'daily', 'weekly'] as const
/**
 * When an episode is told. `air`: when it comes out; `later`: some hours after that; `hour` and `day`: an hour or a day
 * before; `daily` and `weekly`: in a digest.
 */
export type Timing = (typeof timings)[number]

export const episodeChoices = ['all', 'premieres', 'finales', 'both'] as const
/** Which episodes are told: all, the first of each season, the last of each season, or the first and the last. */
export type EpisodeChoice = (typeof episodeChoices)[number]

export const specialChoices = ['all', 'main', 'none'] as const
/** Which specials are told. `main`: those that belong to the story, without trailers and the like. */
export type SpecialChoice = (typeof specialChoices)[number]

/** A part of each day without notices, in minutes after midnight. It may contain midnight. */
export interface QuietHours {
  from: number
  to: number
}

/** When and how a chat is told about the episodes of one series. */
export interface NoticeSetting {
  timing: Timing
  /** 1 to 12; for `later`. */
  laterHours: number
  /** 0 to 23, in the zone of the chat; for digests. */
  digestHour: number
  /** 1 (Monday) to 7; for weekly digests. */
  digestWeekday: number
  episodes: EpisodeChoice
  specials: SpecialChoice
  /** Nothing is told before this time, and nothing that comes out before it. */
  mutedUntil: Date | null
  /**
   * Only series on one of these schedules are told: a country (`BR`), services of several countries (`global`), a
   * network (`n12`), a streaming service (`w1`). Empty: all series.
   */
  schedules: string[]
  quiet: QuietHours | null
}

/** The setting of a chat that has chosen nothing. */
export const defaultNoticeSetting: NoticeSetting = {
  timing: 'air',
  laterHours: 2,
  digestHour: 9,
  digestWeekday: 1,
  episodes: 'all',
  specials: 'main',
  mutedUntil: null,
  schedules: [],
  quiet: null,
}

/** The part of a setting that can be chosen for one series. Null: as for the other series. */
export type NoticeChange = { [Key in keyof Omit<NoticeSetting, 'quiet'>]?: NoticeSetting[Key] | null }

/** The stored choices of a chat for all series, or for one series. */
export type StoredChoices = { [Key in keyof Omit<NoticeSetting, 'quiet'>]: NoticeSetting[Key] | null }

/**
 * SQL: the columns of a NoticeSetting, from the rows `own` (one series) and `general` (all series); both may be absent.
 */
export const settingColumns = `
  coalesce(own.timing, general.timing, 'air') as timing,
  coalesce(own.later_hours, general.later_hours, ${defaultNoticeSetting.laterHours}) as "laterHours",
  coalesce(own.digest_hour, general.digest_hour, ${defaultNoticeSetting.digestHour}) as "digestHour",
  coalesce(own.digest_weekday, general.digest_weekday, ${defaultNoticeSetting.digestWeekday}) as "digestWeekday",
  coalesce(own.episodes, general.episodes, 'all') as episodes,
  coalesce(own.specials, general.specials, 'main') as specials,
  greatest(own.muted_until, general.muted_until) as "mutedUntil",
  coalesce(own.schedules, general.schedules, '{}') as schedules,
  case when general.quiet_from is not null
    then json_build_object('from', general.quiet_from, 'to', general.quiet_to) end as quiet`

const columnOf: Record<keyof StoredChoices, string> = {
  timing: 'timing',
  laterHours: 'later_hours',
  digestHour: 'digest_hour',
  digestWeekday: 'digest_weekday',
  episodes: 'episodes',
  specials: 'specials',
  mutedUntil: 'muted_until',
  schedules: 'schedules',
}

/** The `show_id` of the row for all series of a chat. */
const allShows = 0

/** The table `notice_setting`. */
export const noticeSettingsIn = (db: Postgres) => ({
  /** The setting of a chat for one series; without a series, for all series that have no choices of their own. */
  of: async (chatId: number, showId: number = allShows): Promise<NoticeSetting> =>
    (
      await db.query<NoticeSetting>(
        `select ${settingColumns} from (select) one
         left join notice_setting general on general.chat_id = $1 and general.show_id = 0
         left join notice_setting own on own.chat_id = $1 and own.show_id = $2`,
        [chatId, showId],
      )
    ).rows[0]!,

  /** The settings of chats for one series, by chat. */
  ofChats: async (chatIds: readonly number[], showId: number): Promise<Map<number, NoticeSetting>> => {
    const { rows } = await db.query<NoticeSetting & { chatId: number }>(
      `select chat.id as "chatId", ${settingColumns} from unnest($1::bigint[]) chat (id)
       left join notice_setting general on general.chat_id = chat.id and general.show_id = 0
       left join notice_setting own on own.chat_id = chat.id and own.show_id = $2`,
      [chatIds, showId],
    )
    return new Map(rows.map(({ chatId, ...setting }) => [chatId, setting]))
  },

  /** The settings of the series that a chat follows, by series. */
  ofFollows: async (chatId: number): Promise<Map<number, NoticeSetting>> => {
    const { rows } = await db.query<NoticeSetting & { subject: string }>(
      `select follow.subject, ${settingColumns} from follow
       left join notice_setting general on general.chat_id = follow.chat_id and general.show_id = 0
       left join notice_setting own on own.chat_id = follow.chat_id and own.show_id > 0
         and own.show_id::text = substring(follow.subject from 6)
       where follow.chat_id = $1 and starts_with(follow.subject, 'show/')`,
      [chatId],
    )
    return new Map(
      rows.flatMap(({ subject, ...setting }) => {
        const id = showIdOf(subject)
        return id === null ? [] : [[id, setting] as const]
      }),
    )
  },

  /** The series of the chat that have choices of their own. */
  showsWithChoices: async (chatId: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select show_id as id from notice_setting where chat_id = $1 and show_id > 0
         and num_nonnulls(timing, episodes, specials, muted_until, schedules) > 0 order by show_id`,
        [chatId],
      )
    ).rows.map(({ id }) => id),

  /**
   * Stores choices for all series of a chat (`showId` 0) or for one series. What is due is decided anew. A digest that
   * was due before `now` is not sent because of the change.
   */
  change: async (chatId: number, showId: number, change: NoticeChange, now: Date): Promise<void> => {
    const entries = Object.entries(change) as [keyof StoredChoices, unknown][]
    if (entries.length === 0) return
    const columns = entries.map(([key]) => columnOf[key])
    const values = entries.map(([, value]) => value)
    const places = columns.map((_, at) => `$${at + 3}`)
    await db.transaction(async tx => {
      await tx.query(
        `insert into notice_setting (${['chat_id', 'show_id', ...columns].join(', ')})
         values (${['$1', '$2', ...places].join(', ')})
         on conflict (chat_id, show_id) do update set ${columns.map((column, at) => `${column} = ${places[at]}`).join(', ')}`,
        [chatId, showId, ...values],
      )
      await decideAnew(tx, chatId, showId, now)
    })
  },

  /** Adds a schedule to those of all series of a chat, or removes it. */
  setSchedule: async (chatId: number, schedule: string, isChosen: boolean, now: Date): Promise<void> =>
    db.transaction(async tx => {
      await tx.query(
        `insert into notice_setting as known (chat_id, show_id, schedules)
         values ($1, 0, case when $3 then array[$2::text] else '{}' end)
         on conflict (chat_id, show_id) do update set schedules =
           array_remove(coalesce(known.schedules, '{}'), $2) || case when $3 then array[$2::text] else '{}' end`,
        [chatId, schedule, isChosen],
      )
      await decideAnew(tx, chatId, allShows, now)
    }),

  /** Removes the choices for one series. The series is then told as the others. */
  forgetShow: async (chatId: number, showId: number, now: Date): Promise<void> =>
    db.transaction(async tx => {
      await tx.query('delete from notice_setting where chat_id = $1 and show_id = $2 and show_id > 0', [chatId, showId])
      await decideAnew(tx, chatId, showId, now)
    }),

  /** Stores the quiet hours of a chat; null for none. */
  setQuiet: async (chatId: number, quiet: QuietHours | null, now: Date): Promise<void> =>
    db.transaction(async tx => {
      await tx.query(
        `insert into notice_setting (chat_id, show_id, quiet_from, quiet_to) values ($1, 0, $2, $3)
         on conflict (chat_id, show_id) do update set quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to`,
        [chatId, quiet?.from ?? null, quiet?.to ?? null],
      )
      await decideAnew(tx, chatId, allShows, now)
    }),

  /** Moves the choices for a series to the series into which TVmaze merged it, unless that one has its own. */
  moveShow: async (fromShow: number, toShow: number): Promise<void> => {
    await db.query(
      `update notice_setting source set show_id = $2 where show_id = $1
       and not exists (select from notice_setting target where target.chat_id = source.chat_id and target.show_id = $2)`,
      [fromShow, toShow],
    )
    await db.query('delete from notice_setting where show_id = $1', [fromShow])
  },
})

export type NoticeSettings = ReturnType<typeof noticeSettingsIn>

const decideAnew = (tx: Postgres, chatId: number, showId: number, now: Date) =>
  tx.query(
    `update follow set next_at = '-infinity', told_until = $3
     where chat_id = $1 and starts_with(subject, 'show/') and ($2 = 0 or subject = 'show/' || $2)`,
    [chatId, showId, now],
  )
