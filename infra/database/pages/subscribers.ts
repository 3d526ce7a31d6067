import { chatColumns } from '../chats/chats.ts'
import type { Postgres } from '../connect.ts'
import type { Follower } from '../series/follows.ts'
import type { PageAddress } from './page-reading.ts'

/** A chat that subscribed to a page, with what the page calls the monitor. */
export interface Subscriber extends Follower {
  pageId: number
  pageTitle: string
  componentName: string
}

/** The address in a link with which a visitor subscribes. */
export type PublicAddress = Exclude<PageAddress, { id: number }>

/** The subject of the follows of a page. */
export const pageSubject = (pageId: number): string => `page/${pageId}`

/** The subscribers of status pages: rows of `follow` with the subject `page/<id>`. */
export const subscribersIn = (db: Postgres) => ({
  /** The page at an address, for a visitor who wants to subscribe; null if there is none. */
  pageAt: async (address: PublicAddress): Promise<{ id: number; title: string } | null> =>
    (
      await db.query<{ id: number; title: string }>(
        `select id, title from status_page
         where case when $1::text is null then secret = $2 and access = 'link' else slug = $1 and access = 'public' end`,
        ['slug' in address ? address.slug : null, 'secret' in address ? address.secret : null],
      )
    ).rows[0] ?? null,

  /**
   * The subscribers of the pages that show a monitor, one row for each chat. A chat that gets the messages about the
   * monitor itself is left out.
   */
  ofMonitor: async (monitorId: number): Promise<Subscriber[]> =>
    (
      await db.query<Subscriber>(
        `select distinct on (chat.id) ${chatColumns}, thread_id as "threadId", page.id as "pageId", page.title as "pageTitle",
           coalesce(shown.name, monitor.name) as "componentName"
         from status_page_component shown join status_page page on page.id = shown.page_id
         join monitor on monitor.id = shown.monitor_id
         join follow on follow.subject = 'page/' || page.id join chat on chat.id = follow.chat_id
         where shown.monitor_id = $1 and unreachable_since is null and not exists (
           select from follow own where own.chat_id = chat.id and own.subject = 'monitor/' || shown.monitor_id)
         order by chat.id, page.id`,
        [monitorId],
      )
    ).rows,
})

export type Subscribers = ReturnType<typeof subscribersIn>
