import type { Postgres } from '../connect.ts'
import type { LogoType } from './logos.ts'
import type { PageAddress } from './page-reading.ts'
import type { PageAccess } from './status-pages.ts'

/** A logo as visitors get it. */
export interface LogoFile {
  type: LogoType
  bytes: Buffer
  access: PageAccess
}

/** The logo with this hash of the page at an address; null if there is none. */
export const readLogo = async (db: Postgres, address: PageAddress, hash: string): Promise<LogoFile | null> =>
  (
    await db.query<LogoFile>(
      `select type, bytes, access from status_page join page_logo on page_id = status_page.id
       where hash = $4 and case when $3::bigint is not null then status_page.id = $3
         when $1::text is null then secret = $2 and access = 'link' else slug = $1 and access = 'public' end`,
      [
        'slug' in address ? address.slug : null,
        'secret' in address ? address.secret : null,
        'id' in address ? address.id : null,
        hash,
      ],
    )
  ).rows[0] ?? null
