import { randomUUID } from 'node:crypto'
import { allowancesIn } from '#database/chats/allowances.ts'
import { type ApiKey, apiKeysIn, keyPattern } from '#database/chats/api-keys.ts'
import { isUnavailable } from '#database/unavailable.ts'
import { rootCause } from '#events/event.ts'
import { RetryLater } from '#functions/host/errors.ts'
import { floodGuard } from '#functions/host/flood-guard.ts'
import type {
  Context,
  HttpHandler,
  HttpRequest,
  HttpResponse,
  RequestHead,
} from '#functions/host/function-definition.ts'
import { checkQuery } from './check-values.ts'
import { notFound, Problem, problemResponse } from './problem.ts'
import { keyBurst, keySeconds, maxBodyBytes } from './request-limits.ts'
import { type ApiResponse, type Call, type Dependencies, parsePath, type Route } from './route.ts'

const base = '/api/v1'
export const documentPath = `${base}/openapi.json`

/**
 * The HTTP API: every request has the key of a chat and concerns only this chat. It uses the same code as the bot and
 * the command line, so that the limits, the address guard and the rules for settings are the same.
 */
export const api = (deps: Dependencies): HttpHandler => {
  const keys = apiKeysIn(deps.db)
  const isFlood = floodGuard(deps.clock)
  const authorize = authorizer(keys.find, isFlood)

  const handle = async (request: HttpRequest, context: Context): Promise<HttpResponse> => {
    if (request.path === documentPath && isReading(request)) return documentResponse()
    const key = await authorize(request)
    await takeAllowance(deps, key)
    const { route, id } = await findRoute(request)
    if (key.scope !== 'write' && !route.scopes.includes(key.scope))
      throw new Problem(403, {
        detail: `A key with the scope "${key.scope}" must not do this; make another key in the chat.`,
      })
    if (request.body.length > maxBodyBytes) throw tooLarge()
    await keys.markUsed(key, deps.clock())
    const { accept = '' } = request.headers
    const answer = await route.handle({
      ...{ deps, key, id, accept, context },
      query: checkQuery(route.query, request.query),
      body: request.body.toString(),
      cause: rootCause(`api/${randomUUID()}`),
    })
    return responseOf(answer)
  }

  return {
    /** Refuses what needs no look into the database, before the body is read. */
    admit: head => {
      if (head.path === documentPath && isReading(head)) return undefined
      if (keyOf(head) === null) return problemResponse(isFlood() ? flood() : noKey())
      return Number(head.headers['content-length'] ?? 0) > maxBodyBytes ? problemResponse(tooLarge()) : undefined
    },

    handle: (request, context) => handle(request, context).catch(error => failure(error, context)),
  }
}

const isReading = ({ method }: Pick<RequestHead, 'method'>) => method === 'GET' || method === 'HEAD'

/** The key of a request; null if it cannot be one. */
const keyOf = ({ headers: { authorization = '' } }: Pick<RequestHead, 'headers'>): string | null => {
  const [, key = ''] = /^bearer +(\S+) *$/i.exec(authorization) ?? []
  return keyPattern.test(key) ? key : null
}

/** Finds the row of the key of a request. Wrong, revoked and missing keys get the same response. */
const authorizer =
  (find: (key: string) => Promise<ApiKey | null>, isFlood: () => boolean) =>
  async (request: HttpRequest): Promise<ApiKey> => {
    const given = keyOf(request)
    const key = given === null ? null : await find(given)
    if (key !== null) return key
    throw isFlood() ? flood() : noKey()
  }

const noKey = () =>
  new Problem(401, {
    detail: 'Send a key in the header Authorization. The bot makes one with /apikey (/chave).',
    example: 'Authorization: Bearer vigia_…',
    headers: { 'www-authenticate': 'Bearer' },
  })

const flood = () => new Problem(429, { detail: 'Too many requests without a key.', headers: { 'retry-after': '1' } })

const tooLarge = () => new Problem(413, { detail: `The body may have ${maxBodyBytes / 1024} KiB.` })

/** Counts the request for its key. */
const takeAllowance = async ({ db, clock }: Dependencies, { id }: ApiKey): Promise<void> => {
  const allowance = { subject: `key/${id}`, seconds: keySeconds, burst: keyBurst }
  if (await allowancesIn(db).take([allowance], randomUUID(), clock())) return
  throw new Problem(429, {
    detail: `This key may send ${keyBurst} requests at once, and then one a second.`,
    headers: { 'retry-after': String(keySeconds) },
  })
}

const findRoute = async ({ method, path }: RequestHead): Promise<{ route: Route; id: number }> => {
  const { routes } = await import('./routes.ts')
  const { pattern, id } = parsePath(path.replace(/\/$/, ''))
  const known = routes.filter(route => `${base}${route.path}` === pattern)
  if (known.length === 0) throw notFound(path)
  const route = known.find(each => each.method === (method === 'HEAD' ? 'GET' : method))
  if (route !== undefined) return { route, id }
  const allow = known.map(each => each.method).join(', ')
  throw new Problem(405, { detail: `${method} is not possible here; use ${allow}.`, headers: { allow } })
}

const responseOf = ({ status = 200, content, type = 'application/json', headers = {} }: ApiResponse): HttpResponse => ({
  status,
  headers: { ...(status !== 204 && { 'content-type': type }), 'cache-control': 'no-store', ...headers },
  ...(content !== undefined && {
    body: typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`,
  }),
})

const documentResponse = async (): Promise<HttpResponse> => {
  const { documentText } = await import('./openapi.ts')
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
    body: documentText(),
  }
}

/** The response to an error. The message of an unexpected error is only logged. */
const failure = (error: unknown, { log }: Pick<Call['context'], 'log'>): HttpResponse => {
  if (error instanceof Problem) return problemResponse(error)
  if (isUnavailable(error) || error instanceof RetryLater) {
    log.warn({ error }, 'a request could not be done now')
    return problemResponse(new Problem(503, { detail: 'Vigia is busy or starting.', headers: { 'retry-after': '5' } }))
  }
  log.error({ error }, 'a request failed')
  return problemResponse(new Problem(500, { detail: 'Internal error.' }))
}
