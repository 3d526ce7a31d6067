import { request as httpRequest } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { Permanent } from '#functions/host/errors.ts'
import { type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { binaryEventHeaders, startFunction, startSink } from '#test/support/function-server.ts'
import { startServer } from '#test/support/http.ts'
import { type ReceivedSpan, startOtlpReceiver } from '#test/support/otlp-receiver.ts'
import { follow, followed } from './support.ts'

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const [, parentTrace, parentSpan] = parent.split('-')
const token = `123456789:${'A'.repeat(35)}`

/** Calls a path of a server as a client of Telegram does, and reads the response. */
const callTelegram = (url: string, method: string) =>
  new Promise<void>((resolve, reject) => {
    httpRequest(`${url}/bot${token}/${method}`, { method: 'POST' }, response => {
      response.resume().on('end', resolve)
    })
      .on('error', reject)
      .end()
  })

/** A function that calls Telegram and publishes an event that follows from its event. */
const calling = (telegram: string): FunctionDefinition => ({
  name: 'caller',
  events: [
    on(Tick, async event => {
      await callTelegram(telegram, 'sendMessage')
      return [SeriesFollowed.from(event, { subject: 'show/82', data: follow })]
    }),
    on(SeriesFollowed, async () => {
      throw new Permanent('no wording for it')
    }),
  ],
  http: {
    handle: async () => {
      await callTelegram(telegram, 'getMe')
      return {
        status: 200,
        events: [SeriesFollowed.from({ id: 'tg/1', vigiahops: -1 }, { subject: 'show/82', data: follow })],
      }
    },
  },
})

const startTelegram = () => startServer((_, response) => response.writeHead(200).end('{}'))

/** Runs `work` with a function that exports its traces. Returns what was exported until the function had ended. */
const traced = async (
  work: (function_: Awaited<ReturnType<typeof startFunction>>) => Promise<unknown>,
): Promise<{ spans: ReceivedSpan[]; published: Record<string, unknown>[]; lines: Record<string, unknown>[] }> => {
  const receiver = await startOtlpReceiver()
  const telegram = await startTelegram()
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url
  try {
    await using sink = await startSink()
    const function_ = await startFunction(calling(telegram.url), { sink: sink.url })
    await work(function_)
    await function_.host.drain(0)
    expect(receiver.bodies.join()).not.toContain('AAAAA')
    return { spans: receiver.spans, published: sink.received.map(({ headers }) => headers), lines: function_.logged() }
  } finally {
    await receiver.stop()
    await telegram.stop()
  }
}
afterEach(() => {
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT
})

describe('a function that exports traces', () => {
  test('has a span for an event, whose parent is in the header, and one for each call that it makes meanwhile', async () => {
    const { spans, published, lines } = await traced(async ({ request }) => {
      const headers = { ...binaryEventHeaders({ type: Tick.type, id: 't1' }), traceparent: parent }
      expect(await request({ headers, body: '{}' })).toMatchObject({ status: 204 })
    })
    const [event] = spans.filter(({ kind }) => kind === 5)
    expect(event).toMatchObject({
      ...{ traceId: parentTrace, parentSpanId: parentSpan, name: `process ${Tick.type}`, service: 'caller' },
      attributes: { 'cloudevents.event_id': 't1', 'http.response.status_code': '204', 'vigia.outcome': 'done' },
      status: {},
    })
    const calls = spans.filter(({ kind }) => kind === 3)
    expect(calls.map(({ name, parentSpanId, traceId }) => [name, parentSpanId, traceId])).toEqual([
      ['POST sendMessage', event!.spanId, parentTrace],
      [expect.stringMatching(/^POST 127\.0\.0\.1:\d+$/), event!.spanId, parentTrace],
    ])
    expect(calls[0]!.attributes['url.full']).toMatch(/\/bot\[redacted\]\/sendMessage$/)
    for (const { startTimeUnixNano, endTimeUnixNano } of spans)
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano))
    // The header traceparent of the published event names the span. The extension traceparent of that event has the
    // value of the event that caused it.
    expect(published[0]).toMatchObject({
      traceparent: `00-${parentTrace}-${event!.spanId}-01`,
      'ce-traceparent': parent,
    })
    expect(lines).toMatchObject([{ 'trace.id': parentTrace, 'span.id': event!.spanId }])
  })

  test('has one trace for an HTTP request, its calls and the events that follow from it', async () => {
    const { spans, published, lines } = await traced(async ({ request }) => {
      expect(await request({ body: '{}' })).toMatchObject({ status: 200 })
    })
    const [server] = spans.filter(({ kind }) => kind === 2)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(server).toMatchObject({ name: 'POST caller' })
    expect(server).not.toHaveProperty('parentSpanId')
    expect(spans.map(({ name }) => name)).toContain('POST getMe')
    expect(published[0]).toMatchObject({ traceparent: `00-${server!.traceId}-${server!.spanId}-01` })
    expect(lines).toMatchObject([{ 'trace.id': server!.traceId, 'span.id': server!.spanId }])
  })

  test('links to the origin of an event that belongs to another trace, and marks a failure as an error', async () => {
    const { spans } = await traced(async ({ request }) => {
      const origin = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
      const headers = { ...binaryEventHeaders({ ...followed, traceparent: origin }), traceparent: parent }
      expect(await request({ headers, body: JSON.stringify(follow) })).toMatchObject({ status: 422 })
    })
    expect(spans).toMatchObject([
      {
        traceId: parentTrace,
        links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }],
        status: { code: 2, message: 'no wording for it' },
      },
    ])
  })

  test('exports nothing of a trace that is not recorded, and marks its events as not recorded', async () => {
    const unrecorded = parent.replace(/01$/, '00')
    const { spans, published } = await traced(({ request }) =>
      request({ headers: { ...binaryEventHeaders({ type: Tick.type }), traceparent: unrecorded }, body: '{}' }),
    )
    expect(spans).toEqual([])
    expect(published[0]!.traceparent).toMatch(new RegExp(`^00-${parentTrace}-[0-9a-f]{16}-00$`))
  })
})

describe('a receiver', () => {
  /** Handles ticks while the receiver has this address. Returns the log lines other than those about the ticks. */
  const handleTicks = async (endpoint: string, ticks: number) => {
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint
    const telegram = await startTelegram()
    await using sink = await startSink()
    const function_ = await startFunction(calling(telegram.url), { sink: sink.url })
    for (let tick = 0; tick < ticks; tick++)
      expect(await function_.send({ type: Tick.type, id: `t${tick}` })).toMatchObject({ status: 204 })
    await function_.host.drain(0)
    await telegram.stop()
    expect(sink.received).toHaveLength(ticks)
    return function_.logged().filter(line => line.message !== 'handled')
  }

  test('that cannot be reached costs one log line; every event is handled', async () => {
    const closed = await startOtlpReceiver()
    await closed.stop()
    expect(await handleTicks(closed.url, 20)).toMatchObject([
      {
        'log.level': 'warn',
        message: `traces cannot be exported to ${closed.url}: ECONNREFUSED; the next export sends them again`,
      },
    ])
  })

  test('that refuses the spans costs one log line', async () => {
    const receiver = await startOtlpReceiver(() => 503)
    const lines = await handleTicks(receiver.url, 2)
    await receiver.stop()
    expect(lines).toMatchObject([{ message: expect.stringContaining('it answered 503') }])
  })

  test('whose address is not a URL costs one log line', async () => {
    expect(await handleTicks('collector:4318', 1)).toMatchObject([
      { message: 'OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4318"; it must be a URL. No traces are exported.' },
    ])
  })
})
