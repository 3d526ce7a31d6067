import type { StatusPage } from '#database/pages/status-pages.ts'
import type { PageEntry } from './file-schema.ts'

/** The pages of a chat as entries of the file, by their names. `keys` are those of the monitors by id. */
export const pageEntries = (
  pages: readonly StatusPage[],
  keys: ReadonlyMap<number, string>,
): Record<string, PageEntry> =>
  Object.fromEntries(
    pages.map(({ slug, title, language, access, domain, components }) => [
      slug,
      {
        title,
        language,
        ...(access !== 'link' && { access }),
        ...(domain !== null && { domain }),
        monitors: components.map(({ monitorId, name, group }) => {
          const monitor = keys.get(monitorId)!
          return name === null && group === null
            ? monitor
            : { monitor, ...(name !== null && { name }), ...(group !== null && { group }) }
        }),
      },
    ]),
  )
