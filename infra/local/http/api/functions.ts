import { type App, route } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'
import type { Activator } from '#local/activator/activator.ts'
import { withQuery } from './query.ts'

/** `GET /api/functions` and `POST /api/functions/<name>/stop`, which drains a function to zero. */
export const functionRoutes = (app: App, activator: Pick<Activator, 'has' | 'report' | 'stop'>): void => {
  route(app, '/api/functions', { get: withQuery([], () => jsonResponse(200, activator.report())) })
  route(app, '/api/functions/:name/stop', {
    post: withQuery([], async ({ req }) => {
      const name = req.param('name')!
      if (!activator.has(name)) return jsonResponse(404, { error: `there is no function ${name}` })
      await activator.stop(name)
      return jsonResponse(
        200,
        activator.report().find(one => one.name === name),
      )
    }),
  })
}
