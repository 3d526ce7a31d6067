import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventDefinition, EventOf, VigiaEvent } from '#events/event.ts'
import { type Answer, answerTo, done } from './answers.ts'
import { type DeadLetter, deadLetter } from './dead-letter.ts'
import { envOptional } from './env.ts'
import { asError, Malformed, Permanent, RetryLater } from './errors.ts'
import type { Logger } from './log.ts'
import { metricsOf } from './metrics.ts'
import { publisher } from './publish.ts'
import { bodyOf, dropBody, meansToBeAnEvent } from './request.ts'
import { traceId, traceOf } from './trace.ts'

/** What a rule gets besides the event. */
export interface Context {
  log: Logger
  /** Aborts when the sender has gone, or when the process must end before the rule has. The event will come again. */
  signal: AbortSignal
}

/** Events to publish, if any. */
// biome-ignore lint/suspicious/noConfusingVoidType: a rule that publishes nothing just ends
export type News = readonly VigiaEvent[] | void

export interface Listener {
  definition: EventDefinition
  rule(event: VigiaEvent, context: Context): Promise<News>
}

/** The rule for one type of event; the data it gets is valid. */
export const on = <Definition extends EventDefinition>(
  definition: Definition,
  rule: (event: EventOf<Definition>, context: Context) => Promise<News>,
): Listener => ({ definition, rule: rule as Listener['rule'] })

export interface RequestHead {
  method: string
  path: string
  headers: IncomingHttpHeaders
}

export interface HttpRequest extends RequestHead {
  query: URLSearchParams
  body: Buffer
}

export interface HttpAnswer {
  status: number
  headers?: Record<string, string>
  body?: string | Buffer
  /** Published before the answer is given. */
  events?: readonly VigiaEvent[]
}

/** The face of a function that people or other services call. */
export interface HttpFace {
  /** Before the body is read: a status to refuse with, or undefined. */
  admit?(request: RequestHead): number | undefined
  handle(request: HttpRequest, context: Context): Promise<HttpAnswer>
}

/** A function, as its main.ts puts it together. */
export interface Fitting {
  /** The folder's name. */
  name: string
  events?: readonly Listener[]
  http?: HttpFace
  /** What arrives at POST /dead/<trigger>. */
  deadLetters?(letter: DeadLetter, context: Context): Promise<News>
  /** Before an event's body is read: a status to refuse with, or undefined. */
  admitEvent?(headers: IncomingHttpHeaders): number | undefined
  /** Run when everything in flight is done. */
  close?: readonly (() => Promise<unknown>)[]
}

export interface FunctionHost {
  /** Resolves when requests are taken. */
  listen(port: number, address?: string): Promise<AddressInfo>
  /** Takes no more, waits for what is in flight (`patienceMs` at most) and runs the function's `close`. */
  drain(patienceMs: number): Promise<void>
  /** Logs why the process must end. */
  say(reason: unknown): Promise<void>
}

/** What is said of a request in its line of the log. */
type Notes = Record<string, unknown>
type Route = (request: HttpRequest, context: Context, notes: Notes) => Promise<HttpAnswer>

