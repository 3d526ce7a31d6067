import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Language } from '#database/chats/language.ts'
import { html } from '#functions/telegram/html.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import type { FunctionReport } from '#local/activator/function-pool.ts'
import type { SourceReport } from '#local/sources/ping-source.ts'
import { words } from './words.ts'

/** What the page at `/` tells. */
export interface Home {
  port: number
  isSimulated: boolean
  dataDir: string
  /** What is not up. */
  waitingFor: string[]
  functions: FunctionReport[]
  sources: SourceReport[]
}

const CSP = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The page at `/` and its stylesheet; false for other paths. It has no script: what it shows is of the moment it was asked for. */
export const homePage = (
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
  home: () => Home,
): boolean => {
  if (pathname !== '/' && pathname !== '/home.css') return false
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return true
  }
  const isPage = pathname === '/'
  const body = isPage ? pageOf(home(), preferredLanguage(request.headers['accept-language'])) : stylesheet()
  response.writeHead(200, {
    'content-type': `${isPage ? 'text/html' : 'text/css'}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'content-security-policy': CSP,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    vary: 'accept-language',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
  return true
}

const stylesheet = () => readFileSync(new URL('./page.css', import.meta.url), 'utf8')

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
