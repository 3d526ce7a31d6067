import { readFileSync } from 'node:fs'
import type { Language } from '#database/chats/language.ts'
import { html } from '#functions/telegram/html.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import { type App, route } from '#infra/http/app.ts'
import { baseStyle } from '#infra/http/base-style.ts'
import { pageHeaders, textResponse } from '#infra/http/responses.ts'
import type { FunctionReport } from '#local/activator/function-pool.ts'
import type { SourceReport } from '#local/sources/ping-source.ts'
import { words } from './words.ts'

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
  const say = words[language]
  const card = (href: string | null, { title, text }: { title: string; text: string }) =>
    html`<li>${href === null ? html`<strong>${title}</strong>` : html`<a href="${href}">${title}</a>`}<p>${text}</p></li>`
  const wakes = new Map(sources.map(({ name, nextAt }) => [name, nextAt?.slice(11, 19)]))
  const row = ({ name, state, replicas, coldStarts }: FunctionReport) =>
    html`<tr><th scope="row">${name}</th><td class="${state}">${say.states[state]}</td><td class="number">${replicas.length}</td><td class="number">${coldStarts}</td><td class="number">${wakes.get(name) ?? say.never}</td></tr>
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
<p>${say.intro} ${waitingFor.length === 0 ? say.up : html`<strong class="crashed">${say.waitingFor} ${waitingFor.join(', ')}</strong>`}</p>
<ul class="cards">
${isSimulated ? [card('/chat', say.chat), card(`http://sites.localhost:${port}/`, say.sites)] : card(null, say.bot)}
</ul>
<h2 id="functions">${say.functions}</h2>
<p>${say.functionsIntro}</p>
<div class="table" role="region" aria-labelledby="functions" tabindex="0">
<table>
<thead><tr>${[say.columns.name, say.columns.state, say.columns.processes, say.columns.starts, say.columns.wakes].map(column)}</tr></thead>
<tbody>
${functions.map(row)}</tbody>
</table>
</div>
<h2>${say.lookInside}</h2>
<ul class="cards">
${Object.entries(say.api).map(([path, text]) => card(path, { title: path, text }))}
</ul>
<p>${say.data} <code>${dataDir}</code></p>
</main>
</body>
</html>
`)
}
