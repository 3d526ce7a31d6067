import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { startBroker, type Trigger } from '#local/broker/broker.ts'

/** One process of the broker's benchmark: `broker.process.ts <part> <options as JSON>`. The process reports by IPC. */
const [part, options] = process.argv.slice(2)

const listen = async (listener: RequestListener): Promise<void> => {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  process.send!({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

/**
 * Answers every request with 204 and counts the requests. Answers each IPC message with the count. For each event with
 * the attribute `sentat`, sends its latency by IPC.
 */
const subscriber = async (): Promise<void> => {
  let count = 0
  process.on('message', () => process.send!({ count }))
  await listen((request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(204)
      response.end()
      count++
      const sent = request.headers['ce-sentat']
      if (sent) process.send!({ latencyMs: performance.timeOrigin + performance.now() - Number(sent) })
    })
  })
}

const broker = async ({ databaseUrl, subscriberUrl, triggers }: Record<string, string | number>): Promise<void> => {
  const trigger = (index: number): Trigger => ({
    name: `trigger-${index}`,
    filters: [{ attributes: { type: index === 0 ? 'dev.vigia.bench' : `dev.vigia.other.${index}` } }],
    subscriber: { kind: 'url', url: String(subscriberUrl) },
    delivery: {
      retry: 3,
      backoffPolicy: 'exponential',
      backoffDelayMs: 200,
      timeoutMs: 30_000,
      format: 'binary',
      deadLetterSink: null,
    },
  })
  const write = (_: object, message: string) => process.stderr.write(`${message}\n`)
  const { handler, stats } = await startBroker({
    databaseUrl: String(databaseUrl),
    namespace: 'vigia',
    triggers: Array.from({ length: Number(triggers) }, (_, index) => trigger(index)),
    resolve: () => ({ url: `${subscriberUrl}/`, function: null }),
    log: { info: write, warn: write, error: write },
  })
  process.on('message', () => process.send!({ done: stats().done }))
  await listen(handler)
}

const emptyHandler = {
  onRequestStart: () => {},
  onResponseStart: () => {},
  onResponseData: () => {},
  onResponseEnd: () => {},
  onResponseError: () => {},
}

/** Forwards each event without storing or filtering it, to show what HTTP alone costs. */
const forwarder = async ({ subscriberUrl }: Record<string, string | number>): Promise<void> => {
  const agent = new Agent()
  let done = 0
  process.on('message', () => process.send!({ done }))
  await listen((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(202)
      response.end()
      const { host: _, connection: __, ...headers } = request.headers
      const sending = { origin: String(subscriberUrl), path: '/', method: 'POST' as const, headers }
      agent.dispatch({ ...sending, body: Buffer.concat(chunks) }, { ...emptyHandler, onResponseEnd: () => done++ })
    })
  })
}

/**
 * Posts events for `durationMs` milliseconds, with up to `concurrency` requests in flight, and reports the number of
 * events.
 */
const sender = async ({ url, durationMs, concurrency, pauseMs }: Record<string, string | number>): Promise<void> => {
  const agent = new Agent()
  const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(180) }))
  const run = Math.random().toString(36).slice(2)
  let sent = 0
  const post = (id: number) =>
    new Promise<void>((resolve, reject) => {
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': `${run}/${id}`,
        'ce-type': 'dev.vigia.bench',
        'ce-source': '/functions/bench',
        'ce-subject': `monitor/${id % 1000}`,
        'ce-time': new Date().toISOString(),
        'ce-vigiahops': '0',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      }
      if (pauseMs) headers['ce-sentat'] = String(performance.timeOrigin + performance.now())
      agent.dispatch(
        { origin: String(url), path: '/vigia/default', method: 'POST', headers, body },
        {
          ...emptyHandler,
          onResponseStart: (_, status) => {
            if (status !== 202) reject(new Error(`the broker answered ${status}`))
          },
          onResponseEnd: () => resolve(),
          onResponseError: (_, error) => reject(error),
        },
      )
    })
  const since = performance.timeOrigin + performance.now()
  const end = performance.now() + Number(durationMs)
  const worker = async () => {
    while (performance.now() < end) {
      await post(sent++)
      if (pauseMs) await new Promise(resolve => setTimeout(resolve, Number(pauseMs)))
    }
  }
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: Number(concurrency) }, worker))
  const { user, system } = process.cpuUsage(before)
  process.send!({ sent: { since, count: sent, cpuMicros: user + system } })
  process.disconnect!()
}

// The benchmark has ended, so this process ends too.
process.on('disconnect', () => process.exit())

const parts = { subscriber, broker, forwarder, sender }
await parts[part as keyof typeof parts](JSON.parse(options ?? '{}'))
