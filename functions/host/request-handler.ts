import type { IncomingMessage, ServerResponse } from 'node:http'
import type { VigiaEvent } from '#events/event.ts'
import { validatorOf } from '#events/validate.ts'
import { parseCloudEvent } from './cloud-event.ts'
import { parseDeadLetter } from './dead-letter.ts'
import { asError, Permanent } from './errors.ts'
import type {
  Context,
  EventHandler,
  EventsToPublish,
  FunctionDefinition,
  HttpRequest,
  HttpResponse,
} from './function-definition.ts'
import { type LogFields, type Logger, type LogOutput, logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Publish } from './publish.ts'
import { errorResponse, noContent, publicErrorResponse, sendResponse } from './responses.ts'
import type { Route } from './route.ts'
import { spanIdOf, traceIdOf, traceparentOf } from './trace.ts'
import type { RequestResult, RequestSpan, Tracer } from './tracing/tracer.ts'

export interface RequestHandler {
  log: Logger
  /** Handles a request whose body has been read, and answers it. Rejects if functions-framework cannot be loaded. */
  handle(
    route: Route,
    request: HttpRequest,
    signal: () => AbortSignal,
    raw: { request: IncomingMessage; response: ServerResponse },
  ): Promise<void>
  /** Does the same without functions-framework. */
  handleDirectly(route: Route, request: HttpRequest, signal: () => AbortSignal, response: ServerResponse): void
}

/**
 * Handles the requests that the server accepted: decodes and validates the event, calls the rule, publishes the events
 * that the rule returns, answers, and logs. The response is sent after the events are published, so that the broker
 * repeats an event whose results were not published.
 *
 * The server loads this module after its response to the first health check, or at the first request for the function
 * if that comes earlier. So the server starts and becomes healthy without waiting for this module.
 */
export const createRequestHandler = async (
  definition: FunctionDefinition,
  {
    publish,
    metrics,
    output,
    tracer,
  }: { publish: Publish; metrics: Metrics; output?: LogOutput | undefined; tracer?: Tracer | undefined },
): Promise<RequestHandler> => {
  const { name } = definition
  const log = logger(name, { output })
  const eventHandlers = new Map(definition.events?.map(handler => [handler.definition.type, handler]))
  const loadFramework = async () => (await import('./functions-framework.ts')).functionsFramework(name)
  // The first request to a function that is direct is usually one that needs no framework, and does not wait for it.
  let framework = definition.http?.direct ? undefined : await loadFramework()

  const publishAll = async (events: EventsToPublish, fields: LogFields): Promise<void> => {
    if (!events?.length) return
    const traced = events.map(withTraceparent)
    await publish(traced, tracer?.headerFor)
    // A request that is not an event has no trace of its own: its line names the trace that it started.
    fields.trace ??= traceIdOf(traced[0]!.traceparent)
    fields.published = (fields.published ?? 0) + traced.length
  }

  const contextOf = (signal: () => AbortSignal, fields: LogFields): Context => {
    let ownLog: Logger | undefined
    return {
      // Made at the first use, because most events need no line besides the one of the host.
      get log() {
        const { id, type, trace, span } = fields
        ownLog ??= log.with({ id, type, trace, span })
        return ownLog
      },
      get signal() {
        return signal()
      },
      publish: events => publishAll(events, fields),
    }
  }

  /** Calls the rule and publishes the events that it returns. Adds to `fields` what the log line should contain. */
  const respond = async (
    route: Route,
    request: HttpRequest,
    context: Context,
    { fields, span }: Handling,
  ): Promise<HttpResponse & { outcome?: string }> => {
    switch (route.to) {
      case 'event': {
        const event = decodeEvent(request, fields, span)
        const handler = eventHandlers.get(event.type)
        if (!handler) throw new Permanent(`${name} does not handle ${event.type}`)
        const data = validData(event, handler)
        await publishAll(await handler.rule({ ...event, data }, context), fields)
        return noContent
      }
      case 'dead letter': {
        fields.trigger = route.trigger
        const letter = parseDeadLetter(route.trigger, decodeEvent(request, fields, span))
        await publishAll(await definition.deadLetters!(letter, context), fields)
        return noContent
      }
      case 'http': {
        Object.assign(fields, { method: request.method, path: request.path })
        const response = await definition.http!.handle(request, context)
        await publishAll(response.events, fields)
        return response
      }
      default:
        return route satisfies never
    }
  }

  const handle = async (route: Route, request: HttpRequest, signal: () => AbortSignal, rawResponse: ServerResponse) => {
    const startedAt = performance.now()
    const span = tracer?.begin()
    const fields: LogFields = {}
    const work = () => respond(route, request, contextOf(signal, fields), { fields, span })
    let response: HttpResponse & { outcome?: string }
    let error: Error | undefined
    try {
      response = await (span ? span.run(work) : work())
    } catch (thrown) {
      error = asError(thrown)
      response = route.to === 'http' ? publicErrorResponse(error) : errorResponse(error)
    }
    sendResponse(rawResponse, response)

    const { status, outcome = outcomeOf(status) } = response
    const ms = Math.round((performance.now() - startedAt) * 100) / 100
    metrics.observe({ type: eventHandlers.has(String(fields.type)) ? String(fields.type) : route.to, outcome, ms })
    if (span) {
      span.end(spanResult(name, fields, { status, outcome, error }))
      Object.assign(fields, { trace: span.trace, span: span.id })
    }
    const line: LogFields = { ...fields, ms, status, outcome }
    if (!error) log[response.quiet ? 'debug' : 'info'](line, 'handled')
    else if (outcome === 'failed') log.error({ ...line, error }, error.message)
    // Permanent, Conflict and RetryLater are thrown on purpose: log their cause, not their stack.
    else log.warn(error.cause === undefined ? line : { ...line, cause: error.cause }, error.message)
  }

  return {
    log,
    handle: async (route, request, signal, raw) => {
      framework ??= await loadFramework()
      framework.run(raw.request, raw.response, () => void handle(route, request, signal, raw.response))
    },
    handleDirectly: (route, request, signal, response) => void handle(route, request, signal, response),
  }
}

