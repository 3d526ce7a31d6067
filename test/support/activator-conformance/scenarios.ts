import type { Recorder, ResponseRule } from '#test/support/broker-server.ts'
import type { TestRequest, TestResponse } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

/*
 * What a client of a function sees, as scenarios that return an outcome. test/local/activator/conformance.test.ts runs
 * them on the activator of one machine, and test/knative/activator-conformance.test.ts on Knative's activator and
 * queue-proxy.
 */

/** The limits of a function. It never has more than one process. */
export interface Limits {
  containerConcurrency: number
  timeoutSeconds: number
  responseStartTimeoutSeconds?: number
}

export const functions = {
  plain: { containerConcurrency: 0, timeoutSeconds: 60 },
  single: { containerConcurrency: 1, timeoutSeconds: 60 },
  short: { containerConcurrency: 1, timeoutSeconds: 3, responseStartTimeoutSeconds: 3 },
} satisfies Record<string, Limits>

export type FunctionName = keyof typeof functions

/** A running function with the program behaving-function.ts. */
export interface BehavingFunction {
  /** The server that the program asks whether it may start or answer. */
  recorder: Recorder
  /** Sends a request as a client does. */
  send(request: TestRequest): Promise<TestResponse>
  /** Sends a request past the activator, if the platform has a way around it; else as `send` does. */
  sendPast(request: TestRequest): Promise<TestResponse>
  /** Begins to end its process as scaling down does: the process may finish its requests. */
  retire(): Promise<void>
  /** Ends its process. Resolves when the next process has failed to start. */
  crash(): Promise<void>
}

export interface Scenario {
  title: string
  function: FunctionName
  run(one: BehavingFunction): Promise<unknown>
  outcome: unknown
}

let gates = 0
/** Requests to the function's `behaviour` that end when `open` is called. */
export const gated = ({ recorder }: BehavingFunction, behaviour = 'wait') => {
  const name = `/gate/${++gates}`
  const { promise, resolve } = Promise.withResolvers<void>()
  const rule: ResponseRule = async () => {
    await promise
    return { status: 204 }
  }
  recorder.respond(name, rule)
  return {
    request: { method: 'GET', path: `/${behaviour}/${gates}` },
    open: resolve,
    /** How many of these requests are in the function. */
    inside: () => recorder.received(name).length,
  }
}

const get = (path: string, headers: Record<string, string> = {}): TestRequest => ({ method: 'GET', path, headers })

/** The status of a response, or how it broke. */
export const statusOf = (response: Promise<TestResponse>): Promise<number | 'broken'> =>
  response.then(
    ({ status }) => status,
    () => 'broken' as const,
  )

const sent = {
  'x-mine': '1',
  'user-agent': 'a client',
  authorization: 'a',
  cookie: 'b=c',
  'x-request-id': 'r',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  te: 'trailers',
  'keep-alive': 'timeout=5',
  'proxy-authorization': 'd',
  'x-hop': '1',
  connection: 'x-hop',
}

/** The response headers that each proxy sets anew for its own connection. */
const ofTheConnection = ['connection', 'keep-alive', 'transfer-encoding', 'content-length']

