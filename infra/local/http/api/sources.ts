import { type App, route } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'
import type { PingSources } from '#local/sources/ping-source.ts'
import { withQuery } from './query.ts'

/** `GET /api/sources` and `POST /api/sources/<name>/fire`, which sends a tick now. */
export const sourceRoutes = (app: App, sources: Pick<PingSources, 'has' | 'report' | 'fire'>): void => {
  route(app, '/api/sources', { get: withQuery([], () => jsonResponse(200, sources.report())) })
  route(app, '/api/sources/:name/fire', {
    post: withQuery([], async ({ req }) => {
      const name = req.param('name')!
      if (!sources.has(name)) return jsonResponse(404, { error: `there is no source ${name}` })
      return jsonResponse(202, { id: await sources.fire(name) })
    }),
  })
}
