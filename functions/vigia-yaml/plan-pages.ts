import { isDeepStrictEqual } from 'node:util'
import { logoHash } from '#database/pages/logos.ts'
import type { StatusPage } from '#database/pages/status-pages.ts'
import type { DesiredChat, DesiredPage } from './desired.ts'

/** What happens to a status page. `adopt`: the file takes over a page with the same name that was made in the chat. */
export type PageChange =
  | { action: 'create'; chatId: number; key: string; page: DesiredPage }
  | { action: 'update' | 'adopt'; chatId: number; key: string; id: number; page: DesiredPage; fields: string[] }
  | { action: 'delete'; chatId: number; key: string; id: number; title: string }

interface PageOptions {
  /** The key of a monitor by its id. */
  keyOf(id: number): string | null
  /** The hashes of the logos that the pages have, by the ids of the pages. */
  logos: ReadonlyMap<number, string>
  prune: boolean
}

/** Decides what has to change in the pages of a chat. */
export const pageChanges = (
  { id: chatId, pages }: DesiredChat,
  known: readonly StatusPage[],
  { keyOf, logos, prune }: PageOptions,
): PageChange[] => {
  const wanted = pages.flatMap((page): PageChange[] => {
    const found = known.find(({ slug }) => slug === page.slug)
    const key = page.slug
    if (found === undefined) return [{ action: 'create', chatId, key, page }]
    const fields = changedFields(found, page, { keyOf, logos })
    if (found.configKey === null) return [{ action: 'adopt', chatId, key, id: found.id, page, fields }]
    return fields.length === 0 ? [] : [{ action: 'update', chatId, key, id: found.id, page, fields }]
  })
  const keys = new Set(pages.map(({ slug }) => slug))
  const unwanted = prune ? known.filter(({ configKey, slug }) => configKey !== null && !keys.has(slug)) : []
  return [
    ...wanted,
    ...unwanted.map(({ id, slug, title }): PageChange => ({ action: 'delete', chatId, key: slug, id, title })),
  ]
}

const changedFields = (
  from: StatusPage,
  to: DesiredPage,
  { keyOf, logos }: Pick<PageOptions, 'keyOf' | 'logos'>,
): string[] => {
  const components = from.components.map(({ monitorId, name, group }) => ({
    monitorKey: keyOf(monitorId),
    name,
    group,
  }))
  return [
    ...(from.title === to.title ? [] : ['title']),
    ...(to.language === null || from.language === to.language ? [] : ['language']),
    ...(from.access === to.access ? [] : ['access']),
    ...(from.domain === to.domain ? [] : ['domain']),
    ...(isLogo(to.logo, logos.get(from.id)) ? [] : ['logo']),
    ...(isDeepStrictEqual(components, to.components) ? [] : ['monitors']),
  ]
}

const isLogo = (wanted: DesiredPage['logo'], hash: string | undefined): boolean => {
  if (wanted === 'kept') return true
  return wanted === 'none' ? hash === undefined : hash === logoHash(wanted)
}
