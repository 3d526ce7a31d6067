import { type App, route } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'
import { parseLimit } from '#local/broker/reads/event-query.ts'
import type { ReplayOutcome } from '#local/dead-letter-replay.ts'
import { withQuery } from './query.ts'

/** The dead letters that PostgreSQL keeps. */
export interface DeadLetterApi {
  newest(limit: number): Promise<unknown[]>
  /** null if there is no dead letter with this id. */
  find(id: number): Promise<unknown | null>
  replay(id: number): Promise<ReplayOutcome>
}

/** `GET /api/dead-letters`, `GET /api/dead-letters/<id>` and `POST /api/dead-letters/<id>/replay`. */
export const deadLetterRoutes = (app: App, { newest, find, replay }: DeadLetterApi): void => {
  const notFound = (id: string) => jsonResponse(404, { error: `there is no dead letter ${id}` })
  route(app, '/api/dead-letters', {
    get: withQuery(['limit'], async (_, { limit }) => jsonResponse(200, await newest(parseLimit(limit, 200)))),
  })
  route(app, '/api/dead-letters/:id{[0-9]{1,15}}', {
    get: withQuery([], async ({ req }) => {
      const id = req.param('id')!
      const letter = await find(Number(id))
      return letter === null ? notFound(id) : jsonResponse(200, letter)
    }),
  })
  route(app, '/api/dead-letters/:id{[0-9]{1,15}}/replay', {
    post: withQuery([], async ({ req }) => {
      const id = req.param('id')!
      const outcome = await replay(Number(id))
      if (outcome === 'accepted') return jsonResponse(202, { id: Number(id) })
      return outcome === 'unknown' ? notFound(id) : jsonResponse(409, { error: outcome.impossible })
    }),
  })
}
