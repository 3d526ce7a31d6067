import type { Language } from '#database/chats/language.ts'
import type { PageQuery, ReadPage } from '#database/pages/page-reading.ts'
import type { Reader } from './html/layout.ts'
import { type LinkChanges, type Links, logoName, subscribeLink } from './html/links.ts'
import { partsOf } from './html/page.ts'
import type { ReadLogo } from './logo.ts'
import type { PageFile, PageRequest } from './page-request.ts'
import { type RangeName, ranges, usualRange } from './ranges.ts'
import { queryFor, type RenderDependencies, textOf } from './render.ts'
import { pageTexts } from './texts.ts'
import { zonesOf } from './zones.ts'

const languages: Language[] = ['pt-BR', 'en']

/** The files that programs read: their names, as the function serves them. */
const pageFiles: Record<string, PageFile> = {
  'feed.rss': { kind: 'feed', format: 'rss' },
  'feed.atom': { kind: 'feed', format: 'atom' },
  'feed.json': { kind: 'feed', format: 'json' },
  'maintenance.ics': { kind: 'calendar', format: 'ics' },
  'icon.svg': { kind: 'icon', format: 'svg' },
  'state.svg': { kind: 'badge', badge: 'state', format: 'svg' },
  'state.json': { kind: 'badge', badge: 'state', format: 'json' },
  'uptime.svg': { kind: 'badge', badge: 'uptime', format: 'svg' },
  'uptime.json': { kind: 'badge', badge: 'uptime', format: 'json' },
}

export interface ExportDependencies extends Omit<RenderDependencies, 'read'> {
  /** The page as the tables have it. */
  read(query: PageQuery): Promise<ReadPage | null>
  readLogo: ReadLogo
}

/**
 * Renders a page as files in one folder: every period and language, each monitor, feeds, calendar, badges and the logo.
 * Any web server can serve the folder, also while Vigia itself is down. Yields the files one by one; nothing if there
 * is no such page. `pagesUrl` is the address of the folder on the internet.
 */
export async function* exportPage(
  address: PageRequest['address'],
  { read, readLogo, clock, pagesUrl, botName }: ExportDependencies,
): AsyncGenerator<{ name: string; content: string | Buffer }> {
  const now = clock()
  const whole: PageRequest = {
    ...{ address, isAtRoot: false, monitorId: null, file: null, range: usualRange, language: null },
    ...{ zone: null, isEmbedded: false, part: 1 },
  }
  const first = await read(queryFor(whole, now))
  if (first === null) return
  const logo = first.logo && (await readLogo(address, first.logo.hash))
  if (logo) yield { name: logoName(first.logo!), content: logo.bytes }
  // All files show the logo that is in the folder, also if it changes meanwhile.
  const readWithLogo: typeof read = async query => {
    const page = await read(query)
    return page && { ...page, logo: logo && first.logo }
  }
  const shown: PageRequest[] = [
    ...Array.from({ length: partsOf(first) }, (_, part) => ({ ...whole, part: part + 1 })),
    ...first.components.map(({ id }) => ({ ...whole, monitorId: id })),
  ]
  const readerFor = (page: ReadPage, request: PageRequest, language: Language): Reader => ({
    ...{
      language,
      ...zonesOf(page, request),
      now,
      texts: pageTexts[language],
      links: exportedLinks(request, page, botName),
      pageUrl: pagesUrl,
    },
  })
  for (const request of shown)
    for (const range of Object.keys(ranges) as RangeName[]) {
      const wanted = { ...request, range }
      const page = await readWithLogo(queryFor(wanted, now))
      // The page was deleted, or the monitor was taken off it, since the export began.
      if (page === null) return
      for (const language of languages) {
        const localized = { ...wanted, language }
        const answer = await textOf(page, localized, readerFor(page, localized, language))
        if (answer !== null) yield { name: fileName(localized, page.language), content: answer.text }
      }
    }
  for (const [name, file] of Object.entries(pageFiles)) {
    const wanted = { ...whole, file }
    const page = await read(queryFor(wanted, now))
    if (page === null) return
    const answer = await textOf(page, wanted, readerFor(page, wanted, page.language))
    if (answer !== null) yield { name, content: answer.text }
  }
}

/** The name of the file of a page: `index.html`, `index-24h-en.html`, `monitor-42.html`. */
const fileName = (
  { monitorId, range, language, part }: Pick<PageRequest, 'monitorId' | 'range' | 'language' | 'part'>,
  usualLanguage: Language,
): string => {
  const words = [
    monitorId === null ? 'index' : `monitor-${monitorId}`,
    ...(part > 1 ? [`part${part}`] : []),
    ...(range === usualRange ? [] : [range]),
    ...(language === null || language === usualLanguage ? [] : [language]),
  ]
  return `${words.join('-')}.html`
}

/** Links between the files, which are all in one folder. */
const exportedLinks = (request: PageRequest, page: ReadPage, botName: string | null): Links => ({
  to: (changes: LinkChanges) => fileName({ ...request, part: 1, ...changes }, page.language),
  file: name => name,
  kept: null,
  // It is a copy, also if the page itself is public.
  canonical: null,
  subscribe: monitorId => subscribeLink(page, botName, monitorId),
})
