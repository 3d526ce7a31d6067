import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '#functions/host/clock.ts'
import { listenOnLoopback } from './loopback-server.ts'
import { defaultSites, respond, type SiteBehaviour } from './sites/behaviour.ts'
import { switchPage } from './sites/switch-page.ts'
import { realTime, type Time } from './time.ts'

export type { SiteBehaviour } from './sites/behaviour.ts'

/** One request to a site. */
export interface Hit {
  /** Number of the request, from 1. */
  id: number
  path: string
  /** The query string, by which a test can distinguish its monitors. */
  query: string
  /** Unix milliseconds, with fractions. */
  at: number
  /** Whether this is the first request on its connection. */
  newConnection: boolean
  /** null if no status was sent. */
  status: number | null
}

export interface SitesSimulator {
  /** `http://127.0.0.1:1234`, without a slash at the end. */
  readonly url: string
  /** Sets how a path answers from now on. A path without a behaviour answers 404. */
  set(path: string, behaviour: SiteBehaviour | SiteBehaviour['kind']): void
  /** Gives the site at a path a switch, and turns the switch on or off. */
  turn(path: string, on: boolean): void
  /** The requests, oldest first; only those to `path` if it is given. */
  hits(path?: string): Hit[]
  forgetHits(): void
  /** Answers a request for `sites.localhost` that the runtime's server received. Always returns true. */
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

/** Starts the sites to monitor: healthy, failing, slow and hostile sites, and a site with a switch. */
export const startSites = async (options: SitesOptions = {}): Promise<SitesSimulator> => {
  const time = options.time ?? realTime(options.clock)
  const sites = new Map(Object.entries(defaultSites))
  const hits: Hit[] = []
  const knownSockets = new WeakSet<Socket>()
  const page = switchPage(sites, time.now)
  let count = 0

  const handler = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (page(request, response)) return true
    const url = new URL(request.url ?? '/', 'http://site')
    const hit: Hit = {
      id: ++count,
      path: url.pathname,
      query: url.search.slice(1),
      at: performance.timeOrigin + performance.now(),
      newConnection: !knownSockets.has(request.socket),
      status: null,
    }
    knownSockets.add(request.socket)
    hits.push(hit)
    if (hits.length > maxStoredHits) hits.splice(0, maxStoredHits / 10)
    const behaviour = sites.get(url.pathname) ?? { kind: 'status', status: 404, body: 'no such test site\n' }
    hit.status = respond(behaviour, request, response, time)
    return true
  }

  const { url, stop } = await listenOnLoopback(createServer(handler), options.port)
  return {
    url,
    set: (path, behaviour) =>
      void sites.set(path, typeof behaviour === 'string' ? behaviourDefaults[behaviour] : behaviour),
    turn: (path, on) => void sites.set(path, { kind: 'switch', on }),
    hits: path => hits.filter(hit => path === undefined || hit.path === path),
    forgetHits: () => void hits.splice(0),
    handler,
    stop,
  }
}
