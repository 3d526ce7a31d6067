// First, because the framework loads node:domain.
import './no-domain.ts'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { http } from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'

export interface FunctionsFramework {
  /** Passes a request through the framework, which calls `handle`. The request's body must have been read before. */
  run(request: IncomingMessage, response: ServerResponse, handle: () => void): void
}

/**
 * Registers a function with @google-cloud/functions-framework and runs requests through it.
 *
 * The owner of the project chose functions-framework as the contract of a function. So every function of Vigia is an
 * `http` function in the framework's registry, and every event and every HTTP request passes through the framework's
 * application. Requests without a body to a function that is `direct` do not, because floods of them are usual.
 *
 * The host does the following itself, because Knative needs other behaviour than the framework's:
 * - Listen and shut down. The framework's server ends the process on SIGTERM although requests are in flight, and
 *   reports an error in one request on another request's response. Only the package's `testing` export returns the
 *   application without that server.
 * - Read bodies. The framework allows 1 GiB; the host reads at most 1 MiB. The framework's body parsers ignore a body
 *   that has already been read.
 * - Decode events. The framework's `cloudevent` type answers 500 to every error, cannot reply with an event, and fails
 *   on events without a body.
 * - Route. The host decides which handler gets a request before it reads the body.
 * - Catch errors. The framework runs each function in a node:domain; see no-domain.ts.
 */
export const functionsFramework = (functionName: string): FunctionsFramework => {
  const handlers = new WeakMap<IncomingMessage, () => void>()
  http(functionName, request => handlers.get(request)!())
  const application = getTestServer(functionName).listeners('request')[0] as RequestListener

  return {
    run: (request, response, handle) => {
      handlers.set(request, handle)
      // The framework answers some paths itself: /favicon.ico, /robots.txt, and paths that cannot be percent-decoded.
      // The host has already read the real path.
      request.url = '/'
      application(request, response)
    },
  }
}
