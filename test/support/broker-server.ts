import type { IncomingHttpHeaders } from 'node:http'
import { type Broker, type BrokerOptions, startBroker, type Trigger } from '#local/broker/broker.ts'
import type { DeliverySpec, Destination } from '#local/manifests/model.ts'
import { sendRequest, startServer } from './http.ts'

export interface ReceivedRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** The time of its arrival by `performance.now()`. */
  atMs: number
}

export interface CannedResponse {
  status?: number
  headers?: Record<string, string>
  body?: string | Buffer
}

/**
 * How the recorder responds at a path: with a response, by closing the connection, or not at all. `nth` is the number
 * of the request at this path, from 1.
 */
export type ResponseRule = (
  request: ReceivedRequest,
  nth: number,
) => CannedResponse | 'close connection' | 'no response' | Promise<CannedResponse>

/**
 * Starts an HTTP server in place of the subscribers and sinks of a test. The server records its requests, and answers
 * 204 at paths without a rule. `pathOf` can replace the path of a request.
 */
export const startRecorder = async (address?: string, pathOf = ({ path }: ReceivedRequest) => path) => {
  const all: ReceivedRequest[] = []
  const rules = new Map<string, ResponseRule>()
  const server = await startServer((incoming, response) => {
    const atMs = performance.now()
    const chunks: Buffer[] = []
    incoming.on('data', chunk => chunks.push(chunk))
    incoming.on('end', async () => {
      const request: ReceivedRequest = {
        method: incoming.method!,
        path: incoming.url!,
        headers: incoming.headers,
        body: Buffer.concat(chunks),
        atMs,
      }
      request.path = pathOf(request)
      all.push(request)
      const nth = all.filter(({ path }) => path === request.path).length
      const canned = (await rules.get(request.path)?.(request, nth)) ?? { status: 204 }
      if (canned === 'close connection') incoming.socket.destroy()
      else if (canned !== 'no response') response.writeHead(canned.status ?? 200, canned.headers).end(canned.body)
    })
  }, address)
  return {
    url: server.url,
    /** Every request, in the order of arrival. */
    all,
    /** The requests of one path. */
    received: (path: string) => all.filter(request => request.path === path),
    respond: (path: string, rule: ResponseRule) => rules.set(path, rule),
    reset: () => {
      all.length = 0
      rules.clear()
    },
    stop: server.stop,
  }
}

export type Recorder = Awaited<ReturnType<typeof startRecorder>>

/** A delivery block with short pauses. */
export const delivery = (more: Partial<DeliverySpec> = {}): DeliverySpec => ({
  retry: 0,
  backoffPolicy: 'exponential',
  backoffDelayMs: 1,
  timeoutMs: null,
  format: 'binary',
  deadLetterSink: null,
  ...more,
})

/** A Trigger that filters on one type and posts to `url`. */
export const triggerFor = (name: string, type: string, url: string, more: Partial<DeliverySpec> = {}): Trigger => ({
  name,
  filters: [{ attributes: { type } }],
  subscriber: { kind: 'url', url },
  delivery: delivery(more),
})

export const urlDestination = (url: string): Destination => ({ kind: 'url', url })

/** The headers of an event in binary mode. */
export const eventHeaders = (id: string, type: string, more: Record<string, string> = {}): Record<string, string> => ({
  'ce-specversion': '1.0',
  'ce-id': id,
  'ce-type': type,
  'ce-source': '/functions/test',
  'content-type': 'application/json',
  ...more,
})

export interface BrokerServer {
  broker: Broker
  /** URL of the ingress. */
  ingressUrl: string
  /** Posts an event of this type and returns the status. */
  post(id: string, type: string, more?: Record<string, string>, body?: string): Promise<number>
  stop(): Promise<void>
}

const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** Starts a broker and an HTTP server for its ingress. */
export const startBrokerServer = async (
  databaseUrl: string,
  triggers: readonly Trigger[],
  more: Partial<BrokerOptions> = {},
): Promise<BrokerServer> => {
  const broker = await startBroker({
    databaseUrl,
    namespace: 'vigia',
    triggers,
    resolve: destination => ({ url: (destination as { url: string }).url, function: null }),
    log: silent,
    ...more,
  })
  const server = await startServer(broker.handler)
  const ingressUrl = `${server.url}/vigia/default`
  return {
    broker,
    ingressUrl,
    post: async (id, type, headers = {}, body = '{}') =>
      (await sendRequest(ingressUrl, { headers: eventHeaders(id, type, headers), body })).status,
    stop: async () => {
      await broker.stop()
      await server.stop()
    },
  }
}
