import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Language } from '#database/chats/language.ts'
import { preferredLanguage } from '#functions/wording/preferred-language.ts'
import { isUp, type SiteBehaviour } from './behaviour.ts'
import { switchPageTexts } from './switch-page-texts.ts'

const asset = (name: string) => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')

const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The page with the switch, its two files and its two calls; false where the request is for a site. */
export const switchPage = (
  request: IncomingMessage,
  response: ServerResponse,
  sites: Map<string, SiteBehaviour>,
  now: Date,
): boolean => {
  const { pathname } = new URL(request.url ?? '/', 'http://sites')
  const send = (status: number, type: string, body: string) => {
    response.writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    response.end(request.method === 'HEAD' ? '' : body)
    return true
  }
  const language = preferredLanguage(request.headers['accept-language'])
  switch (pathname) {
    case '/':
      return send(200, 'text/html', html(language))
    case '/_/switch.js':
      return send(200, 'text/javascript', asset('switch.js'))
    case '/_/switch.css':
      return send(200, 'text/css', asset('switch.css'))
    case '/_/sites':
      if (request.method === 'POST')
        return turn(request, sites, body => send(body.status, 'application/json', body.json))
      return send(200, 'application/json', JSON.stringify(listed(sites, now, language)))
    default:
      return false
  }
}

const listed = (sites: Map<string, SiteBehaviour>, now: Date, language: Language) =>
  [...sites].map(([path, behaviour]) => ({
    path,
    well: isUp(behaviour, now),
    canSwitch: behaviour.kind === 'switch',
    words:
      behaviour.kind === 'redirects' && !Number.isFinite(behaviour.count)
        ? switchPageTexts[language].loop
        : switchPageTexts[language].kinds[behaviour.kind],
  }))

const turn = (
  request: IncomingMessage,
  sites: Map<string, SiteBehaviour>,
  answer: (body: { status: number; json: string }) => void,
): true => {
  const say = (status: number, words: object) => answer({ status, json: JSON.stringify(words) })
  if (request.headers['vigia-local'] !== '1') {
    say(403, { error: 'this call needs the header Vigia-Local: 1' })
    return true
  }
  let body = ''
  request.setEncoding('utf8')
  request.on('data', chunk => {
    body += chunk
    if (body.length > 4096) request.destroy()
  })
  request.on('end', () => {
    const wanted = parsed(body)
    const behaviour = wanted === null ? undefined : sites.get(wanted.path)
    if (wanted === null) return say(400, { error: 'expected {"path": "/shop", "on": true}' })
    if (behaviour?.kind !== 'switch') return say(404, { error: `${wanted.path} has no switch` })
    sites.set(wanted.path, { kind: 'switch', on: wanted.on })
    say(200, wanted)
  })
  return true
}

const parsed = (body: string): { path: string; on: boolean } | null => {
  try {
    const { path, on } = JSON.parse(body)
    return typeof path === 'string' && typeof on === 'boolean' ? { path, on } : null
  } catch {
    return null
  }
}

const html = (language: Language) => {
  const words = switchPageTexts[language]
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<link rel="stylesheet" href="/_/switch.css">
<script type="module" src="/_/switch.js"></script>
</head>
<body data-up="${words.up}" data-down="${words.down}" data-turn-on="${words.turnOn}" data-turn-off="${words.turnOff}" data-lost="${words.lost}">
<main>
<h1>${words.title}</h1>
<p>${words.intro}</p>
<p id="notice" role="status"></p>
<ul id="sites"></ul>
</main>
</body>
</html>
`
}
