import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { http } from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'

/**
 * The functions framework's app around `handle`, as a listener for a server of ours. Its own server would end the process on
 * SIGTERM with requests in flight, answer other people's requests when a promise fails, and take bodies of 1 GiB; only the
 * package's `testing` export gives the app without that. Bodies have been read before: its parsers leave a finished request alone.
 */
export const framework = (
  name: string,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): RequestListener => {
  http(name, (request, response) => {
    // It runs us inside of a node:domain, which would swallow errors of connections that outlive the request. We step out.
    ;(process as { domain?: { exit(): void } }).domain?.exit()
    handle(request, response)
  })
  const server: Server = getTestServer(name)
  return server.listeners('request')[0] as RequestListener
}
