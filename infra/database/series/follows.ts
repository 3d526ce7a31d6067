import { isTvmazeId } from '#events/ranges.ts'
import { type Chat, chatColumns } from '../chats/chats.ts'
import type { Postgres } from '../connect.ts'
import type { Skip } from '../operations/skipped-records.ts'

/**
 * A chat that follows a subject. In a forum, `threadId` is the topic that gets the messages; null for General and for
 * a chat without topics.
 */
export interface Follower extends Chat {
  threadId: number | null
}

/** A follow of a chat. The subject is `show/82` or `monitor/42`; `title` is its name at the time of the follow. */
export interface Follow {
  subject: string
  title: string | null
  followedAt: Date
}

const followColumns = `follow.subject, follow.title, follow.followed_at as "followedAt"`

/** TVmaze's id of a followed series; null if the subject has no id that the tables accept. */
export const showIdOf = (subject: string): number | null => {
  const id = /^show\/([1-9]\d{0,9})$/.exec(subject)?.[1]
  return isTvmazeId(Number(id)) ? Number(id) : null
}

/** The functions that add a follow. */
interface Following {
  follow(chatId: number, subject: string, at: Date, title?: string | null, threadId?: number | null): Promise<boolean>
  restore(chatId: number, subject: string, at: Date, title?: string | null, threadId?: number | null): Promise<void>
}

/**
 * The table `follow`. Only reachable chats count as followers: a chat that blocked the bot keeps its follows but gets
 * no messages.
 */
