import { type Agent, createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FunctionDefinition } from '#functions/host/function-definition.ts'
import { createFunctionServer } from '#functions/host/server.ts'

export interface ReceivedResponse {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Sends one HTTP request to this machine, on a connection of its own or the agent's, and gives the whole answer. */
export const sendRequest = (
  port: number,
  { method = 'POST', path = '/', headers = {}, body = '' as string | Buffer, agent = false as Agent | false } = {},
): Promise<ReceivedResponse> =>
  new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, method, path, headers, agent }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      )
      response.on('error', reject)
    })
    asking.on('error', reject)
    asking.end(body)
  })

/** The headers of an event in binary mode; `attributes` without `ce-`. */
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

/** A function behind its real host, on a port of its own. */
export const startFunction = async (
  fitting: FunctionDefinition,
  options: { sink?: string; overrides?: string } = {},
) => {
  const lines: string[] = []
  const host = createFunctionServer(fitting, { ...options, output: { write: line => lines.push(line) } })
  const { port } = await host.listen(0, '127.0.0.1')
  return {
    port,
    ask: (asked: Parameters<typeof sendRequest>[1]) => sendRequest(port, asked),
    /** Posts an event in binary mode, with JSON data. */
    send: (attributes: Record<string, string>, data: unknown = {}, path = '/') =>
      sendRequest(port, { path, headers: binaryEventHeaders(attributes), body: JSON.stringify(data) }),
    /** What was logged, as it was written. */
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

/** An HTTP server that keeps what it gets; `answer` decides on the status, 202 by default. */
export const startSink = async (answer: (received: SinkRequest) => number | Promise<number> = () => 202) => {
  const received: SinkRequest[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const one = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    received.push(one)
    response.writeHead(await answer(one)).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/vigia/default`,
    received,
    closeIdle: () => server.closeIdleConnections(),
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Something that happens once, from outside: for rules that wait until the test says go. */
export const gate = () => {
  let open!: () => void
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}
