import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { listenPublic, type PublicListener } from '#local/http/public-listener.ts'
import type { PublicLimits } from '#local/http/public-options.ts'
import type { FunctionManifest } from '#local/manifests/manifests.ts'
import { sendUntilResponse } from '#test/functions/dial/support/raw.ts'
import { functionManifest } from '#test/local/support/function-manifest.ts'
import { sendRequest } from '#test/support/http.ts'

export const secret = 'the-right-secret'
export const secretHeader = 'X-Telegram-Bot-Api-Secret-Token'
export const manifest = (name: string, path: string | null, isSecret = false): FunctionManifest =>
  functionManifest({
    name,
    visibility: path === null ? 'cluster-local' : 'public',
    public: path === null ? null : { path, secret: isSecret ? { header: secretHeader.toLowerCase(), entry } : null },
  })
export const entry = {
  file: 'knative/services/telegram-webhook.yaml',
  line: 9,
  name: 'SECRET',
  key: 'SECRET',
  optional: false,
}
export const functions = [
  manifest('telegram-webhook', '/telegram', true),
  manifest('status-page', '/status'),
  manifest('badge', '/status/badge'),
  manifest('error-notifier', null),
]

/** The requests that reached a function: `telegram-webhook POST /telegram {"update_id":1}`. */
export const reached: string[] = []
export const serving = {
  variableOf: () => secret as string | undefined,
  proxy: async (
    name: string,
    { method }: IncomingMessage,
    response: ServerResponse,
    { path, body }: { path: string; body: Buffer },
  ) => {
    reached.push(`${name} ${method} ${path} ${body.length > 100 ? body.length : body}`.trim())
    response.writeHead(200, { 'content-length': 0 }).end()
  },
  isPageDomain: async (host: string | undefined) => host === 'status.acme.test',
  failed: () => {},
}
export const listeners: PublicListener[] = []
export const startListener = async (basePath?: string, limits?: Partial<PublicLimits>) => {
  const listener = await listenPublic({
    port: 0,
    functions,
    basePath,
    baseFunction: 'telegram-webhook',
    pageFunction: 'status-page',
    limits: limits ?? {},
  })
  listeners.push(listener)
  listener.serve(serving)
  return listener
}

/** The listener that most tests use. It is started once for each test file. */
export let listener: PublicListener
beforeAll(async () => {
  listener = await startListener()
})
beforeEach(() => {
  reached.length = 0
})
afterAll(() => Promise.all(listeners.map(one => one.close())))

export const withSecret = { [secretHeader]: secret }
export const post = (
  path: string,
  { headers = withSecret as Record<string, string>, body = 'x' as string | Buffer } = {},
) => sendRequest(listener.port, { path, headers, body })

export const update = '{"update_id":1}'
/**
 * A template of each proxy's request head for a request of Telegram. {line} stands for the method and the path,
 * {length} for Content-Length if there is a body, and {more} for the client's headers that the proxy forwards.
 */
export const proxies: [string, string[]][] = [
  // Debian's nginx 1.22 with only proxy_pass http://localhost:8081.
  [
    'nginx',
    [
      '{line} HTTP/1.0',
      'Host: localhost:8081',
      'Connection: close',
      '{length}',
      'Accept-Encoding: gzip, deflate',
      '{more}',
    ],
  ],
  [
    'nginx whose proxy_pass names an upstream',
    ['{line} HTTP/1.0', 'Host: vigia', 'Connection: close', '{length}', '{more}'],
  ],
  // Debian's Caddy 2.6 with only reverse_proxy 127.0.0.1:8081.
  [
    'Caddy',
    [
      '{line} HTTP/1.1',
      'Host: vigia.example.org',
      '{length}',
      'Accept-Encoding: gzip, deflate',
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Host: vigia.example.org',
      'X-Forwarded-Proto: https',
      '{more}',
    ],
  ],
  [
    'cloudflared',
    [
      '{line} HTTP/1.1',
      'Host: vigia.example.org',
      '{length}',
      'Accept-Encoding: gzip, br',
      'Cdn-Loop: cloudflare; loops=1',
      'Cf-Connecting-Ip: 203.0.113.7',
      'Cf-Ipcountry: BR',
      'Cf-Ray: 8f0c6c0b1a2b3c4d-GRU',
      'Cf-Visitor: {"scheme":"https"}',
      'Cf-Warp-Tag-Id: 6c0b1a2b-3c4d-4e5f-8f0c-6c0b1a2b3c4d',
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Proto: https',
      '{more}',
    ],
  ],
]
/**
 * Sends a request as a proxy sends it. `head` is the template of the proxy's request head, `line` is the method and the
 * path, and `more` are the client's headers. Resolves with the status.
 */
export const sendThroughProxy = (head: string[], line: string, more: string[], body = '') => {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const lines = head.flatMap(one =>
    one === '{length}' ? length : one === '{more}' ? more : [one.replace('{line}', line)],
  )
  return sendUntilResponse(listener.port, `${lines.join('\r\n')}\r\n\r\n${body}`, () => undefined)
}
