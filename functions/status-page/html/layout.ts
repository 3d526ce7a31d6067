import type { Language } from '#database/chats/language.ts'
import { Html, html } from '#functions/telegram/html.ts'
import { type PageTexts, pageTexts } from '../texts.ts'
import type { Links } from './links.ts'
import { iconSvg, shape } from './shapes.ts'
import { style } from './style.ts'
import { visitorZone } from './visitor-zone.ts'

/** Who reads a page, and with which links. */
export interface Reader {
  language: Language
  /** The zone of the times on the page. */
  zone: string
  /** The zone of the days in the history, which are the same for every visitor. */
  dayZone: string
  /** Whether the visitor chose the zone. Otherwise a script shows the times in the zone of the browser. */
  isZoneChosen: boolean
  now: Date
  texts: PageTexts
  links: Links
  /** The address of the page on the internet, or its path if the host is not known. */
  pageUrl: string
}

/** A whole document. */
export const layout = (
  { language, isZoneChosen }: Pick<Reader, 'language' | 'isZoneChosen'>,
  title: string,
  body: Html,
  {
    isHidden = false,
    canonical = null,
    icon = null,
    head = null,
  }: { isHidden?: boolean; canonical?: string | null; icon?: string | null; head?: Html | null } = {},
): string =>
  String(
    html`<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${isHidden && new Html('<meta name="robots" content="noindex">\n')}${
  canonical !== null && html`<link rel="canonical" href="${canonical}">\n`
}${icon !== null && html`<link rel="icon" type="image/svg+xml" href="${icon}">\n`}<style>${new Html(style)}</style>
${head}</head>
<body>
${body}${!isZoneChosen && new Html(`\n<script>${visitorZone}</script>`)}
</body>
</html>
`,
  )

/** A page that only says one thing, such as that there is no page: in the visitor's language, then in the other one. */
export const notice = (language: Language, kind: 'notFound' | 'unavailable'): string => {
  const { title, text } = pageTexts[language][kind]
  const other = language === 'en' ? 'pt-BR' : 'en'
  const body = html`<main class="notice"><span class="soft">${shape('unknown')}</span><h1>${title}</h1><p>${text}</p><p class="soft" lang="${other}">${pageTexts[other][kind].title}. ${pageTexts[other][kind].text}</p></main>`
  // The icon is in the page, because there is no address that it could have here.
  const icon = `data:image/svg+xml,${encodeURIComponent(iconSvg('unknown'))}`
  return layout({ language, isZoneChosen: true }, title, body, { isHidden: true, icon })
}
