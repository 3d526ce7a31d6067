import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Language } from '#database/chats/language.ts'
import { Html, html } from '#functions/telegram/html.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import type { Progress, Step } from './progress.ts'
import { words } from './words.ts'

/** What the port answers until everything that a request needs is up. */
export interface StartPage {
  /** Always answers: a page for a browser of this machine, JSON for a program. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Resolves when every page that is open shows why the start failed, or when none asks any more. */
  failureSeen(): Promise<void>
}

const reloadAfterS = 1
/** A page that did not ask for so long is closed, or shows something else by now. */
const isOpenMs = 4_000

export const startPage = (progress: Progress): StartPage => {
  let lastAskedAt = Number.NEGATIVE_INFINITY
  let seen = () => {}
  const failureSeen = new Promise<void>(resolve => {
    seen = resolve
  })
  return {
    handle: (request, response) => {
      if (!wantsPage(request)) return sendState(progress, response)
      sendPage(progress, request, response)
      if (progress.failure) response.once('close', seen)
      else lastAskedAt = performance.now()
    },
    failureSeen: async () => {
      const openFor = isOpenMs - (performance.now() - lastAskedAt)
      if (openFor > 0) await Promise.race([failureSeen, setTimeout(openFor)])
    },
  }
}

/** Browsers ask for HTML by name; programs accept anything, or JSON. */
const wantsPage = ({ method, headers }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD') && /\btext\/html\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(headers.accept ?? '')

const sendState = (progress: Progress, response: ServerResponse) => {
  const waitingFor = progress.steps.filter(({ state }) => state !== 'done').map(({ name }) => name)
  const body = `${JSON.stringify({ error: progress.failure ? 'the start failed' : 'starting', waitingFor })}\n`
  response.writeHead(503, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'retry-after': '1',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}

/**
 * Asks for the same address again where scripts are off. The path is named, because browsers do not load an address with
 * a fragment again when they already show it. A path that begins like another host is left out.
 */
const refresh = (path: string) => `${reloadAfterS * 2}${/^\/(?![/\\])/.test(path) ? `; url=${path}` : ''}`

/** Keeps the fragment, which the header cannot know. */
const script = `setTimeout(() => location.reload(), ${reloadAfterS * 1000})`

const sendPage = (progress: Progress, request: IncomingMessage, response: ServerResponse) => {
  const style = stylesheet()
  const body = pageOf(progress, preferredLanguage(request.headers['accept-language']), style)
  response.writeHead(503, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'content-security-policy': `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    // A failure stays on the page: after it nothing would answer.
    ...(progress.failure ? {} : { refresh: refresh(request.url!) }),
    'retry-after': '1',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    vary: 'accept, accept-language',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`

const stylesheet = () =>
  ['../home/page.css', './page.css'].map(file => readFileSync(new URL(file, import.meta.url), 'utf8')).join('')

const pageOf = ({ steps, failure }: Progress, language: Language, style: string): string => {
  const say = words[language]
  const done = steps.filter(({ state }) => state === 'done').length
  const title = failure ? say.failedTitle : say.title
  const item = ({ name, state, detail }: Step) =>
    html`<li><strong>${say.steps[name]}</strong> <span class="${state}">${say.states[state]}</span>${detail !== '' && html` <span class="detail" lang="en">${detail}</span>`}</li>
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
${failure ? html`<p>${say.failedIntro}</p><p class="failure" lang="en" role="alert">${failure.join('\n')}</p><p>${say.again}</p>` : html`<p>${say.intro}</p>`}
<ul class="steps">
${steps.map(item)}</ul>
</main>
</body>
</html>
`)
}
