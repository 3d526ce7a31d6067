import { randomBytes } from 'node:crypto'
import type { Language } from '../chats/language.ts'
import type { Postgres } from '../connect.ts'

/**
 * Who may see a page. `link`: who has its secret address. `members`: who is a member of its chat, with a signed link
 * from the bot.
 */
export const pageAccesses = ['public', 'link', 'members'] as const
export type PageAccess = (typeof pageAccesses)[number]

/** A monitor on a page. A name or group of null is that of the monitor. */
export interface PageComponent {
  monitorId: number
  name: string | null
  group: string | null
}

export interface StatusPage {
  id: number
  chatId: number
  slug: string
  title: string
  language: Language
  access: PageAccess
  /** The unguessable part of the address of a page with the access `link`. */
  secret: string
  /** The host at whose root the page is shown; null if it has none. A page with the access `link` has none. */
  domain: string | null
  /** The key in vigia.yaml; null for a page that was made in the chat. */
  configKey: string | null
  components: PageComponent[]
}

/** A page to store, without what the table gives it. */
export type WantedPage = Omit<StatusPage, 'id' | 'secret' | 'domain' | 'configKey' | 'components'> & {
  domain?: string | null
  configKey?: string | null
  components: readonly PageComponent[]
}

/** Why a page was not stored: another page has its slug or its domain. */
export type PageTaken = { taken: 'slug' | 'domain' }

const columns = `page.id, page.chat_id as "chatId", slug, title, page.language, access, secret, domain, page.config_key as "configKey",
  coalesce((
    select json_agg(json_build_object('monitorId', monitor_id, 'name', name, 'group', group_name) order by position, monitor_id)
    from status_page_component where page_id = page.id
  ), '[]') as components`

/** A page after a change in the chat, or why nothing changed: `gone`, what another page has, or a refusal. */
export type PageEdit<Refusal> = StatusPage | PageTaken | 'gone' | { refused: Refusal }

/** What another page has, if that is the reason of an error of PostgreSQL. */
const takenBy = (error: unknown): PageTaken['taken'] | null => {
  const { code, constraint } = error as { code?: string; constraint?: string }
  if (code !== '23505') return null
  if (constraint === 'status_page_slug' || constraint === 'status_page_chat') return 'slug'
  return constraint === 'status_page_domain' ? 'domain' : null
}

/** 132 random bits. */
const newSecret = () => randomBytes(18).toString('base64url')

const fieldsOf = ({ chatId, slug, title, language, access }: WantedPage) => [chatId, slug, title, language, access]

/** Voids the links that were signed for members of a page, and ends the subscriptions of other chats to it. */
const closeToOthers = async (tx: Postgres, chatId: number, id: number): Promise<void> => {
  await tx.query('update status_page set member_key = $2 where id = $1', [id, randomBytes(32)])
  await tx.query(`delete from follow where (subject = $1 or subject like $1 || '/%') and chat_id <> $2`, [
    `page/${id}`,
    chatId,
  ])
}

