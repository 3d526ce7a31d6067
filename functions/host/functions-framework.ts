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
 * Why it is here: the owner of the project chose functions-framework as the contract of a function. Every function of
 * Vigia is an `http` function in the framework's registry, and every event and every HTTP request passes through the
 * framework's application.
 *
 * What it does not do, because Knative needs other behaviour (the host does these things):
 * - Listen and shut down. The framework's own server ends the process on SIGTERM with requests in flight, and reports
 *   an error in one request on another request's response. Only the package's `testing` export returns the application
 *   without that server.
 * - Read bodies. The framework allows 1 GiB; the host reads at most 1 MiB. The framework's body parsers ignore a body
 *   that has been read.
 * - Decode events. Its `cloudevent` type answers 500 to every error, cannot reply with an event, and fails on events
 *   without a body.
 * - Route. The host decides who handles a request before it reads the body.
 */
export const functionsFramework = (functionName: string): FunctionsFramework => {
  const handlers = new WeakMap<IncomingMessage, () => void>()
  http(functionName, request => {
    // The framework calls the function inside a node:domain, which would catch errors of connections that outlive the
    // request.
    ;(process as { domain?: { exit(): void } }).domain?.exit()
    handlers.get(request)!()
  })
  const application = getTestServer(functionName).listeners('request')[0] as RequestListener

  return {
    run: (request, response, handle) => {
      handlers.set(request, handle)
      // The framework answers some paths itself: /favicon.ico, /robots.txt, and paths that do not decode. The host has
      // read the path before.
      request.url = '/'
      application(request, response)
    },
  }
}
