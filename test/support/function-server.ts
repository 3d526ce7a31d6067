import type { IncomingHttpHeaders } from 'node:http'
import type { FunctionDefinition } from '#functions/host/function-definition.ts'
import { createFunctionServer } from '#functions/host/server.ts'
import { sendRequest, startServer, type TestRequest } from './http.ts'

/** The headers of an event in binary mode; the names in `attributes` have no `ce-` prefix. */
export const binaryEventHeaders = (
  attributes: Record<string, string>,
  contentType = 'application/json',
): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries({ specversion: '1.0', id: 'e1', source: '/test', ...attributes }).map(([name, value]) => [
      `ce-${name}`,
      value,
    ]),
  ),
  ...(contentType && { 'content-type': contentType }),
})

/** Starts a function on its real server, on a free port, and records its log lines. */
export const startFunction = async (
  definition: FunctionDefinition,
  options: { sink?: string; overrides?: string } = {},
) => {
  const lines: string[] = []
  const host = createFunctionServer(definition, { ...options, output: { write: line => lines.push(line) } })
  const { port } = await host.listen(0, '127.0.0.1')
  return {
    port,
    request: (request?: TestRequest) => sendRequest(port, request),
    /** Posts an event in binary mode with JSON data. */
    send: (attributes: Record<string, string>, data: unknown = {}, path = '/') =>
      sendRequest(port, { path, headers: binaryEventHeaders(attributes), body: JSON.stringify(data) }),
    /** The log lines as the function wrote them. */
    lines,
    logged: (): Record<string, unknown>[] => lines.map(line => JSON.parse(line)),
    host,
    [Symbol.asyncDispose]: () => host.drain(0),
  }
}

export interface SinkRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/**
 * Starts a sink: an HTTP server that records its requests. `statusFor` gives each response's status, 202 by default.
 */
export const startSink = async (statusFor: (request: SinkRequest) => number | Promise<number> = () => 202) => {
  const received: SinkRequest[] = []
  const { server, port, url, stop } = await startServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method = '', url: path = '', headers } = incoming
    const request = { method, path, headers, body: Buffer.concat(chunks).toString() }
    received.push(request)
    response.writeHead(await statusFor(request)).end()
  })
  return {
    port,
    url: `${url}/vigia/default`,
    received,
    closeIdle: () => server.closeIdleConnections(),
    [Symbol.asyncDispose]: stop,
  }
}

/** A promise that the test resolves by calling `open`, for rules that wait until the test lets them continue. */
export const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
