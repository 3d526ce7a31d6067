import type { Postgres } from '../connect.ts'
import type { PageAccess } from './status-pages.ts'

/** Who may see a page, and where. */
export interface PageDoor {
  id: number
  /** The chat whose members may see a page with the access `members`. */
  chatId: number
  title: string
  access: PageAccess
  domain: string | null
  /** Signs the links of a page with the access `members`. */
  memberKey: Buffer
}

const columns = `id, chat_id as "chatId", title, access, domain, member_key as "memberKey"`

/** The table `status_page`, for those who let visitors in. Each call is one small query by an index. */
export const pageDoorsIn = (db: Postgres) => ({
  /** The page that is shown at the root of this host; null if there is none. */
  atDomain: async (domain: string): Promise<PageDoor | null> =>
    (await db.query<PageDoor>(`select ${columns} from status_page where domain = $1`, [domain])).rows[0] ?? null,

  /** The page with this id, if only members of its chat may see it; else null. */
  forMembers: async (id: number): Promise<PageDoor | null> =>
    (await db.query<PageDoor>(`select ${columns} from status_page where id = $1 and access = 'members'`, [id]))
      .rows[0] ?? null,

  /** The hosts that have a page. */
  domains: async (): Promise<string[]> =>
    (await db.query<{ domain: string }>('select domain from status_page where domain is not null')).rows.map(
      ({ domain }) => domain,
    ),
})

export type PageDoors = ReturnType<typeof pageDoorsIn>