/** The tables `status_page` and `status_page_component`, for those who make pages. */
export const statusPagesIn = (db: Postgres) => {
  /** Runs `work` in a transaction. A slug or a domain that another page has is a result, not an error. */
  const unlessTaken = async <T>(work: (tx: Postgres) => Promise<T>): Promise<T | PageTaken> => {
    try {
      return await db.transaction(work)
    } catch (error) {
      const taken = takenBy(error)
      if (taken !== null) return { taken }
      throw error
    }
  }

  /** Replaces the components of a page. Monitors of other chats are left out. */
  const replaceComponents = async (tx: Postgres, id: number, components: readonly PageComponent[]): Promise<void> => {
    await tx.query('delete from status_page_component where page_id = $1', [id])
    await tx.query(
      `insert into status_page_component (page_id, monitor_id, position, name, group_name)
       select page.id, monitor.id, place, wanted.name, wanted.group_name
       from unnest($2::bigint[], $3::text[], $4::text[]) with ordinality as wanted (monitor_id, name, group_name, place)
       join status_page page on page.id = $1
       join monitor on monitor.id = wanted.monitor_id and monitor.chat_id = page.chat_id
       on conflict do nothing`,
      [
        id,
        components.map(({ monitorId }) => monitorId),
        components.map(({ name }) => name),
        components.map(({ group }) => group),
      ],
    )
  }

  const insert = async (tx: Postgres, page: WantedPage): Promise<{ id: number; secret: string }> => {
    const secret = newSecret()
    const { rows } = await tx.query<{ id: number }>(
      `insert into status_page (chat_id, slug, title, language, access, secret, config_key, domain)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
      [...fieldsOf(page), secret, page.configKey ?? null, page.domain ?? null],
    )
    const { id } = rows[0]!
    await replaceComponents(tx, id, page.components)
    return { id, secret }
  }

  const update = async (tx: Postgres, id: number, page: WantedPage): Promise<{ id: number } | null> => {
    const { rows } = await tx.query<{ wasForMembers: boolean }>(
      `update status_page set slug = $2, title = $3, language = $4, access = $5, config_key = coalesce($7, config_key),
         domain = $8
       from (select id, access from status_page where id = $6 for update) as before
       where chat_id = $1 and status_page.id = before.id
       returning before.access = 'members' as "wasForMembers"`,
      [...fieldsOf(page), id, page.configKey ?? null, page.domain ?? null],
    )
    if (rows[0] === undefined) return null
    if (page.access === 'members' && !rows[0].wasForMembers) await closeToOthers(tx, page.chatId, id)
    await replaceComponents(tx, id, page.components)
    return { id }
  }

  const find = async (tx: Postgres, chatId: number, id: number): Promise<StatusPage | null> =>
    (await tx.query<StatusPage>(`select ${columns} from status_page page where chat_id = $1 and id = $2`, [chatId, id]))
      .rows[0] ?? null

  return {
    /** Stores a new page with its components, all or nothing. */
    add: (page: WantedPage): Promise<{ id: number; secret: string } | PageTaken> => unlessTaken(tx => insert(tx, page)),

    /** The same, if the chat has fewer than `most` pages. Pages that are made at once count each other. */
    addWithin: (most: number, page: WantedPage): Promise<{ id: number; secret: string } | PageTaken | 'full'> =>
      unlessTaken(async tx => {
        await tx.query('select from chat where id = $1 for no key update', [page.chatId])
        const { rowCount } = await tx.query('select from status_page where chat_id = $1', [page.chatId])
        return rowCount >= most ? 'full' : insert(tx, page)
      }),

    /**
     * Changes a page of its chat, all or nothing. Null if the chat has no such page. A page that is closed to all but
     * members gets a new key for their links, and loses the subscribers of other chats.
     */
    change: (id: number, page: WantedPage): Promise<{ id: number } | PageTaken | null> =>
      unlessTaken(tx => update(tx, id, page)),

    /**
     * Changes something of a page of a chat. `changesOf` gets the page as it is now, so that two people who change two
     * things at once lose nothing.
     */
    edit: <Refusal>(
      chatId: number,
      id: number,
      changesOf: (page: StatusPage) => Partial<WantedPage> | { refused: Refusal },
    ): Promise<PageEdit<Refusal>> =>
      unlessTaken(async tx => {
        await tx.query('select from status_page where chat_id = $1 and id = $2 for no key update', [chatId, id])
        const page = await find(tx, chatId, id)
        if (page === null) return 'gone'
        const changes = changesOf(page)
        if ('refused' in changes) return changes
        await update(tx, id, { ...page, ...changes })
        return (await find(tx, chatId, id))!
      }),

    /** Deletes a page of a chat with its subscriptions. */
    remove: async (chatId: number, id: number): Promise<boolean> =>
      (
        await db.query(
          `with removed as (
             delete from status_page where chat_id = $1 and id = $2 returning id
           ), unfollowed as (
             delete from follow using removed
             where subject = 'page/' || removed.id or starts_with(subject, 'page/' || removed.id || '/')
           )
           select from removed`,
          [chatId, id],
        )
      ).rowCount === 1,

    /** The pages of chats, in the order in which they were made; of all chats if `chatIds` is null. */
    of: async (chatIds: readonly number[] | null): Promise<StatusPage[]> =>
      (
        await db.query<StatusPage>(
          `select ${columns} from status_page page where $1::bigint[] is null or chat_id = any ($1) order by page.id`,
          [chatIds],
        )
      ).rows,

    /** The page of a chat with this id; null if there is none. */
    find: (chatId: number, id: number): Promise<StatusPage | null> => find(db, chatId, id),
  }
}

export type StatusPages = ReturnType<typeof statusPagesIn>