/** A function behind HTTP: reads, decodes, validates, runs the rule, publishes, and only then answers. The process is not its concern. */
export const hostOf = (
  fitting: Fitting,
  { sink = envOptional('K_SINK'), overrides = envOptional('K_CE_OVERRIDES') } = {},
): FunctionHost => {
  const { name } = fitting
  const publish = publisher(sink, name, overrides)
  const metrics = metricsOf(name)
  const listeners = new Map(fitting.events?.map(listener => [listener.definition.type, listener]))
  const routed = new WeakMap<IncomingMessage, () => void>()
  const inFlight = new Map<ServerResponse, AbortController>()
  let draining = false

  // A process is up before it has loaded what only an event needs.
  const tools = once(async () => {
    const [{ logger }, { framework }, { cloudEvent }, { validatorOf }] = await Promise.all([
      import('./log.ts'),
      import('./framework.ts'),
      import('./cloud-event.ts'),
      import('#events/validate.ts'),
    ])
    return { log: logger(name), app: framework(name, request => routed.get(request)!()), cloudEvent, validatorOf }
  })

  const decoded = async ({ headers, body }: HttpRequest, notes: Notes): Promise<VigiaEvent> => {
    const { cloudEvent } = await tools()
    const event = cloudEvent(headers, body)
    const { id, type, subject, source, traceparent = traceOf(`${source} ${id}`) } = event
    Object.assign(notes, { type, id, subject, trace: traceId(traceparent) })
    return { ...event, traceparent }
  }

  const published = async (events: News, notes: Notes): Promise<Answer> => {
    if (events?.length) {
      await publish(events)
      notes.published = events.length
    }
    return done
  }

  const anEvent: Route = async (request, context, notes) => {
    const event = await decoded(request, notes)
    const listener = listeners.get(event.type)
    if (!listener) throw new Permanent(`${name} does not handle ${event.type}`)
    const { validatorOf } = await tools()
    const valid = validatorOf(listener.definition)
    const data = event.data ?? {}
    if (!valid(data)) {
      const { instancePath, message } = valid.errors![0]!
      throw new Permanent(`${event.type} ${event.id}: data${instancePath.replaceAll('/', '.')} ${message}`)
    }
    return published(await listener.rule({ ...event, data }, context), notes)
  }

  const aLetter =
    (trigger: string): Route =>
    async (request, context, notes) => {
      notes.trigger = trigger
      const letter = deadLetter(trigger, await decoded(request, notes))
      return published(await fitting.deadLetters!(letter, context), notes)
    }

  const aRequest: Route = async (request, context, notes) => {
    Object.assign(notes, { method: request.method, path: request.path })
    const result = await fitting.http!.handle(request, context)
    await published(result.events, notes)
    return result
  }

  const run = async (route: Route, request: HttpRequest, response: ServerResponse, gone: AbortController) => {
    const { log } = await tools()
    const started = performance.now()
    const notes: Notes = {}
    let answer: HttpAnswer & { outcome?: string }
    let error: Error | undefined
    try {
      answer = await route(request, { log, signal: gone.signal }, notes)
    } catch (thrown) {
      error = asError(thrown)
      answer = answerTo(error)
    }
    send(response, answer)
    const { outcome = answer.status < 400 ? 'done' : 'refused' } = answer
    const ms = performance.now() - started
    metrics.observe({
      type: listeners.has(String(notes.type)) ? String(notes.type) : 'other',
      outcome,
      seconds: ms / 1000,
    })
    const line = { ...notes, ms: Math.round(ms * 10) / 10, status: answer.status, outcome, ...(error && { error }) }
    log[outcome === 'failed' ? 'error' : error ? 'warn' : 'info'](line, error ? error.message : 'handled')
  }

  /** Who takes the request, or why nobody does. Known before its body is read. */
  const routeOf = (head: RequestHead): Route | HttpAnswer => {
    const { method, path, headers } = head
    if (draining) return answerTo(new RetryLater(`${name} is ending`, 1))
    const trigger = /^\/dead\/([^/]+)$/.exec(path)?.[1]
    if (!meansToBeAnEvent(headers)) {
      if (!fitting.http) return method === 'POST' ? answerTo(new Malformed('not a CloudEvent')) : { status: 404 }
      const status = fitting.http.admit?.(head)
      return status === undefined ? aRequest : { status }
    }
    if (method !== 'POST') return { status: 405, headers: { allow: 'POST' } }
    const status = fitting.admitEvent?.(headers)
    if (status !== undefined) return { status }
    if (trigger === undefined) return anEvent
    return fitting.deadLetters ? aLetter(trigger) : answerTo(new Permanent(`${name} takes no dead letters`))
  }

  const front = async (request: IncomingMessage, response: ServerResponse, gone: AbortController) => {
    const { headers, method = 'GET', url = '/' } = request
    const [path = '/', search] = url.split('?', 2)
    const reading = method === 'GET' || method === 'HEAD'
    if (reading && path === '/healthz') {
      // Nobody waits any more: what the first event needs is loaded now.
      response.once('finish', () => setImmediate(tools))
      return send(response, { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' })
    }
    if (reading && path === '/metrics') {
      const { contentType, text } = await metrics.page()
      return send(response, { status: 200, headers: { 'content-type': contentType }, body: text })
    }

    const route = routeOf({ method, path, headers })
    if (typeof route !== 'function') {
      dropBody(request)
      return send(response, route)
    }
    const [body, { app }] = await Promise.all([bodyOf(request), tools()])
    if (body === undefined) return send(response, { status: 413, headers: { connection: 'close' } })
    const whole = { method, path, query: new URLSearchParams(search), headers, body }
    routed.set(request, () => void run(route, whole, response, gone))
    // The framework's router answers a path that does not decode with a page of its own; ours has been read above.
    request.url = '/'
    app(request, response)
  }

  const server = createServer((request, response) => {
    const gone = new AbortController()
    inFlight.set(response, gone)
    response.once('close', () => {
      inFlight.delete(response)
      if (!response.writableFinished) gone.abort(new Error('the sender has gone'))
    })
    front(request, response, gone).catch(async thrown => {
      const error = asError(thrown)
      // The sender went away while its body was read: nobody is there to be told.
      if (request.errored) {
        response.destroy()
        return
      }
      const { log } = await tools()
      log.error({ error }, 'the host failed')
      send(response, answerTo(error))
    })
  })
  server.requestTimeout = 30_000
  server.keepAliveTimeout = 65_000

  const send = (response: ServerResponse, { status, headers, body = '' }: HttpAnswer) => {
    if (response.headersSent || response.destroyed) return
    if (draining) response.setHeader('connection', 'close')
    response.writeHead(status, { ...headers, ...(status !== 204 && { 'content-length': Buffer.byteLength(body) }) })
    response.end(body)
  }

  return {
    listen: (port, address) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port, host: address }, () => resolve(server.address() as AddressInfo))
      }),

    drain: async patienceMs => {
      draining = true
      const closed = new Promise(resolve => server.close(resolve))
      const late = setTimeout(() => {
        for (const gone of inFlight.values()) gone.abort(new Error(`${name} must end`))
        setTimeout(() => server.closeAllConnections(), graceMs).unref()
      }, patienceMs)
      await closed
      clearTimeout(late)
      await Promise.allSettled(fitting.close?.map(close => close()) ?? [])
    },

    say: async reason => {
      const { log } = await tools()
      const error = asError(reason)
      log.fatal({ error }, error.message)
    },
  }
}

/** How long a rule has, once its signal has aborted, to leave things tidy. */
const graceMs = 1_000

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
