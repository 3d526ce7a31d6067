import type { RequestOptions } from 'node:http'
import { connectAddress } from '../connect-address.ts'
import { redact } from '../redact.ts'

export type SpanKind = 'server' | 'client' | 'consumer'

/** A span that has ended. Times are milliseconds since 1970. */
export interface ExportedSpan {
  trace: string
  span: string
  parent?: string | undefined
  name: string
  kind: SpanKind
  startedAt: number
  endedAt: number
  attributes: Readonly<Record<string, string | number | undefined>>
  links?: readonly { trace: string; span: string }[] | undefined
  /** Why the work failed; undefined if it did not. */
  failure?: string | undefined
}

/** Gets one line when the receiver becomes unavailable, and one when it is available again. */
export type Report = (text: string) => void

/** The maximum number of spans that wait to be sent. Further spans are dropped, until waiting spans have been sent. */
const maxWaiting = 2_048
const batchSize = 512
/** Each export takes about 3 ms of CPU time, so a shorter interval would cost more than the recording of the spans. */
const intervalMs = 15_000
const timeoutMs = 10_000

/** The number that the protocol has for each kind of span. */
const kinds: Record<SpanKind, number> = { server: 2, client: 3, consumer: 5 }

/**
 * Sends spans in batches to an OTLP receiver, as JSON over HTTP, to `<endpoint>/v1/traces`. It never throws, and never
 * keeps the process alive: traces are less important than the work that they describe.
 */
export const otlpExporter = (service: { name: string; version: string }, endpoint: URL, report: Report) => {
  const url = new URL(`${endpoint.pathname.replace(/\/$/, '')}/v1/traces`, endpoint)
  let poster: Promise<Post> | undefined
  let waiting: ExportedSpan[] = []
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  let isAway = false

  const post = async (spans: readonly ExportedSpan[], signal: AbortSignal) => {
    poster ??= createPost(url)
    const status = await (await poster)(redact(bodyOf(service, spans)), signal)
    if (status < 200 || status >= 300) throw new Error(`it answered ${status}`)
  }

  /** Sends all spans that wait. After a failure, the spans wait for the next call. */
  const sendAll = async (signal: AbortSignal) => {
    while (waiting.length > 0 && !signal.aborted) {
      const batch = waiting.splice(0, batchSize)
      try {
        await post(batch, signal)
        if (isAway) report(`traces are exported to ${url.origin} again`)
        isAway = false
      } catch (error) {
        if (!isAway)
          report(`traces cannot be exported to ${url.origin}: ${reasonOf(error)}; the next export sends them again`)
        isAway = true
        waiting = [...batch, ...waiting].slice(0, maxWaiting)
        return
      }
    }
  }

  const send = (limitMs: number): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    sending ??= sendAll(AbortSignal.timeout(limitMs)).finally(() => {
      sending = undefined
      if (waiting.length > 0) schedule()
    })
    return sending
  }

  const schedule = () => {
    timer ??= setTimeout(() => void send(timeoutMs), intervalMs).unref()
  }

  return {
    add: (span: ExportedSpan): void => {
      if (waiting.length < maxWaiting) waiting.push(span)
      if (waiting.length >= batchSize && !isAway) void send(timeoutMs)
      else schedule()
    },

    /** Sends what waits, before the process ends. */
    flush: async (limitMs: number): Promise<void> => {
      await sending
      await send(limitMs)
    },
  }
}

/** Posts JSON and returns the status of the response. */
type Post = (body: string, signal: AbortSignal) => Promise<number>

/** Uses node:http, because `fetch` takes about 130 ms of CPU time when it is loaded, and 8 ms for each call. */
const createPost = async (url: URL): Promise<Post> => {
  const { Agent, request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const target: RequestOptions = {
    ...connectAddress(url),
    path: url.pathname + url.search,
    method: 'POST',
    agent: new Agent({ keepAlive: true }),
  }
  return (body, signal) =>
    new Promise((resolve, reject) => {
      const headers = {
        host: url.host,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      }
      const outgoing = request({ ...target, headers, signal }, response => {
        response.on('end', () => resolve(response.statusCode!))
        response.on('error', reject)
        response.resume()
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
}

const reasonOf = (error: unknown): string => {
  const { message, code, cause } = error as Error & { code?: string }
  // An aborted request has the reason of its signal as the cause.
  if (cause instanceof Error) return cause.message
  return code ?? message
}

const attributesOf = (values: ExportedSpan['attributes']) =>
  Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return []
    return [
      { key, value: typeof value === 'number' ? { intValue: String(Math.round(value)) } : { stringValue: value } },
    ]
  })

const nanoseconds = (ms: number) => String(BigInt(Math.round(ms * 1_000)) * 1_000n)

const bodyOf = ({ name, version }: { name: string; version: string }, spans: readonly ExportedSpan[]): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': name, 'service.version': version }) },
        scopeSpans: [{ scope: { name: 'vigia' }, spans: spans.map(otlpSpan) }],
      },
    ],
  })

const otlpSpan = ({
  trace,
  span,
  parent,
  name,
  kind,
  startedAt,
  endedAt,
  attributes,
  links,
  failure,
}: ExportedSpan) => ({
  traceId: trace,
  spanId: span,
  ...(parent === undefined ? {} : { parentSpanId: parent }),
  name,
  kind: kinds[kind],
  startTimeUnixNano: nanoseconds(startedAt),
  endTimeUnixNano: nanoseconds(Math.max(startedAt, endedAt)),
  attributes: attributesOf(attributes),
  ...(links?.length ? { links: links.map(link => ({ traceId: link.trace, spanId: link.span })) } : {}),
  // 2 is the protocol's number for an error.
  status: failure === undefined ? {} : { code: 2, message: failure },
})
