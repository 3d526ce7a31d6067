import { type App, route } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'
import type { EventQuery } from '#local/broker/reads/event-query.ts'
import { withQuery } from './query.ts'

/** Reads events and their deliveries from the broker. */
export interface EventReads {
  /** The newest events that match; throws BadQuery. */
  events(query: EventQuery): Promise<unknown[]>
  /** An event with its deliveries; null if the broker does not have it. */
  event(seq: number): Promise<unknown | null>
}

/** `GET /api/events` and `GET /api/events/<seq>`. */
export const eventRoutes = (app: App, { events, event }: EventReads): void => {
  route(app, '/api/events', {
    get: withQuery(['type', 'source', 'subject', 'since', 'limit'], async (_, query) =>
      jsonResponse(200, await events(query)),
    ),
  })
  route(app, '/api/events/:seq{[0-9]{1,15}}', {
    get: withQuery([], async ({ req }) => {
      const seq = req.param('seq')!
      const found = await event(Number(seq))
      return found === null ? jsonResponse(404, { error: `there is no event ${seq}` }) : jsonResponse(200, found)
    }),
  })
}
