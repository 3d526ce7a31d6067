import { readFileSync } from 'node:fs'
import type { Language } from '#database/chats/language.ts'
import { html } from '#functions/telegram/html.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import { type App, route } from '#infra/http/app.ts'
import { baseStyle } from '#infra/http/base-style.ts'
import { pageHeaders, textResponse } from '#infra/http/responses.ts'
import type { FunctionReport } from '#local/activator/function-pool.ts'
import type { SourceReport } from '#local/sources/ping-source.ts'
import { homeTexts } from './home-texts.ts'

/** What the page at `/` shows. */
export interface Home {
  port: number
  isSimulated: boolean
  dataDir: string
  /** Why Vigia is not ready; empty if it is. */
  waitingFor: string[]
  functions: FunctionReport[]
  sources: SourceReport[]
}

const contentSecurityPolicy =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The page at `/` and its stylesheet. The page has no script: it shows the state at the time of the request. */
export const homeRoutes = (app: App, home: () => Home): void => {
  const headers = { ...pageHeaders(contentSecurityPolicy), vary: 'accept-language' }
  route(app, '/', {
    get: ({ req }) =>
      textResponse('text/html', pageOf(home(), preferredLanguage(req.header('accept-language'))), headers),
  })
  route(app, '/home.css', { get: () => textResponse('text/css', stylesheet(), headers) })
}

const stylesheet = () => baseStyle() + readFileSync(new URL('./page.css', import.meta.url), 'utf8')

const pageOf = ({ port, isSimulated, dataDir, waitingFor, functions, sources }: Home, language: Language): string => {
  const texts = homeTexts[language]
  const card = (href: string | null, { title, text }: { title: string; text: string }) =>
    html`<li>${href === null ? html`<strong>${title}</strong>` : html`<a href="${href}">${title}</a>`}<p>${text}</p></li>`
  const nextTicks = new Map(sources.map(({ name, nextAt }) => [name, nextAt?.slice(11, 19)]))
  const row = ({ name, state, replicas, coldStarts }: FunctionReport) =>
    html`<tr><th scope="row">${name}</th><td class="${state}">${texts.states[state]}</td><td class="number">${replicas.length}</td><td class="number">${coldStarts}</td><td class="number">${nextTicks.get(name) ?? texts.noTick}</td></tr>
`
  const column = (text: string, at: number) => html`<th scope="col"${at > 1 && html` class="number"`}>${text}</th>`
  return String(html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vigia</title>
<link rel="stylesheet" href="/home.css">
</head>
<body>
<main>
<h1>Vigia</h1>
<p>${texts.intro} ${waitingFor.length === 0 ? texts.up : html`<strong class="crashed">${texts.waitingFor} ${waitingFor.join(', ')}</strong>`}</p>
<ul class="cards">
${isSimulated ? [card('/chat', texts.chat), card(`http://sites.localhost:${port}/`, texts.sites)] : card(null, texts.bot)}
</ul>
<h2 id="functions">${texts.functions}</h2>
<p>${texts.functionsIntro}</p>
<div class="table" role="region" aria-labelledby="functions" tabindex="0">
<table>
<thead><tr>${[texts.columns.name, texts.columns.state, texts.columns.processes, texts.columns.starts, texts.columns.nextTick].map(column)}</tr></thead>
<tbody>
${functions.map(row)}</tbody>
</table>
</div>
<h2>${texts.apiHeading}</h2>
<ul class="cards">
${Object.entries(texts.api).map(([path, text]) => card(path, { title: path, text }))}
</ul>
<p>${texts.data} <code>${dataDir}</code></p>
</main>
</body>
</html>
`)
}
