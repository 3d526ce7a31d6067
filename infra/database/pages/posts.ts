import { jsonText, type Postgres } from '../connect.ts'
import { type Impacts, impactsWith, type ServiceImpact } from './impacts.ts'

/** How far people are with the matter of a post. */
export const postStatuses = ['investigating', 'identified', 'monitoring', 'resolved'] as const
export type PostStatus = (typeof postStatuses)[number]

/** A post on a status page. Posts about the same matter have the same thread: the id of the first of them. */
export interface PagePost {
  id: number
  pageId: number
  threadId: number
  /** The outage that the matter is about; null if people began it themselves. */
  incidentId: number | null
  status: PostStatus
  text: string
  impacts: Impacts
  at: Date
}

const columns = `id, page_id as "pageId", coalesce(thread_id, id) as "threadId", incident_id as "incidentId", status, text,
  impacts, at`

/**
 * SQL: until when the row `page_post` holds: until the next post about its matter, or the end of its outage. Null while
 * it holds.
 */
export const postUntil = `least(
  (select min(at) from page_post later where later.page_id = page_post.page_id and later.id > page_post.id
     and later.thread_id = coalesce(page_post.thread_id, page_post.id)),
  case when page_post.status = 'resolved' then page_post.at end,
  case when page_post.incident_id is not null then (
    select case when count(*) = 0 then page_post.at else min(closed_at) filter (where closed_at >= page_post.at) end
    from incident where incident.id = page_post.incident_id) end)`

const postOf = async (db: Postgres, cause: string): Promise<PagePost | null> =>
  (await db.query<PagePost>(`select ${columns} from page_post where cause = $1`, [cause])).rows[0] ?? null

/** A post to store. `threadId` is null for the first post about a matter. */
export type NewPost = Omit<PagePost, 'id' | 'threadId'> & { threadId: number | null }

const insertPost = async (db: Postgres, post: NewPost, cause: string): Promise<PagePost> => {
  const { pageId, threadId, incidentId, status, text, impacts, at } = post
  await db.query(
    `insert into page_post (page_id, thread_id, incident_id, status, text, impacts, at, cause)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (cause) do nothing`,
    [pageId, threadId, incidentId, status, text, jsonText(status === 'resolved' ? {} : impacts), at, cause],
  )
  return (await postOf(db, cause))!
}

const newestOfThread = async (db: Postgres, threadId: number): Promise<PagePost | null> =>
  (
    await db.query<PagePost>(
      `select ${columns} from page_post where id = $1 or thread_id = $1 order by id desc limit 1`,
      [threadId],
    )
  ).rows[0] ?? null

const openOn = async (db: Postgres, pageId: number): Promise<PagePost | null> =>
  (
    await db.query<PagePost>(
      `select ${columns} from page_post
       where id = (select max(id) from page_post where page_id = $1) and ${postUntil} is null`,
      [pageId],
    )
  ).rows[0] ?? null

/** Posts that are made at once on a page wait for each other. */
const lockPage = (tx: Postgres, pageId: number) =>
  tx.query('select from status_page where id = $1 for no key update', [pageId])

/** The table `page_post`. */
export const pagePostsIn = (db: Postgres) => ({
  /** Stores a post and returns it. A second call for the same cause returns the post of the first call. */
  add: (post: NewPost, cause: string): Promise<PagePost> => insertPost(db, post, cause),

  /** The same for a post about an outage: the first one on the page begins the matter, the others continue it. */
  addToOutage: (
    post: Omit<NewPost, 'threadId' | 'incidentId'> & { incidentId: number },
    cause: string,
  ): Promise<PagePost> =>
    db.transaction(async tx => {
      await lockPage(tx, post.pageId)
      const { rows } = await tx.query<{ id: number }>(
        'select coalesce(thread_id, id) as id from page_post where page_id = $1 and incident_id = $2 order by id limit 1',
        [post.pageId, post.incidentId],
      )
      return insertPost(tx, { ...post, threadId: rows[0]?.id ?? null }, cause)
    }),

  /** The same for a text of people: it continues the open matter of the page, or begins one. */
  addToOpen: (pageId: number, { text, at }: Pick<NewPost, 'text' | 'at'>, cause: string): Promise<PagePost> =>
    db.transaction(async tx => {
      await lockPage(tx, pageId)
      const begun = { threadId: null, incidentId: null, status: 'investigating', impacts: {} } as const
      return insertPost(tx, { ...((await openOn(tx, pageId)) ?? begun), pageId, text, at }, cause)
    }),

  /**
   * Stores a post that gives its matter another status and keeps the impacts; null if the matter has this status
   * already. Two presses of one button at once make one post.
   */
  advance: (post: Omit<NewPost, 'impacts'> & { threadId: number }, cause: string): Promise<PagePost | null> =>
    db.transaction(async tx => {
      await lockPage(tx, post.pageId)
      const newest = await newestOfThread(tx, post.threadId)
      const isOther = newest !== null && newest.status !== post.status
      if (!isOther && (await postOf(tx, cause)) === null) return null
      return insertPost(tx, { ...post, impacts: newest?.impacts ?? {} }, cause)
    }),

  /**
   * Changes how much the newest post of a matter says that a service is affected, and returns the post. Null if the
   * matter is resolved, or if the post is not newer than `after`.
   */
  setImpact: (
    { pageId, threadId }: Pick<PagePost, 'pageId' | 'threadId'>,
    { monitorId, impact }: ServiceImpact,
    after: Date,
  ): Promise<PagePost | null> =>
    db.transaction(async tx => {
      await lockPage(tx, pageId)
      const { rows } = await tx.query<PagePost>(
        `update page_post set impacts = ${impactsWith('impacts', '$2', '$3')}
         where id = $1 and status <> 'resolved' and at > $4 returning ${columns}`,
        [(await newestOfThread(tx, threadId))?.id ?? null, monitorId, impact, after],
      )
      return rows[0] ?? null
    }),

  /** The newest post of the thread of a page of this chat; null if there is none. */
  newestOf: async (chatId: number, threadId: number): Promise<PagePost | null> =>
    (
      await db.query<PagePost>(
        `select ${columns} from page_post
         where (id = $2 or thread_id = $2) and page_id in (select id from status_page where chat_id = $1)
         order by id desc limit 1`,
        [chatId, threadId],
      )
    ).rows[0] ?? null,

  /** The newest post about an outage on each page of this chat. */
  newestAbout: async (chatId: number, incidentId: number): Promise<PagePost[]> =>
    (
      await db.query<PagePost>(
        `select distinct on (page_id) ${columns} from page_post
         where incident_id = $2 and page_id in (select id from status_page where chat_id = $1)
         order by page_id, id desc`,
        [chatId, incidentId],
      )
    ).rows,

  /**
   * The ids of the monitors that the posts of a thread are about: that of its outage, and those that a post calls
   * affected. Empty if the posts are about the whole page.
   */
  concernedBy: async (threadId: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `with post as (select * from page_post where id = $1 or thread_id = $1)
         select affected::bigint as id from post cross join jsonb_object_keys(impacts) affected
         union select monitor_id from post join incident on incident.id = incident_id order by id`,
        [threadId],
      )
    ).rows.map(({ id }) => id),

  /** The newest post of a page, if its matter is not over; else null. */
  openOn: (pageId: number): Promise<PagePost | null> => openOn(db, pageId),
})

export type PagePosts = ReturnType<typeof pagePostsIn>