/** What the host records about a request while it is handled. `span` is undefined if traces are not exported. */
interface Handling {
  fields: LogFields
  span: RequestSpan | undefined
}

/** How an HTTP request ended whose rule answered with a status. */
const outcomeOf = (status: number) => (status < 400 ? 'done' : status === 503 ? 'later' : 'refused')

const spanResult = (
  name: string,
  { type, id, subject, method, path }: LogFields,
  { status, outcome, error }: { status: number; outcome: string; error: Error | undefined },
): RequestResult => ({
  name: type === undefined ? `${method} ${name}` : `process ${type}`,
  kind: type === undefined ? 'server' : 'consumer',
  // The fault of a client is not a fault of the function that answers it.
  failure: type === undefined && status < 500 ? undefined : error?.message,
  attributes: {
    'cloudevents.event_type': type,
    'cloudevents.event_id': id,
    'cloudevents.event_subject': subject,
    'http.request.method': method,
    'url.path': path,
    'http.response.status_code': status,
    'vigia.outcome': outcome,
  },
})

const decodeEvent = ({ headers, body }: HttpRequest, fields: LogFields, span: RequestSpan | undefined): VigiaEvent => {
  const event = parseCloudEvent(headers, body)
  const { id, type, subject, source, traceparent = traceparentOf(`${source} ${id}`) } = event
  Object.assign(fields, { type, id, subject, trace: traceIdOf(traceparent), span: span?.id ?? spanIdOf(traceparent) })
  span?.continue({ traceparent, isDerived: event.traceparent === undefined, origin: header(headers['ce-traceparent']) })
  return { ...event, traceparent }
}

const header = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)

/** Returns the data of an event. Throws Permanent if the data does not match the schema of the event's type. */
const validData = (event: VigiaEvent, { definition }: EventHandler): unknown => {
  if (event.data_base64 !== undefined)
    throw new Permanent(`${event.type} ${event.id}: its data is not JSON, or nested too deep`)
  const isValid = validatorOf(definition)
  const data = event.data ?? {}
  if (isValid(data)) return data
  const { instancePath, message } = isValid.errors![0]!
  throw new Permanent(`${event.type} ${event.id}: data${instancePath.replaceAll('/', '.')} ${message}`)
}

const withTraceparent = (event: VigiaEvent): VigiaEvent =>
  event.traceparent ? event : { ...event, traceparent: traceparentOf(event.causationid ?? event.id) }
