import { type Chat, chatColumns } from '../chats/chats.ts'
import type { Postgres } from '../connect.ts'

export type Frequency = 'none' | 'daily' | 'weekly'
export type Theme = 'light' | 'dark'

/** The local time at which a chat gets its reports. */
export interface Schedule {
  frequency: Frequency
  /** 1 (Monday) to 7. Only weekly reports use it. */
  weekday: number
  /** 0 to 23, in the zone of the chat. */
  hour: number
}

/** When and how a chat gets its reports. */
export interface ReportSetting extends Schedule {
  theme: Theme
}

/** The setting of a chat that has not chosen one: no reports. */
export const defaultReportSetting: ReportSetting = { frequency: 'none', weekday: 1, hour: 8, theme: 'light' }

/** A schedule that at least one chat in the zone has. */
export interface ZonedSchedule extends Schedule {
  zone: string
}

/** A chat whose report is due and was not requested yet. */
export interface DueReport extends ReportSetting {
  chat: Chat
  threadId: number | null
  dueAt: Date
}

/** The table `report_setting`. */
export const reportSettingsIn = (db: Postgres) => ({
  /** The setting of a chat, or the default. */
  of: async (chatId: number): Promise<ReportSetting> =>
    (
      await db.query<ReportSetting>('select frequency, weekday, hour, theme from report_setting where chat_id = $1', [
        chatId,
      ])
    ).rows[0] ?? defaultReportSetting,

  /**
   * Stores the setting and the topic. After a change of the schedule only reports that are due later than `now` are
   * made.
   */
  set: async (chatId: number, setting: ReportSetting, threadId: number | null, now: Date): Promise<void> => {
    await db.query(
      `insert into report_setting as known (chat_id, frequency, weekday, hour, theme, thread_id, done_until)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (chat_id) do update set
         done_until = case
           when (known.frequency, known.weekday, known.hour) = (excluded.frequency, excluded.weekday, excluded.hour)
           then known.done_until else excluded.done_until end,
         frequency = excluded.frequency, weekday = excluded.weekday, hour = excluded.hour, theme = excluded.theme,
         thread_id = excluded.thread_id`,
      [chatId, setting.frequency, setting.weekday, setting.hour, setting.theme, threadId, now],
    )
  },

  /** All different schedules, without those of chats that get no reports. */
  schedules: async (): Promise<ZonedSchedule[]> =>
    (
      await db.query<ZonedSchedule>(
        `select distinct chat.zone, frequency, weekday, hour from report_setting join chat on chat.id = chat_id
         where frequency <> 'none'`,
      )
    ).rows,

  /**
   * Up to `limit` chats with one of these schedules whose report was due at `dueAt` and is not marked as done.
   * Unreachable chats are among them.
   */
  due: async (schedules: readonly (ZonedSchedule & { dueAt: Date })[], limit: number): Promise<DueReport[]> =>
    (
      await db.query<Chat & Omit<DueReport, 'chat'>>(
        `select ${chatColumns}, frequency, weekday, hour, theme, thread_id as "threadId", due.at as "dueAt"
         from unnest($1::text[], $2::text[], $3::smallint[], $4::smallint[], $5::timestamptz[])
           as due (zone, frequency, weekday, hour, at)
         join report_setting using (frequency, weekday, hour)
         join chat on chat.id = chat_id and chat.zone = due.zone
         where done_until < due.at order by due.at, chat_id limit $6`,
        [
          schedules.map(({ zone }) => zone),
          schedules.map(({ frequency }) => frequency),
          schedules.map(({ weekday }) => weekday),
          schedules.map(({ hour }) => hour),
          schedules.map(({ dueAt }) => dueAt),
          limit,
        ],
      )
    ).rows.map(({ frequency, weekday, hour, theme, threadId, dueAt, ...chat }) => ({
      chat,
      frequency,
      weekday,
      hour,
      theme,
      threadId,
      dueAt,
    })),

  /** Marks these reports, and all earlier ones of their chats, as done. */
  markDone: async (reports: readonly Pick<DueReport, 'chat' | 'dueAt'>[]): Promise<void> => {
    await db.query(
      `update report_setting set done_until = greatest(done_until, due.at)
       from unnest($1::bigint[], $2::timestamptz[]) as due (chat_id, at) where report_setting.chat_id = due.chat_id`,
      [reports.map(({ chat }) => chat.id), reports.map(({ dueAt }) => dueAt)],
    )
  },

  /**
   * Corrects marks that are in the future, because a clock was wrong. Without this, a chat would get no reports until
   * that time.
   */
  forgetFuture: async (now: Date): Promise<void> => {
    await db.query(`update report_setting set done_until = $1 where done_until > $1::timestamptz + interval '1 hour'`, [
      now,
    ])
  },
})

export type ReportSettings = ReturnType<typeof reportSettingsIn>
