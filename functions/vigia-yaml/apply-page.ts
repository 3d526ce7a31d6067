import { chatsIn } from '#database/chats/chats.ts'
import type { Postgres } from '#database/connect.ts'
import { pageLogosIn } from '#database/pages/logos.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import type { DesiredPage } from './desired.ts'
import type { PageChange } from './plan-pages.ts'

/** Another page has the name or the domain; nothing is saved. */
export class PageTaken extends Error {
  override name = 'PageTaken'

  constructor(taken: 'slug' | 'domain', { slug, domain }: DesiredPage) {
    super(
      taken === 'slug'
        ? `the name ${slug} belongs to a public page of another chat; use another one, or access: link`
        : `page ${slug}: the domain ${domain} belongs to another page; a domain shows only one page`,
    )
  }
}

/** Stores a change of a status page, after the monitors are stored. */
export const applyPage = async (tx: Postgres, change: PageChange): Promise<void> => {
  const { chatId } = change
  const pages = statusPagesIn(tx)
  if (change.action === 'delete') {
    await pages.remove(chatId, change.id)
    return
  }
  const { slug, title, access, domain, logo, components, language } = change.page
  const found = change.action === 'create' ? null : await pages.find(chatId, change.id)
  const wanted = {
    ...{ chatId, slug, title, access, domain, configKey: slug },
    language: language ?? found?.language ?? (await chatsIn(tx).find(chatId))?.language ?? 'en',
    components: await Promise.all(
      components.map(async ({ monitorKey, name, group }) => ({
        monitorId: (await configuredMonitorsIn(tx).idOf(chatId, monitorKey))!,
        ...{ name, group },
      })),
    ),
  }
  const stored = change.action === 'create' ? await pages.add(wanted) : await pages.change(change.id, wanted)
  if (stored === null) return
  if ('taken' in stored) throw new PageTaken(stored.taken, change.page)
  if (logo === 'none') await pageLogosIn(tx).remove(chatId, stored.id)
  else if (logo !== 'kept') await pageLogosIn(tx).keep(stored.id, logo, 'vigia.yaml')
}
