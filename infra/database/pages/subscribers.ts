import { chatColumns } from '../chats/chats.ts'
import type { Postgres } from '../connect.ts'
import { type Follower, followsIn } from '../series/follows.ts'
import type { PageAddress } from './page-reading.ts'

/** A chat that subscribed to a page or to one service of it, with what the page calls the services concerned. */
export interface Subscriber extends Follower {
  pageId: number
  pageTitle: string
  /** The service that the chat subscribed to; null for the whole page. */
  monitorId: number | null
  /** The names of the services concerned, in the order of the page; at most the first ten. */
  names: string[]
  /** The number of these services. */
  count: number
}

/** The address in a link with which a visitor subscribes. */
export type PublicAddress = Exclude<PageAddress, { id: number }>

/** A subscription of a chat, with the present names. */
export interface Subscription {
  pageId: number
  pageTitle: string
  monitorId: number | null
  /** The name of the service; null for the whole page. */
  componentName: string | null
}

/** The subject of the follows of a page, or of one service of it. */
export const pageSubject = (pageId: number, monitorId: number | null = null): string =>
  monitorId === null ? `page/${pageId}` : `page/${pageId}/monitor/${monitorId}`

const shownNames = 10

/**
 * SQL: the subscriptions that the rows `concerned` (page_id, monitor_id, name, position) concern: those to their pages,
 * and those to single services. A chat for which `leftOut` is true is left out, and so is a chat that subscribed before
 * the page was limited to the members of another chat.
 */
const subscriptionsTo = (leftOut: string) => `
  select ${chatColumns}, follow.thread_id as "threadId", page.id as "pageId", page.title as "pageTitle",
    named.monitor_id as "monitorId", named.names, named.count
  from (
    select page_id, null as monitor_id, 'page/' || page_id as subject, count(monitor_id) as count,
      coalesce((array_agg(name order by position, monitor_id) filter (where monitor_id is not null))[1:${shownNames}], '{}') as names
    from concerned group by page_id
    union all
    select page_id, monitor_id, 'page/' || page_id || '/monitor/' || monitor_id, 1, array[name] from concerned
    where monitor_id is not null
  ) named
  join status_page page on page.id = named.page_id join follow on follow.subject = named.subject
  join chat on chat.id = follow.chat_id
  where unreachable_since is null and (page.access <> 'members' or page.chat_id = chat.id) and not ${leftOut}
  order by chat.id, page.id, named.monitor_id nulls first`

/**
 * One row for each chat: its first page, and the whole page rather than a service of it. The names of several services
 * are in one row.
 */
const oneForEachChat = (rows: readonly Subscriber[]): Subscriber[] =>
  [...Map.groupBy(rows, ({ id }) => id).values()].map(([first, ...others]) => {
    const services = others.filter(({ pageId }) => pageId === first!.pageId)
    if (first!.monitorId === null || services.length === 0) return first!
    const names = [first!, ...services].flatMap(each => each.names)
    return { ...first!, monitorId: null, names: names.slice(0, shownNames), count: names.length }
  })

/** SQL: the services of all pages with what the pages call them. A condition may follow. */
const components = `
  select shown.page_id, monitor.id as monitor_id, coalesce(shown.name, monitor.name) as name, position
  from status_page_component shown join monitor on monitor.id = shown.monitor_id`

