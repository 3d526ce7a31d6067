import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Clock } from '#functions/host/clock.ts'
import { defaultSites, respond, type SiteBehaviour } from './sites/behaviour.ts'
import { switchPage } from './sites/switch-page.ts'
import { realTime, type Time } from './time.ts'

export type { SiteBehaviour } from './sites/behaviour.ts'

/** One request as it reached a site. */
export interface Hit {
  /** Counted from 1. */
  id: number
  path: string
  /** The query, so that a test can tell its monitors apart. */
  query: string
  /** Unix milliseconds with fractions. */
  at: number
  /** The first request on its connection. */
  newConnection: boolean
  /** null where no status was sent. */
  status: number | null
}

export interface SitesSimulator {
  /** `http://127.0.0.1:1234`, without a slash at its end. */
  readonly url: string
  /** Changes how a path answers from now on; paths nobody has set answer 404. */
  set(path: string, behaviour: SiteBehaviour | SiteBehaviour['kind']): void
  /** Turns a site on or off, whatever it was before. */
  turn(path: string, on: boolean): void
  /** Oldest first; of one path, or all. */
  hits(path?: string): Hit[]
  forgetHits(): void
  /** Answers a request that came in elsewhere: the runtime's server hands over what is for `sites.localhost`. */
  handler(request: IncomingMessage, response: ServerResponse): boolean
  stop(): Promise<void>
}

export interface SitesOptions {
  port?: number
  clock?: Clock
  time?: Time
}

const maxStoredHits = 500_000

const behaviourDefaults: { [kind in SiteBehaviour['kind']]: SiteBehaviour } = {
  ok: { kind: 'ok' },
  status: { kind: 'status', status: 500 },
  slow: { kind: 'slow', ms: 3000 },
  flapping: { kind: 'flapping', periodMs: 60_000 },
  switch: { kind: 'switch', on: true },
  hanging: { kind: 'hanging' },
  reset: { kind: 'reset' },
  redirect: { kind: 'redirect', to: '/healthy' },
  redirects: { kind: 'redirects', count: 3 },
  endless: { kind: 'endless', everyMs: 100 },
  bomb: { kind: 'bomb', bytes: 200 * 1024 * 1024 },
  'slow-headers': { kind: 'slow-headers', everyMs: 1000 },
}

/** Starts the sites to watch: well, ill, slow, wicked, and one with a switch. */
export const startSites = async (options: SitesOptions = {}): Promise<SitesSimulator> => {
  const time = options.time ?? realTime(options.clock)
  const sites = new Map(Object.entries(defaultSites))
  const hits: Hit[] = []
  const met = new WeakSet<Socket>()
  let count = 0

  const handler = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (switchPage(request, response, sites, time.now())) return true
    const url = new URL(request.url ?? '/', 'http://site')
    const hit: Hit = {
      id: ++count,
      path: url.pathname,
      query: url.search.slice(1),
      at: performance.timeOrigin + performance.now(),
      newConnection: !met.has(request.socket),
      status: null,
    }
    met.add(request.socket)
    hits.push(hit)
    if (hits.length > maxStoredHits) hits.splice(0, maxStoredHits / 10)
    const behaviour = sites.get(url.pathname) ?? { kind: 'status', status: 404, body: 'no such test site\n' }
    hit.status = respond(behaviour, request, response, time)
    return true
  }

  const server = createServer(handler)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (path, behaviour) =>
      void sites.set(path, typeof behaviour === 'string' ? behaviourDefaults[behaviour] : behaviour),
    turn: (path, on) => void sites.set(path, { kind: 'switch', on }),
    hits: path => hits.filter(hit => path === undefined || hit.path === path),
    forgetHits: () => void hits.splice(0),
    handler,
    stop: async () => {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
