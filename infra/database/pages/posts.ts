import type { Postgres } from '../connect.ts'

/** How far people are with the matter of a post. */
export const postStatuses = ['investigating', 'identified', 'monitoring', 'resolved'] as const
export type PostStatus = (typeof postStatuses)[number]

/** A post on a status page. Posts about the same matter have the same thread: the id of the first of them. */
export interface PagePost {
  id: number
  pageId: number
  threadId: number
  status: PostStatus
  text: string
  at: Date
}

const columns = `id, page_id as "pageId", coalesce(thread_id, id) as "threadId", status, text, at`

const postOf = async (db: Postgres, cause: string): Promise<PagePost | null> =>
  (await db.query<PagePost>(`select ${columns} from page_post where cause = $1`, [cause])).rows[0] ?? null

/** `threadId` is null for the first post about a matter. */
const insertPost = async (
  db: Postgres,
  { pageId, threadId, status, text, at }: Omit<PagePost, 'id' | 'threadId'> & { threadId: number | null },
  cause: string,
): Promise<PagePost> => {
  await db.query(
    `insert into page_post (page_id, thread_id, status, text, at, cause) values ($1, $2, $3, $4, $5, $6)
     on conflict (cause) do nothing`,
    [pageId, threadId, status, text, at, cause],
  )
  return (await postOf(db, cause))!
}

/** The table `page_post`. */
export const pagePostsIn = (db: Postgres) => ({
  /** Stores a post and returns it. A second call for the same cause returns the post of the first call. */
  add: (post: Parameters<typeof insertPost>[1], cause: string): Promise<PagePost> => insertPost(db, post, cause),

  /**
   * Stores a post that gives its matter another status; null if the matter has this status already. Two presses of one
   * button at once make one post.
   */
  advance: (post: Parameters<typeof insertPost>[1] & { threadId: number }, cause: string): Promise<PagePost | null> =>
    db.transaction(async tx => {
      await tx.query('select from status_page where id = $1 for no key update', [post.pageId])
      const { rows } = await tx.query<PagePost>(
        `select ${columns} from page_post where id = $1 or thread_id = $1 order by id desc limit 1`,
        [post.threadId],
      )
      const isOther = rows[0] !== undefined && rows[0].status !== post.status
      return isOther || (await postOf(tx, cause)) !== null ? insertPost(tx, post, cause) : null
    }),

  /** The post that this update has made already; null if it has made none. */
  madeBy: (cause: string): Promise<PagePost | null> => postOf(db, cause),

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

  /** The newest post of a page, if its matter is not resolved; else null. */
  openOn: async (pageId: number): Promise<PagePost | null> => {
    const { rows } = await db.query<PagePost>(
      `select ${columns} from page_post where page_id = $1 order by id desc limit 1`,
      [pageId],
    )
    return rows[0] === undefined || rows[0].status === 'resolved' ? null : rows[0]
  },
})

export type PagePosts = ReturnType<typeof pagePostsIn>
