import type { IncomingHttpHeaders } from 'node:http'
import type { EventDefinition, EventOf, VigiaEvent } from '#events/event.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { Logger } from './log.ts'
import type { Publish } from './publish.ts'

/** A function, as its main.ts puts it together for the host. */
export interface FunctionDefinition {
  /** The folder's name. */
  name: string
  events?: readonly EventHandler[]
  http?: HttpHandler
  /** What arrives at POST /dead/<trigger>. */
  deadLetters?(letter: DeadLetter, context: Context): Promise<EventsToPublish>
  /** Before an event's body is read: a status to refuse with, or undefined. */
  admitEvent?(headers: IncomingHttpHeaders): number | undefined
  /** Run when everything in flight is done. */
  close?: readonly (() => Promise<unknown>)[]
}

/** What a rule gets besides the event. */
export interface Context {
  log: Logger
  /** Aborts when the sender has gone, or when the process must end before the rule has. The event will come again. */
  signal: AbortSignal
  /**
   * Publishes events now, on the connections that the host keeps to the broker. For rules that store something after the broker has
   * accepted the events; other rules return their events.
   */
  publish: Publish
}

/** Events to publish, if any. */
// biome-ignore lint/suspicious/noConfusingVoidType: a rule that publishes nothing just ends
export type EventsToPublish = readonly VigiaEvent[] | void

export interface EventHandler {
  definition: EventDefinition
  rule(event: VigiaEvent, context: Context): Promise<EventsToPublish>
}

/** The rule for one type of event; the data it gets is valid. */
export const on = <Definition extends EventDefinition>(
  definition: Definition,
  rule: (event: EventOf<Definition>, context: Context) => Promise<EventsToPublish>,
): EventHandler => ({ definition, rule: rule as EventHandler['rule'] })

/** The face of a function that people or other services call. */
export interface HttpHandler {
  /** Before the body is read: a status to refuse with, or undefined. */
  admit?(request: RequestHead): number | undefined
  handle(request: HttpRequest, context: Context): Promise<HttpResponse>
}

export interface RequestHead {
  method: string
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
  /** Published before the answer is given. */
  events?: readonly VigiaEvent[]
}