/** How often each value occurs. */
const counted = (values: readonly unknown[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1
  return counts
}

/** Sends 13 requests to a function that handles one at a time, and lets them end one by one. */
const thirteen = async (one: BehavingFunction, send: BehavingFunction['send']) => {
  const { request, open, inside } = gated(one)
  const first = statusOf(send(request))
  await until(() => inside() === 1, { what: 'the first request', timeoutMs: 60_000 })
  const answers: unknown[] = []
  const others = Array.from({ length: 12 }, async () => answers.push(await statusOf(send(request))))
  // One request is in the function and ten wait for their turn. The other two are refused while the function is busy.
  const refused = await until(() => answers.length === 2 && answers.length, {
    what: 'refused',
    timeoutMs: 8_000,
  }).catch(() => answers.length)
  const together = inside()
  open()
  await Promise.all(others)
  return { together, refused, statuses: counted([await first, ...answers]) }
}

export const scenarios: Scenario[] = [
  {
    title: 'the headers of a request',
    function: 'plain',
    run: async one => {
      const { headers } = JSON.parse((await one.send(get('/headers', sent))).body) as {
        headers: Record<string, string>
      }
      const names = Object.keys(headers).filter(name => !['host', 'connection'].includes(name))
      return {
        added: names.filter(name => !(name in sent)).sort(),
        removed: Object.keys(sent).filter(name => !(name in headers) && name !== 'connection'),
        changed: names.filter(name => name in sent && sent[name as keyof typeof sent] !== headers[name]),
      }
    },
    outcome: { added: [], removed: ['te', 'keep-alive', 'proxy-authorization', 'x-hop'], changed: [] },
  },
  {
    title: 'the headers of a response',
    function: 'plain',
    run: async one =>
      Object.keys((await one.send(get('/headers'))).headers)
        .filter(name => !ofTheConnection.includes(name))
        .sort(),
    outcome: ['content-type', 'date', 'x-end'],
  },
  {
    title: 'statuses of the function',
    function: 'plain',
    run: async one => {
      const statuses = [200, 201, 204, 301, 304, 404, 418, 429, 500, 502, 503, 504]
      return await Promise.all(statuses.map(status => statusOf(one.send(get(`/status/${status}`)))))
    },
    outcome: [200, 201, 204, 301, 304, 404, 418, 429, 500, 502, 503, 504],
  },
  {
    title: 'a process that ends during a request, and the next request',
    function: 'plain',
    run: async one => {
      const broken = await statusOf(one.send(get('/exit')))
      const next = await until(async () => (await statusOf(one.send(get('/status/200')))) === 200, {
        timeoutMs: 60_000,
      })
      return { broken, next }
    },
    outcome: { broken: 502, next: true },
  },
  {
    title: '13 requests for a process that handles one at a time',
    function: 'single',
    run: one => thirteen(one, one.send),
    outcome: { together: 1, refused: 2, statuses: { 200: 11, 503: 2 } },
  },
  {
    title: '13 requests for a process that handles one at a time, past the activator',
    function: 'single',
    run: one => thirteen(one, one.sendPast),
    outcome: { together: 1, refused: 2, statuses: { 200: 11, 503: 2 } },
  },
  {
    title: 'a request that takes longer than timeoutSeconds',
    function: 'short',
    run: async one => {
      const { request, open } = gated(one)
      const status = await statusOf(one.send(request))
      open()
      return status
    },
    outcome: 504,
  },
  {
    title: 'a response that has begun when timeoutSeconds are over',
    function: 'short',
    run: async one => {
      const { request, open, inside } = gated(one, 'drip')
      const answer = one.send(request).then(
        ({ status, body }) => ({ status, body }),
        () => 'broken',
      )
      await until(() => inside() === 1, { what: 'the request', timeoutMs: 60_000 })
      const result = await answer
      open()
      return result
    },
    outcome: 'broken',
  },
  {
    title: 'a request that waits longer than timeoutSeconds for its turn',
    function: 'short',
    run: async one => {
      const { request, open } = gated(one)
      const sentAt = performance.now()
      const answers = await Promise.all(
        Array.from({ length: 2 }, async () => ({
          status: await statusOf(one.send(request)),
          ms: performance.now() - sentAt,
        })),
      )
      open()
      const [first, second] = answers.map(({ ms }) => ms).toSorted((a, b) => a - b) as [number, number]
      return {
        statuses: answers.map(({ status }) => status),
        // A timeout that begins when the turn comes ends the second request after twice the time of the first.
        timeoutBegins: second > 1.5 * first ? 'when its turn comes' : 'when it is sent',
      }
    },
    outcome: { statuses: [504, 504], timeoutBegins: 'when its turn comes' },
  },
  {
    title: 'a request in flight when the process is retired',
    function: 'plain',
    run: async one => {
      one.recorder.all.length = 0
      const { request, open, inside } = gated(one)
      const answer = statusOf(one.send(request))
      await until(() => inside() === 1, { what: 'the request', timeoutMs: 60_000 })
      const retired = one.retire()
      const next = await until(async () => (await statusOf(one.send(get('/status/200')))) === 200, {
        timeoutMs: 60_000,
      })
      const signalled = () => one.recorder.received('/sigterm').length > 0
      const tooEarly = signalled()
      open()
      const status = await answer
      await until(signalled, { what: 'SIGTERM', timeoutMs: 120_000 })
      await retired
      return { status, next, signalledBeforeTheResponse: tooEarly }
    },
    outcome: { status: 200, next: true, signalledBeforeTheResponse: false },
  },
  {
    title: 'a request while the process cannot start',
    function: 'short',
    run: async one => {
      one.recorder.respond('/start', () => ({ status: 500 }))
      await one.crash()
      const { status, headers } = await one.send(get('/status/200'))
      one.recorder.respond('/start', () => ({ status: 204 }))
      return { status, retryAfter: headers['retry-after'] ?? null }
    },
    outcome: { status: 503, retryAfter: '1' },
  },
]
