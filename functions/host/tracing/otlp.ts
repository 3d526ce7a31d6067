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
const intervalMs = 5_000
const timeoutMs = 10_000

/** The number that the protocol has for each kind of span. */
const kinds: Record<SpanKind, number> = { server: 2, client: 3, consumer: 5 }

/**
 * Sends spans in batches to an OTLP receiver, as JSON over HTTP, to `<endpoint>/v1/traces`. It never throws, and never
 * keeps the process alive: traces are less important than the work that they describe.
 */
export const otlpExporter = (service: { name: string; version: string }, endpoint: URL, report: Report) => {
  const url = new URL(`${endpoint.pathname.replace(/\/$/, '')}/v1/traces`, endpoint)
  const headers = { 'content-type': 'application/json' }
  let waiting: ExportedSpan[] = []
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  let isAway = false

  const post = async (spans: readonly ExportedSpan[], signal: AbortSignal) => {
    const response = await fetch(url, { method: 'POST', headers, body: redact(bodyOf(service, spans)), signal })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`it answered ${response.status}`)
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

const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error & { cause?: Error & { code?: string } }
  return cause?.code ?? cause?.message ?? message
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
