import type { IncomingMessage, ServerResponse } from 'node:http'
import type { VigiaEvent } from '#events/event.ts'
import { validatorOf } from '#events/validate.ts'
import { parseCloudEvent } from './cloud-event.ts'
import { parseDeadLetter } from './dead-letter.ts'
import { asError, Permanent } from './errors.ts'
import type { Context, EventsToPublish, FunctionDefinition, HttpRequest, HttpResponse } from './function-definition.ts'
import { framework } from './functions-framework.ts'
import { type Logger, type LogOutput, logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Publish } from './publish.ts'
import { type EventResponse, errorResponse, noContent, publicErrorResponse, sendResponse } from './responses.ts'
import { traceIdOf, traceparentOf } from './trace.ts'

/** Who takes a request: decided by its head, before its body is read. */
export type Route = { to: 'event' } | { to: 'dead letter'; trigger: string } | { to: 'http' }

/** What is said of a request in its line of the log. */
type Notes = Record<string, unknown>

export interface RequestHandler {
  log: Logger
  /** Handles a request whose body has been read, and answers it. Never rejects. */
  handle(
    route: Route,
    request: HttpRequest,
    signal: AbortSignal,
    raw: { request: IncomingMessage; response: ServerResponse },
  ): void
}

/**
 * What happens to a request that was let in: decoded, validated, given to the rule; what the rule returns is published, and only then is
 * it answered and logged. Loaded by the first request, or before it when there is time: a process is up without this.
 */
export const createRequestHandler = (
  fitting: FunctionDefinition,
  publish: Publish,
  metrics: Metrics,
  output?: LogOutput,
): RequestHandler => {
  const { name } = fitting
  const log = logger(name, { output })
  const listeners = new Map(fitting.events?.map(listener => [listener.definition.type, listener]))
  const work = new WeakMap<IncomingMessage, () => void>()
  const app = framework(name, request => work.get(request)!())

  const decoded = ({ headers, body }: HttpRequest, notes: Notes): VigiaEvent => {
    const event = parseCloudEvent(headers, body)
    const { id, type, subject, source, traceparent = traceparentOf(`${source} ${id}`) } = event
    Object.assign(notes, { type, id, subject, trace: traceIdOf(traceparent) })
    return { ...event, traceparent }
  }

  const published = async (events: EventsToPublish, notes: Notes): Promise<EventResponse> => {
    if (events?.length) {
      await publish(
        events.map(event =>
          event.traceparent ? event : { ...event, traceparent: traceparentOf(event.causationid ?? event.id) },
        ),
      )
      notes.published = events.length
    }
    return noContent
  }

  const onEvent = async (request: HttpRequest, context: Context, notes: Notes) => {
    const event = decoded(request, notes)
    const listener = listeners.get(event.type)
    if (!listener) throw new Permanent(`${name} does not handle ${event.type}`)
    if (event.data_base64 !== undefined)
      throw new Permanent(`${event.type} ${event.id}: its data is not JSON, or nested too deep`)
    const valid = validatorOf(listener.definition)
    const data = event.data ?? {}
    if (!valid(data)) {
      const { instancePath, message } = valid.errors![0]!
      throw new Permanent(`${event.type} ${event.id}: data${instancePath.replaceAll('/', '.')} ${message}`)
    }
    return published(await listener.rule({ ...event, data }, context), notes)
  }

  const onDeadLetter = async (trigger: string, request: HttpRequest, context: Context, notes: Notes) => {
    notes.trigger = trigger
    return published(await fitting.deadLetters!(parseDeadLetter(trigger, decoded(request, notes)), context), notes)
  }

  const onRequest = async (request: HttpRequest, context: Context, notes: Notes) => {
    Object.assign(notes, { method: request.method, path: request.path })
    const answer = await fitting.http!.handle(request, context)
    await published(answer.events, notes)
    return answer
  }

  const outcomeOf = (route: Route, request: HttpRequest, context: Context, notes: Notes): Promise<HttpResponse> => {
    switch (route.to) {
      case 'event':
        return onEvent(request, context, notes)
      case 'dead letter':
        return onDeadLetter(route.trigger, request, context, notes)
      case 'http':
        return onRequest(request, context, notes)
      default:
        return route satisfies never
    }
  }

  const run = async (route: Route, request: HttpRequest, signal: AbortSignal, response: ServerResponse) => {
    const began = process.hrtime.bigint()
    const notes: Notes = {}
    let answer: HttpResponse & { outcome?: string }
    let error: Error | undefined
    try {
      answer = await outcomeOf(route, request, { log, signal, publish }, notes)
    } catch (thrown) {
      error = asError(thrown)
      answer = route.to === 'http' ? publicErrorResponse(error) : errorResponse(error)
    }
    const { status, outcome = status < 400 ? 'done' : 'refused' } = answer
    sendResponse(response, answer)
    const ms = Math.round(Number(process.hrtime.bigint() - began) / 1e4) / 100
    metrics.observe({ type: listeners.has(notes.type as string) ? (notes.type as string) : route.to, outcome, ms })
    const line = { ...notes, ms, status, outcome }
    if (!error) log.info(line, 'handled')
    else if (outcome === 'failed') log.error({ ...line, error }, error.message)
    // Said on purpose: where it was thrown is no news, what it was thrown for may be.
    else log.warn(error.cause === undefined ? line : { ...line, cause: error.cause }, error.message)
  }

  return {
    log,
    handle: (route, request, signal, raw) => {
      work.set(raw.request, () => void run(route, request, signal, raw.response))
      // Its router answers a path that does not decode with a page of its own. Ours has been read.
      raw.request.url = '/'
      app(raw.request, raw.response)
    },
  }
}
