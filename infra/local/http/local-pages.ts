import type { IncomingMessage, ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { createApp, nodeListener } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'
import type { Activator } from '#local/activator/activator.ts'
import type { PingSources } from '#local/sources/ping-source.ts'
import { type DeadLetterApi, deadLetterRoutes } from './api/dead-letters.ts'
import { type EventReads, eventRoutes } from './api/events.ts'
import { functionRoutes } from './api/functions.ts'
import { sourceRoutes } from './api/sources.ts'
import { type Status, statusRoutes } from './api/status.ts'
import { type Home, homeRoutes } from './home/page.ts'

export interface LocalPages {
  activator: Pick<Activator, 'has' | 'report' | 'stop'>
  sources: Pick<PingSources, 'has' | 'report' | 'fire'>
  status: Status
  events: EventReads
  deadLetters: DeadLetterApi
  /** What the home page shows. */
  home(): Home
  /** Answers requests of the chat with the simulated bot; returns false for a path that does not belong to the chat. */
  chat?: ((request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>) | undefined
  /** Gets an error that no handler caught. */
  failed(error: unknown): void
}

/** What plain `localhost` serves: the API, the metrics, the home page and the chat. */
export const localPages = ({ activator, sources, status, events, deadLetters, home, chat, failed }: LocalPages) => {
  const app = createApp()
  statusRoutes(app, status)
  functionRoutes(app, activator)
  eventRoutes(app, events)
  deadLetterRoutes(app, deadLetters)
  sourceRoutes(app, sources)
  homeRoutes(app, home)
  app.notFound(async ({ req, env }) =>
    (await chat?.(env.incoming as IncomingMessage, env.outgoing as ServerResponse))
      ? RESPONSE_ALREADY_SENT
      : jsonResponse(404, { error: `there is nothing at ${req.path}` }),
  )
  return nodeListener(app, failed)
}
