import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Language } from '#database/chats/language.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import { createApp, jsonBody, nodeListener, route } from '#infra/http/app.ts'
import { baseStyle } from '#infra/http/base-style.ts'
import { jsonResponse, pageHeaders, textResponse } from '#infra/http/responses.ts'
import { isUp, type SiteBehaviour } from './behaviour.ts'
import { switchPageTexts } from './switch-page-texts.ts'

const asset = (name: string) => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')

const headers = pageHeaders(
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)

const maxBodyBytes = 4096
const paths = { page: '/', script: '/_/switch.js', style: '/_/switch.css', sites: '/_/sites' }

/**
 * Serves a page, its files and its API. The page lists the sites, and has a button for each site with a switch. The
 * returned function handles requests for the page's paths, and returns false for a request to a site.
 */
export const switchPage = (sites: Map<string, SiteBehaviour>, now: () => Date) => {
  const app = createApp()
  route(app, paths.page, {
    get: ({ req }) => textResponse('text/html', html(preferredLanguage(req.header('accept-language'))), headers),
  })
  route(app, paths.script, { get: () => textResponse('text/javascript', asset('switch.js'), headers) })
  route(app, paths.style, { get: () => textResponse('text/css', baseStyle() + asset('switch.css'), headers) })
  route(app, paths.sites, {
    get: ({ req }) => jsonResponse(200, siteList(sites, now(), preferredLanguage(req.header('accept-language')))),
    post: async context => {
      const wanted = await jsonBody(context, maxBodyBytes)
      const { path, on } = wanted ?? {}
      if (typeof path !== 'string' || typeof on !== 'boolean')
        return jsonResponse(400, { error: 'the body must be JSON like {"path": "/shop", "on": true}' })
      if (sites.get(path)?.kind !== 'switch') return jsonResponse(404, { error: `${path} has no switch` })
      sites.set(path, { kind: 'switch', on })
      return jsonResponse(200, { path, on })
    },
  })
  const listener = nodeListener(app, () => {})
  const ownPaths = new Set(Object.values(paths))
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!ownPaths.has(new URL(request.url ?? '/', 'http://sites').pathname)) return false
    void listener(request, response)
    return true
  }
}

const siteList = (sites: Map<string, SiteBehaviour>, now: Date, language: Language) => {
  const texts = switchPageTexts[language]
  return [...sites].map(([path, behaviour]) => ({
    path,
    isUp: isUp(behaviour, now),
    canSwitch: behaviour.kind === 'switch',
    description:
      behaviour.kind === 'redirects' && !Number.isFinite(behaviour.count) ? texts.loop : texts.kinds[behaviour.kind],
  }))
}

const html = (language: Language) => {
  const texts = switchPageTexts[language]
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${texts.title}</title>
<link rel="stylesheet" href="/_/switch.css">
<script type="module" src="/_/switch.js"></script>
</head>
<body data-up="${texts.up}" data-down="${texts.down}" data-turn-on="${texts.turnOn}" data-turn-off="${texts.turnOff}" data-lost="${texts.lost}">
<main>
<h1>${texts.title}</h1>
<p>${texts.intro}</p>
<p id="notice" role="status"></p>
<ul id="sites"></ul>
</main>
</body>
</html>
`
}
