import { randomBytes } from 'node:crypto'
import type { Language } from '../chats/language.ts'
import type { Postgres } from '../connect.ts'

/** link: the page is reachable only by its secret address. */
export type PageAccess = 'public' | 'link'

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
  /** The key in vigia.yaml; null for a page that was made in the chat. */
  configKey: string | null
  components: PageComponent[]
}

/** A page to store, without what the table gives it. */
export type WantedPage = Omit<StatusPage, 'id' | 'secret' | 'configKey' | 'components'> & {
  configKey?: string | null
  components: readonly PageComponent[]
}

/** Why a page was not stored: another page has the slug. */
export type SlugTaken = { taken: true }

const columns = `page.id, page.chat_id as "chatId", slug, title, page.language, access, secret, page.config_key as "configKey",
  coalesce((
    select json_agg(json_build_object('monitorId', monitor_id, 'name', name, 'group', group_name) order by position, monitor_id)
    from status_page_component where page_id = page.id
  ), '[]') as components`

const isSlugTaken = (error: unknown): boolean => {
  const { code, constraint } = error as { code?: string; constraint?: string }
  return code === '23505' && (constraint === 'status_page_slug' || constraint === 'status_page_chat')
}

/** 132 random bits. */
const newSecret = () => randomBytes(18).toString('base64url')

/** The tables `status_page` and `status_page_component`, for those who make pages. */
export const statusPagesIn = (db: Postgres) => {
  /** Runs `work` in a transaction. A slug that another page has is a result, not an error. */
  const unlessTaken = async <T>(work: (tx: Postgres) => Promise<T>): Promise<T | SlugTaken> => {
    try {
      return await db.transaction(work)
    } catch (error) {
      if (isSlugTaken(error)) return { taken: true }
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

  return {
    /** Stores a new page with its components, all or nothing. */
    add: (page: WantedPage): Promise<{ id: number; secret: string } | SlugTaken> =>
      unlessTaken(async tx => {
        const secret = newSecret()
        const { rows } = await tx.query<{ id: number }>(
          `insert into status_page (chat_id, slug, title, language, access, secret, config_key)
           values ($1, $2, $3, $4, $5, $6, $7) returning id`,
          [page.chatId, page.slug, page.title, page.language, page.access, secret, page.configKey ?? null],
        )
        const { id } = rows[0]!
        await replaceComponents(tx, id, page.components)
        return { id, secret }
      }),

    /** Changes a page of its chat, all or nothing. Null if the chat has no such page. */
    change: (id: number, page: WantedPage): Promise<{ id: number } | SlugTaken | null> =>
      unlessTaken(async tx => {
        const { rowCount } = await tx.query(
          `update status_page set slug = $3, title = $4, language = $5, access = $6, config_key = coalesce($7, config_key)
           where chat_id = $1 and id = $2`,
          [page.chatId, id, page.slug, page.title, page.language, page.access, page.configKey ?? null],
        )
        if (rowCount === 0) return null
        await replaceComponents(tx, id, page.components)
        return { id }
      }),

    /** Deletes a page of a chat with its subscriptions. */
    remove: async (chatId: number, id: number): Promise<boolean> =>
      (
        await db.query(
          `with removed as (
             delete from status_page where chat_id = $1 and id = $2 returning id
           ), unfollowed as (
             delete from follow using removed where subject = 'page/' || removed.id
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
    find: async (chatId: number, id: number): Promise<StatusPage | null> =>
      (
        await db.query<StatusPage>(`select ${columns} from status_page page where chat_id = $1 and id = $2`, [
          chatId,
          id,
        ])
      ).rows[0] ?? null,
  }
}

export type StatusPages = ReturnType<typeof statusPagesIn>
