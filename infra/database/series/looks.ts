import type { Language } from '../chats/language.ts'
import type { Postgres } from '../connect.ts'
import { showIdOf } from './follows.ts'
import { type NoticeSetting, settingColumns } from './notice-settings.ts'

/** A follow of a series that episode-checker is to look at. */
export interface FollowToLook {
  chatId: number
  language: Language
  /** IANA name. */
  zone: string
  isReachable: boolean
  subject: string
  /** Null if the subject is not usable. */
  showId: number | null
  followedAt: Date
  /** The digests that were due up to this time were sent, or the chat did not want them. */
  toldUntil: Date
  threadId: number | null
  setting: NoticeSetting
}

/** What a look at a follow results in: when the next look is due, and up to when its digests are sent. */
export interface Looked {
  chatId: number
  subject: string
  nextAt: Date
  toldUntil: Date
}

/** No look is due later than this after the last one, also if nothing seems to happen. */
export const longestLookMs = 6 * 3_600_000

/** The columns `next_at` and `told_until` of the follows of series. */
export const looksIn = (db: Postgres) => ({
  /**
   * All due follows of the `limit` chats that have waited longest, ordered by chat. They are locked until the end of
   * the transaction, so that a change of a setting or of a show waits, and is looked at afterwards. A look that is due
   * later than any look may be was stored while a clock was wrong; it is due too.
   */
  due: async (now: Date, limit: number): Promise<FollowToLook[]> => {
    const { rows } = await db.query<Omit<FollowToLook, 'showId' | 'setting'> & NoticeSetting>(
      `with due as (
         select chat_id from follow
         where starts_with(subject, 'show/') and (next_at <= $1 or next_at > $2)
         group by chat_id order by min(next_at), chat_id limit $3)
       select follow.chat_id as "chatId", chat.language, chat.zone, chat.unreachable_since is null as "isReachable",
         follow.subject, follow.followed_at as "followedAt", follow.thread_id as "threadId",
         coalesce(follow.told_until, follow.followed_at) as "toldUntil", ${settingColumns}
       from due join follow using (chat_id) join chat on chat.id = follow.chat_id
       left join notice_setting general on general.chat_id = follow.chat_id and general.show_id = 0
       left join notice_setting own on own.chat_id = follow.chat_id and own.show_id > 0
         and own.show_id::text = substring(follow.subject from 6)
       where starts_with(follow.subject, 'show/') and (next_at <= $1 or next_at > $2)
       order by follow.chat_id, follow.followed_at, follow.subject for update of follow`,
      [now, new Date(now.getTime() + 2 * longestLookMs), limit],
    )
    return rows.map(
      ({ chatId, language, zone, isReachable, subject, followedAt, toldUntil, threadId, ...setting }) => ({
        ...{ chatId, language, zone, isReachable, subject, showId: showIdOf(subject) },
        ...{ followedAt, toldUntil, threadId, setting },
      }),
    )
  },

  save: async (looked: readonly Looked[]): Promise<void> => {
    await db.query(
      `update follow set next_at = looked.next_at, told_until = looked.told_until
       from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[])
         as looked (chat_id, subject, next_at, told_until)
       where follow.chat_id = looked.chat_id and follow.subject = looked.subject`,
      [
        looked.map(({ chatId }) => chatId),
        looked.map(({ subject }) => subject),
        looked.map(({ nextAt }) => nextAt),
        looked.map(({ toldUntil }) => toldUntil),
      ],
    )
  },

  /** The data of a show changed, so what is due for its followers may have changed. */
  showChanged: async (showId: number): Promise<void> => {
    await db.query(`update follow set next_at = '-infinity' where subject = $1`, [`show/${showId}`])
  },
})

export type Looks = ReturnType<typeof looksIn>