export const followsIn = (db: Postgres) => ({
  /** Adds a follow. Returns true if it is new; an existing follow keeps its date and gets the new topic. */
  follow: async (
    chatId: number,
    subject: string,
    at: Date,
    title: string | null = null,
    threadId: number | null = null,
  ): Promise<boolean> =>
    (
      await db.query<{ isNew: boolean }>(
        `insert into follow (chat_id, subject, followed_at, title, thread_id) values ($1, $2, $3, $4, $5)
         on conflict (chat_id, subject) do update
         set title = coalesce(excluded.title, follow.title), thread_id = excluded.thread_id
         returning xmax = 0 as "isNew"`,
        [chatId, subject, at, title, threadId],
      )
    ).rows[0]!.isNew,

  /**
   * Runs `work`, which adds a follow of `subject`, if the limits of the chat allow it. Returns 'full' if the chat has
   * too many follows, and 'waiting' if too many of them wait for their first fetch. The row of the chat is locked, so
   * that a call also counts the follows of parallel calls.
   */
  followWithinLimits: <Result>(
    chatId: number,
    subject: string,
    limits: { followsPerChat: number; waitingFollowsPerChat: number },
    waitingSince: Date | null,
    work: (follows: Following) => Promise<Result>,
  ): Promise<{ done: Result } | 'full' | 'waiting'> =>
    db.transaction(async tx => {
      await tx.query('select from chat where id = $1 for no key update', [chatId])
      const { rows } = await tx.query<{ all: number; waiting: number; isFollowed: boolean }>(
        `select count(*) as all, count(waiting_since) as waiting, coalesce(bool_or(subject = $2), false) as "isFollowed"
         from follow where chat_id = $1 and starts_with(subject, 'show/')`,
        [chatId, subject],
      )
      const { all, waiting, isFollowed } = rows[0]!
      if (!isFollowed && all >= limits.followsPerChat) return 'full'
      if (!isFollowed && waitingSince !== null && waiting >= limits.waitingFollowsPerChat) return 'waiting'
      const done = await work(followsIn(tx))
      if (!isFollowed && waitingSince !== null)
        await tx.query('update follow set waiting_since = $3 where chat_id = $1 and subject = $2', [
          chatId,
          subject,
          waitingSince,
        ])
      return { done }
    }),

  /**
   * The series to fetch next among those that wait for their first fetch; null if none waits. It is the series that has
   * waited longest in the chat whose last fetch is longest ago. The series in `except` are being fetched already.
   */
  nextWaiting: async (except: readonly number[]): Promise<number | null> => {
    const { rows } = await db.query<{ subject: string }>(
      `select waiting.subject from follow waiting cross join lateral
         (select max(looked_at) as at from follow seen where seen.chat_id = waiting.chat_id) last
       where waiting_since is not null and subject <> all ($1)
       order by last.at nulls first, waiting_since, subject limit 1`,
      [except.map(id => `show/${id}`)],
    )
    return rows[0] === undefined ? null : showIdOf(rows[0].subject)
  },

  isWaiting: async (showId: number): Promise<boolean> =>
    (await db.query('select from follow where subject = $1 and waiting_since is not null limit 1', [`show/${showId}`]))
      .rowCount > 0,

  /** Marks the series as fetched, whatever the result was. */
  clearWaiting: async (showId: number, at: Date): Promise<void> => {
    await db.query(
      'update follow set waiting_since = null, looked_at = $2 where subject = $1 and waiting_since is not null',
      [`show/${showId}`, at],
    )
  },

  /** Deletes a follow and returns it, so that `restore` can undo it; null if the chat did not follow the subject. */
  unfollow: async (chatId: number, subject: string): Promise<Follow | null> =>
    (
      await db.query<Follow>(`delete from follow where chat_id = $1 and subject = $2 returning ${followColumns}`, [
        chatId,
        subject,
      ])
    ).rows[0] ?? null,

  /** Undoes `unfollow`: the follow has its earlier date again. */
  restore: async (
    chatId: number,
    subject: string,
    followedAt: Date,
    title: string | null = null,
    threadId: number | null = null,
  ): Promise<void> => {
    await db.query(
      `insert into follow (chat_id, subject, followed_at, title, thread_id) values ($1, $2, $3, $4, $5)
       on conflict (chat_id, subject) do update
       set followed_at = least(follow.followed_at, excluded.followed_at), title = coalesce(follow.title, excluded.title),
         thread_id = excluded.thread_id, next_at = '-infinity'`,
      [chatId, subject, followedAt, title, threadId],
    )
  },

  find: async (chatId: number, subject: string): Promise<Follow | null> =>
    (
      await db.query<Follow>(`select ${followColumns} from follow where chat_id = $1 and subject = $2`, [
        chatId,
        subject,
      ])
    ).rows[0] ?? null,

  /** Those of a chat's follows whose subject begins with `prefix` (`show/`), the oldest first. */
  of: async (chatId: number, prefix: string): Promise<Follow[]> =>
    (
      await db.query<Follow>(
        `select ${followColumns} from follow where chat_id = $1 and starts_with(subject, $2) order by followed_at, subject`,
        [chatId, prefix],
      )
    ).rows,

  /**
   * The followers of a subject. `before`: only those who followed it before that time. `zone`: only those in that time
   * zone. `chats`: only these chats.
   */
  followersOf: async (
    subject: string,
    { before, zone, chats }: { before?: Date; zone?: string; chats?: readonly number[] } = {},
  ): Promise<Follower[]> =>
    (
      await db.query<Follower>(
        `select ${chatColumns}, thread_id as "threadId" from follow join chat on chat.id = follow.chat_id
         where subject = $1 and unreachable_since is null
         and ($2::timestamptz is null or followed_at < $2) and ($3::text is null or zone = $3)
         and ($4::bigint[] is null or chat.id = any ($4))
         order by chat.id`,
        [subject, before ?? null, zone ?? null, chats ?? null],
      )
    ).rows,

  /** The followers of several subjects, one row for each chat and subject, ordered by chat. */
  followersOfAny: async (subjects: string[]): Promise<{ chat: Follower; subject: string; followedAt: Date }[]> =>
    (
      await db.query<Follower & { subject: string; followedAt: Date }>(
        `select ${chatColumns}, thread_id as "threadId", follow.subject, follow.followed_at as "followedAt"
         from follow join chat on chat.id = follow.chat_id
         where subject = any ($1) and unreachable_since is null order by chat.id, subject`,
        [subjects],
      )
    ).rows.map(({ subject, followedAt, ...chat }) => ({ chat, subject, followedAt })),

  /** The topic of a follow; null if the follow has no topic or does not exist. */
  threadOf: async (chatId: number, subject: string): Promise<number | null> =>
    (
      await db.query<{ threadId: number | null }>(
        'select thread_id as "threadId" from follow where chat_id = $1 and subject = $2',
        [chatId, subject],
      )
    ).rows[0]?.threadId ?? null,

  /** The name of the subject when it was followed first; null if no follow has a name. */
  titleOf: async (subject: string): Promise<string | null> =>
    (
      await db.query<{ title: string }>(
        'select title from follow where subject = $1 and title is not null order by followed_at limit 1',
        [subject],
      )
    ).rows[0]?.title ?? null,

  /**
   * Moves the follows of one subject to another (TVmaze merged `show/82` into `show/90`). If a chat follows both
   * subjects, its follow gets the earlier date.
   */
  moveSubject: (from: string, to: string): Promise<void> =>
    db.transaction(async tx => {
      await tx.query(
        `update follow target set followed_at = least(target.followed_at, source.followed_at), next_at = '-infinity'
         from follow source where source.subject = $1 and target.subject = $2 and target.chat_id = source.chat_id`,
        [from, to],
      )
      await tx.query(
        `update follow source set subject = $2, next_at = '-infinity' where subject = $1
         and not exists (select from follow target where target.subject = $2 and target.chat_id = source.chat_id)`,
        [from, to],
      )
      await tx.query('delete from follow where subject = $1', [from])
    }),

  /** TVmaze's ids of all shows with reachable followers, ascending. Invalid subjects are passed to `skip`. */
  followedShows: async (skip: Skip = () => {}): Promise<number[]> =>
    (
      await db.query<{ subject: string }>(
        `select distinct subject from follow join chat on chat.id = follow.chat_id
         where starts_with(subject, 'show/') and unreachable_since is null`,
      )
    ).rows
      .flatMap(({ subject }) => {
        const id = showIdOf(subject)
        if (id === null) skip({ store: 'follow', key: subject, reason: 'the subject is not the id of a series' })
        return id ?? []
      })
      .sort((a, b) => a - b),

  /** The time zones of a show's followers. */
  zonesFollowing: async (showId: number): Promise<string[]> =>
    (
      await db.query<{ zone: string }>(
        `select distinct zone from follow join chat on chat.id = follow.chat_id
         where subject = $1 and unreachable_since is null order by zone`,
        [`show/${showId}`],
      )
    ).rows.map(({ zone }) => zone),
})

export type Follows = ReturnType<typeof followsIn>
