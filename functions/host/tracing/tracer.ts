import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { VigiaEvent } from '#events/event.ts'
import { spanIdOf, traceIdOf } from '../trace.ts'
import { recordHttpCalls } from './http-calls.ts'
import { type ExportedSpan, otlpExporter, type Report } from './otlp.ts'

/** The work on one request or event, and the trace that it belongs to. */
interface Scope {
  /**
   * The trace id. It is undefined until it is decided: for an event, when the event has been decoded; for an HTTP
   * request, when the first event is published or when the request has been handled.
   */
  trace: string | undefined
  readonly span: string
  parent: string | undefined
  isSampled: boolean
  /** Calls that ended before the trace was decided. */
  waiting: ((trace: string) => void)[]
}

/** What is known about a request when it has been handled. */
export type RequestResult = Pick<ExportedSpan, 'name' | 'kind' | 'failure' | 'attributes'>

/** The span of one request or event, while it is handled. */
export interface RequestSpan {
  readonly id: string
  /** Undefined until the trace is decided. */
  readonly trace: string | undefined
  /** Runs the handling; everything that is called in it belongs to the span. */
  run<T>(work: () => T): T
  /**
   * Continues the trace of an event. `traceparent` is that of the event, or, if `isDerived`, one that the host has
   * derived from the event's source and id. A derived traceparent names a span that does not exist. `origin` is the
   * event's extension traceparent.
   */
  continue(event: { traceparent: string; isDerived: boolean; origin: string | undefined }): void
  end(result: RequestResult): void
}

export interface Tracer {
  begin(): RequestSpan
  /** The header traceparent of an event that is published now: the span that is running is the parent. */
  headerFor(event: VigiaEvent): string | undefined
  /** Sends what was recorded, within `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
}

const newSpanId = () => randomBytes(8).toString('hex')

/**
 * Records a span for each request or event, and for each HTTP call that is made while it is handled, and exports them
 * by OTLP/HTTP. Checks of monitors make no spans, because they do not use node:http.
 */
export const createTracer = (service: { name: string; version: string }, endpoint: URL, report: Report): Tracer => {
  const exporter = otlpExporter(service, endpoint, report)
  const scopes = new AsyncLocalStorage<Scope>()
  // The call that exports spans belongs to none of them.
  const add = (span: ExportedSpan) => scopes.exit(() => exporter.add(span))

  recordHttpCalls(call => {
    const scope = scopes.getStore()
    if (!scope?.isSampled) return undefined
    const span = newSpanId()
    return end => {
      const addTo = (trace: string) => add({ ...call, ...end, kind: 'client', trace, span, parent: scope.span })
      if (scope.trace === undefined) scope.waiting.push(addTo)
      else addTo(scope.trace)
    }
  })

  const decide = (scope: Scope, trace: string) => {
    scope.trace = trace
    for (const addTo of scope.waiting.splice(0)) addTo(trace)
  }

  return {
    begin: () => {
      const scope: Scope = { trace: undefined, span: newSpanId(), parent: undefined, isSampled: true, waiting: [] }
      const startedAt = performance.timeOrigin + performance.now()
      let links: ExportedSpan['links'] = []
      return {
        id: scope.span,
        get trace() {
          return scope.trace
        },
        run: work => scopes.run(scope, work),
        continue: ({ traceparent, isDerived, origin }) => {
          const trace = traceIdOf(traceparent)
          if (trace === undefined) return
          if (!isDerived) scope.parent = spanIdOf(traceparent)
          // The last bit of the flags says whether the sender of the event records the trace.
          scope.isSampled = (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1
          const [originTrace, originSpan] = [traceIdOf(origin), spanIdOf(origin)]
          if (originTrace !== undefined && originSpan !== undefined && originTrace !== trace)
            links = [{ trace: originTrace, span: originSpan }]
          decide(scope, trace)
        },
        end: result => {
          if (scope.trace === undefined) decide(scope, randomBytes(16).toString('hex'))
          if (!scope.isSampled) return
          const endedAt = performance.timeOrigin + performance.now()
          const { span, parent } = scope
          add({ ...result, trace: scope.trace!, span, parent, links, startedAt, endedAt })
        },
      }
    },

    headerFor: ({ traceparent }) => {
      const scope = scopes.getStore()
      const trace = traceIdOf(traceparent)
      if (scope === undefined || trace === undefined) return traceparent
      if (scope.trace === undefined) decide(scope, trace)
      // An event that continues another trace, such as that of a message in the outbox, keeps its traceparent.
      return trace === scope.trace ? `00-${trace}-${scope.span}-${scope.isSampled ? '01' : '00'}` : traceparent
    },

    flush: timeoutMs => scopes.exit(() => exporter.flush(timeoutMs)),
  }
}
