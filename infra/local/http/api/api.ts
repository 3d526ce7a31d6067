import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Activator } from '#local/activator/activator.ts'
import { BadQuery, type EventQuery, parseLimit } from '#local/broker/reads/event-query.ts'
import type { PingSources } from '#local/sources/ping-source.ts'
import { NoSuchParameters, parametersIn } from './query-parameters.ts'

/** What the control API shows and does; promises of the broker and the dead letters as they are. */
export interface Controls {
  activator: Pick<Activator, 'has' | 'report' | 'stop'>
  sources: Pick<PingSources, 'has' | 'report' | 'fire'>
  /** What is not up or takes no writes, in words; empty when everything is well. */
  waitingFor(): Promise<string[]>
  metrics(): Promise<{ type: string; text: string }>
  events(query: EventQuery): Promise<unknown[]>
  event(seq: number): Promise<unknown | null>
  deadLetters(limit: number): Promise<unknown[]>
  deadLetter(id: number): Promise<unknown | null>
  /** What became of it: the letter may be unknown, or name a Trigger that is gone, or an event that cannot be read any more. */
  replay(id: number): Promise<'accepted' | 'unknown' | { impossible: string }>
}

interface Answer {
  status: number
  /** A string is sent as it is, everything else as JSON. */
  body: unknown
  headers?: Record<string, string>
}

type Work = (request: { query: Record<string, string>; id: string }) => Promise<Answer> | Answer

interface Route {
  path: RegExp
  /** The parameters that GET takes; everything else in a query is refused. */
  parameters?: readonly string[]
  GET?: Work
  /** Changes something: needs the header Vigia-Local. */
  POST?: Work
}

const ok = (body: unknown): Answer => ({ status: 200, body })
const accepted = (body: unknown): Answer => ({ status: 202, body })
const refused = (status: number, error: string, headers: Record<string, string> = {}): Answer => ({
  status,
  body: { error },
  headers,
})

const routesOf = (controls: Controls): Route[] => [
  {
    path: /^\/metrics$/,
    GET: async () => {
      const { type, text } = await controls.metrics()
      return { status: 200, body: text, headers: { 'content-type': type } }
    },
  },
  {
    path: /^\/readyz$/,
    GET: async () => {
      const waitingFor = await controls.waitingFor()
      return { status: waitingFor.length === 0 ? 200 : 503, body: { ready: waitingFor.length === 0, waitingFor } }
    },
  },
  { path: /^\/api\/functions$/, GET: () => ok(controls.activator.report()) },
  {
    path: /^\/api\/functions\/([^/]+)\/stop$/,
    POST: async ({ id }) => {
      if (!controls.activator.has(id)) return refused(404, `there is no function ${id}`)
      await controls.activator.stop(id)
      return ok(controls.activator.report().find(({ name }) => name === id))
    },
  },
  {
    path: /^\/api\/events$/,
    parameters: ['type', 'source', 'subject', 'since', 'limit'],
    GET: async ({ query }) => ok(await controls.events(query)),
  },
  {
    path: /^\/api\/events\/(\d{1,15})$/,
    GET: async ({ id }) => {
      const event = await controls.event(Number(id))
      return event === null ? refused(404, `there is no event ${id}`) : ok(event)
    },
  },
  {
    path: /^\/api\/dead-letters$/,
    parameters: ['limit'],
    GET: async ({ query }) => ok(await controls.deadLetters(parseLimit(query.limit, 200))),
  },
  {
    path: /^\/api\/dead-letters\/(\d{1,15})$/,
    GET: async ({ id }) => {
      const letter = await controls.deadLetter(Number(id))
      return letter === null ? refused(404, `there is no dead letter ${id}`) : ok(letter)
    },
  },
  {
    path: /^\/api\/dead-letters\/(\d{1,15})\/replay$/,
    POST: async ({ id }) => {
      const outcome = await controls.replay(Number(id))
      if (outcome === 'accepted') return accepted({ id: Number(id) })
      return outcome === 'unknown' ? refused(404, `there is no dead letter ${id}`) : refused(409, outcome.impossible)
    },
  },
  { path: /^\/api\/sources$/, GET: () => ok(controls.sources.report()) },
  {
    path: /^\/api\/sources\/([^/]+)\/fire$/,
    POST: async ({ id }) => {
      if (!controls.sources.has(id)) return refused(404, `there is no source ${id}`)
      return accepted({ id: await controls.sources.fire(id) })
    },
  },
]

/** The interface for tools, in JSON. Resolves with false for a path that is not its own. */
export const controlApi = (controls: Controls) => {
  const routes = routesOf(controls)
  return async (request: IncomingMessage, response: ServerResponse, { pathname, search }: URL): Promise<boolean> => {
    const answer = await answerTo(routes, request, pathname, search)
    if (!answer) return false
    const { status, body, headers } = answer
    if (typeof body === 'string') response.writeHead(status, headers).end(body)
    else sendJson(response, status, body, headers)
    return true
  }
}

const answerTo = async (
  routes: Route[],
  request: IncomingMessage,
  pathname: string,
  search: string,
): Promise<Answer | undefined> => {
  for (const route of routes) {
    const found = route.path.exec(pathname)
    if (!found) continue
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const work = method === 'GET' ? route.GET : method === 'POST' ? route.POST : undefined
    if (!work) {
      const allow = route.GET ? 'GET, HEAD' : 'POST'
      return refused(405, `${pathname} only accepts ${allow}`, { allow })
    }
    // A page of another origin cannot send it without asking first, and we do not answer its question.
    if (method === 'POST' && request.headers['vigia-local'] !== '1')
      return refused(403, 'requests that change something need the header Vigia-Local: 1')
    try {
      const query = parametersIn(search, method === 'GET' ? (route.parameters ?? []) : [])
      return await work({ query, id: found[1] ?? '' })
    } catch (error) {
      if (error instanceof BadQuery || error instanceof NoSuchParameters) return refused(400, error.message)
      throw error
    }
  }
  if (pathname === '/api' || pathname.startsWith('/api/')) return refused(404, `there is nothing at ${pathname}`)
  return undefined
}

export const sendJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(text)
}
