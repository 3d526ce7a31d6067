import type { IncomingHttpHeaders } from 'node:http'
import type { EventDefinition, EventOf, VigiaEvent } from '#events/event.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { Logger } from './log.ts'
import type { Publish } from './publish.ts'

/** A function as its main.ts declares it: what it handles, and what to close at the end. */
export interface FunctionDefinition {
  /** The name of the function's folder. */
  name: string
  events?: readonly EventHandler[]
  http?: HttpHandler
  /** Handles dead letters, which arrive at POST /dead/<trigger>. */
  deadLetters?(letter: DeadLetter, context: Context): Promise<EventsToPublish>
  /**
   * Checks the headers of an event before its body is read. Returns a status to refuse the event with, or undefined.
   */
  admitEvent?(headers: IncomingHttpHeaders): number | undefined
  /**
   * Metrics that `/metrics` has besides those of the process, in Prometheus' text format. Called at the first scrape;
   * the function that it returns is called at every scrape and should not reject.
   */
  metrics?(log: Logger): () => Promise<string>
  /** Called when the process ends and no request is in flight. */
  close?: readonly (() => Promise<unknown>)[]
}

/** What the host passes to a rule besides the event or the request. */
export interface Context {
  /** Its lines name the event that is handled and its trace. */
  log: Logger
  /**
   * Aborts when the sender has closed the connection, or when the process must end before the rule has finished. The
   * broker then delivers the event again.
   */
  signal: AbortSignal
  /**
   * Publishes events before the rule returns, on the connections that the host keeps open to the broker. It is meant
   * for rules that store something after the broker has accepted the events; other rules return their events.
   */
  publish: Publish
}

/** The events that a rule returns. The host publishes them before it answers. */
// biome-ignore lint/suspicious/noConfusingVoidType: a rule that publishes nothing returns nothing
export type EventsToPublish = readonly VigiaEvent[] | void

export interface EventHandler {
  definition: EventDefinition
  rule(event: VigiaEvent, context: Context): Promise<EventsToPublish>
}

/** Declares the rule for one type of event. The host validates the data before it calls the rule. */
export const on = <Definition extends EventDefinition>(
  definition: Definition,
  rule: (event: EventOf<Definition>, context: Context) => Promise<EventsToPublish>,
): EventHandler => ({ definition, rule: rule as EventHandler['rule'] })

/** Handles HTTP requests that are not events: from people, or from other services. */
export interface HttpHandler {
  /** Checks a request before its body is read. Returns a status or a response to refuse it with, or undefined. */
  admit?(request: RequestHead): number | HttpResponse | undefined
  handle(request: HttpRequest, context: Context): Promise<HttpResponse>
  /**
   * The bytes of a body that the rule gets; the rest of a longer body is read and discarded. Without it, the rule gets
   * the whole body. Set it where anyone may send bodies, because the bodies of all requests in flight are in memory.
   */
  keptBodyBytes?: number
  /**
   * Handles requests without a body without functions-framework, whose application takes more time than a small rule,
   * and stops reading while too many of them have no response (read-gate.ts). Set it where floods of small requests are
   * usual; the rule must answer them within 15 seconds. The first such request does not wait for the framework either.
   */
  direct?: boolean
}

export interface RequestHead {
  method: string
  /** The path of the URL, without the query. */
  path: string
  headers: IncomingHttpHeaders
}

export interface HttpRequest extends RequestHead {
  query: URLSearchParams
  body: Buffer
}

export interface HttpResponse {
  status: number
  headers?: Record<string, string>
  body?: string | Buffer
  /** The log has a line about the response only at the level debug: anyone can cause any number of such responses. */
  quiet?: boolean
  /** The host publishes these events before it sends the response. */
  events?: readonly VigiaEvent[]
}
