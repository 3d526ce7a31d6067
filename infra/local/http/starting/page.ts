import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Language } from '#database/chats/language.ts'
import { Html, html } from '#functions/telegram/html.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import { baseStyle } from '#infra/http/base-style.ts'
import { pageHeaders, sendJson } from '#infra/http/responses.ts'
import type { StartProgress, Step } from './progress.ts'
import { startingTexts } from './starting-texts.ts'

/** Answers requests on PORT while Vigia starts. It uses node:http alone, because Hono is loaded later in the start. */
export interface StartPage {
  /** Always answers: a page for a browser of this machine, JSON for a program. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Resolves when an open page has shown why the start failed, or when no page has reloaded for some seconds. */
  failureSeen(): Promise<void>
}

const reloadAfterS = 1
/**
 * An open page reloads every second. A page that has not reloaded for this long was closed or shows another address.
 */
const isOpenMs = 4_000

export const startPage = (progress: StartProgress): StartPage => {
  let lastShownAt = Number.NEGATIVE_INFINITY
  let seen = () => {}
  const failureSeen = new Promise<void>(resolve => {
    seen = resolve
  })
  return {
    handle: (request, response) => {
      if (!wantsPage(request)) return sendState(progress, response)
      sendPage(progress, request, response)
      if (progress.failure) response.once('close', seen)
      else lastShownAt = performance.now()
    },
    failureSeen: async () => {
      const openFor = isOpenMs - (performance.now() - lastShownAt)
      if (openFor > 0) await Promise.race([failureSeen, setTimeout(openFor)])
    },
  }
}

/** A browser names text/html in its Accept header; other programs accept anything, or JSON. */
const wantsPage = ({ method, headers }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD') && /\btext\/html\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(headers.accept ?? '')

const sendState = (progress: StartProgress, response: ServerResponse) => {
  const waitingFor = progress.steps.filter(({ state }) => state !== 'done').map(({ name }) => name)
  const error = progress.failure ? 'the start of Vigia failed' : 'Vigia is starting'
  sendJson(response, 503, { error, waitingFor }, { 'retry-after': '1' })
}

/**
 * The value of the Refresh header, which reloads the page in a browser without scripts. It contains the path, because
 * otherwise a browser does not reload a page whose address has a fragment. A path that starts with `//` or `/\` is left
 * out, because a browser would read it as the address of another host.
 */
const refresh = (path: string) => `${reloadAfterS * 2}${/^\/(?![/\\])/.test(path) ? `; url=${path}` : ''}`

/** Reloads the page and keeps the fragment of the address. Browsers do not send the fragment to the server. */
const script = `setTimeout(() => location.reload(), ${reloadAfterS * 1000})`

const sendPage = (progress: StartProgress, request: IncomingMessage, response: ServerResponse) => {
  const style = stylesheet()
  const body = pageOf(progress, preferredLanguage(request.headers['accept-language']), style)
  response.writeHead(503, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...pageHeaders(
      `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    ),
    // After a failure the process ends, so the page must not reload.
    ...(progress.failure ? {} : { refresh: refresh(request.url!) }),
    'retry-after': '1',
    vary: 'accept, accept-language',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`

const stylesheet = () =>
  baseStyle() +
  ['../home/page.css', './page.css'].map(file => readFileSync(new URL(file, import.meta.url), 'utf8')).join('')

const pageOf = ({ steps, failure }: StartProgress, language: Language, style: string): string => {
  const texts = startingTexts[language]
  const done = steps.filter(({ state }) => state === 'done').length
  const title = failure ? texts.failedTitle : texts.title
  const item = ({ name, state, detail }: Step) =>
    html`<li><strong>${texts.steps[name]}</strong> <span class="${state}">${texts.states[state]}</span>${detail !== '' && html` <span class="detail" lang="en">${detail}</span>`}</li>
`
  return String(html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${failure ? title : `${title} (${done}/${steps.length})`}</title>
<style>${new Html(style)}</style>
${!failure && html`<script>${new Html(script)}</script>`}
</head>
<body>
<main>
<h1>${title}</h1>
${failure ? html`<p>${texts.failedIntro}</p><p class="failure" lang="en" role="alert">${failure.join('\n')}</p><p>${texts.nextStep}</p>` : html`<p>${texts.intro}</p>`}
<ul class="steps">
${steps.map(item)}</ul>
</main>
</body>
</html>
`)
}