/**
 * The subscribers of status pages: rows of `follow` with the subject `page/<id>`, or `page/<id>/monitor/<id>` for one
 * service of a page.
 */
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

  /** What a page calls a service that it shows; null if it does not show it. */
  componentName: async (pageId: number, monitorId: number): Promise<string | null> =>
    (await db.query<{ name: string }>(`${components} where page_id = $1 and monitor.id = $2`, [pageId, monitorId]))
      .rows[0]?.name ?? null,

  /**
   * Subscribes a chat to a page or to one service of it; a second time changes nothing. False if the chat has `most`
   * other subscriptions. The row of the chat is locked, so that a call also counts the subscriptions of parallel calls.
   */
  subscribe: (
    chatId: number,
    { id, title, monitorId }: { id: number; title: string; monitorId: number | null },
    { most, at, threadId }: { most: number; at: Date; threadId: number | null },
  ): Promise<boolean> =>
    db.transaction(async tx => {
      const subject = pageSubject(id, monitorId)
      await tx.query('select from chat where id = $1 for no key update', [chatId])
      const { rowCount } = await tx.query(
        `select from follow where chat_id = $1 and starts_with(subject, 'page/') and subject <> $2`,
        [chatId, subject],
      )
      if (rowCount >= most) return false
      await followsIn(tx).follow(chatId, subject, at, title, threadId)
      return true
    }),

  /** The subscriptions of a chat, the oldest first. Those to something that is gone are left out. */
  of: async (chatId: number): Promise<Subscription[]> =>
    (
      await db.query<Subscription>(
        `select page.id as "pageId", page.title as "pageTitle", monitor.id as "monitorId",
           coalesce(shown.name, monitor.name) as "componentName"
         from follow join status_page page on page.id = split_part(subject, '/', 2)::bigint
         left join status_page_component shown
           on shown.page_id = page.id and shown.monitor_id = nullif(split_part(subject, '/', 4), '')::bigint
         left join monitor on monitor.id = shown.monitor_id
         where follow.chat_id = $1 and starts_with(subject, 'page/')
           and (monitor.id is not null or split_part(subject, '/', 4) = '')
         order by followed_at, subject`,
        [chatId],
      )
    ).rows,

  /** Ends the subscription of a chat to a service; without a service, everything that the chat has of the page. */
  end: async (chatId: number, pageId: number, monitorId: number | null): Promise<void> => {
    await db.query(
      `delete from follow where chat_id = $1 and (subject = $2 or $3 and starts_with(subject, $2 || '/'))`,
      [chatId, pageSubject(pageId, monitorId), monitorId === null],
    )
  },

  /**
   * The subscribers who are told about a monitor, one row for each chat. A chat that gets the messages about the
   * monitor itself is left out.
   */
  ofMonitor: async (monitorId: number): Promise<Subscriber[]> =>
    oneForEachChat(
      (
        await db.query<Subscriber>(
          `with concerned as (${components} where shown.monitor_id = $1)
         ${subscriptionsTo(`exists (select from follow own where own.chat_id = chat.id and own.subject = 'monitor/' || $1::bigint)`)}`,
          [monitorId],
        )
      ).rows,
    ),

  /** The subscribers of a post about these services of a page; null for a post about the whole page. */
  ofPost: async (pageId: number, monitorIds: readonly number[] | null): Promise<Subscriber[]> =>
    oneForEachChat(
      (
        await db.query<Subscriber>(
          `with concerned as (
           ${components} where page_id = $1 and ($2::bigint[] is null or monitor.id = any ($2))
           union all select $1::bigint, null, null, null
         ) ${subscriptionsTo('false')}`,
          [pageId, monitorIds],
        )
      ).rows,
    ),

  /**
   * The subscribers of the pages that show a monitor of a window of maintenance. The chat that plans it is left out,
   * because it gets a message of its own.
   */
  ofWindow: async (windowId: number): Promise<Subscriber[]> =>
    oneForEachChat(
      (
        await db.query<Subscriber>(
          `with plan as (
           select maintenance.* from maintenance_window join maintenance on maintenance.id = maintenance_id
           where maintenance_window.id = $1
         ), concerned as (
           ${components} join plan on plan.chat_id = monitor.chat_id
             and (plan.monitor_id is null or plan.monitor_id = monitor.id)
             and (plan.group_name is null or plan.group_name = monitor.group_name)
         ) ${subscriptionsTo('exists (select from plan where plan.chat_id = chat.id)')}`,
          [windowId],
        )
      ).rows,
    ),
})

export type Subscribers = ReturnType<typeof subscribersIn>
