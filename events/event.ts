import type { Static, TObject } from 'typebox'

/**
 * A CloudEvent 1.0 as our functions see it. Attribute names are CloudEvents'; extensions are lower case without separators.
 * `source` is written by the host when it publishes (`/functions/<function>`); everything else is decided by the constructor.
 */
export interface VigiaEvent<Data = unknown> {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject?: string
  /** RFC 3339, UTC. */
  readonly time: string
  readonly dataschema?: string
  /** `application/json` for all of ours; as it came for dead letters. */
  readonly datacontenttype?: string
  readonly data: Data
  /** Base64 of bytes that are neither JSON nor text, and `data` is then undefined. Only dead letters of others' events have it. */
  readonly data_base64?: string
  /** The id of the event that was being handled when this one was made. */
  readonly causationid?: string
  /** W3C trace context, carried along unchanged. */
  readonly traceparent?: string
  /** How many of our events lie between this one and the first cause. The host refuses to publish beyond MAX_HOPS. */
  readonly vigiahops: number
  /** Which function a PingSource's tick is for; only ticks have it. */
  readonly tick?: string
}

/** Knative's own loop protection does not see events that a function posts, so we count hops ourselves. */
export const maxHops = 16

/** What a new event needs to know of the event that caused it. */
export type Cause = Pick<VigiaEvent, 'id' | 'traceparent' | 'vigiahops'>

/** What is said when an event is made while another is handled. */
export interface NewEvent<Data> {
  /** Tells apart several events of one type with one cause; becomes the last part of the id. */
  key?: string
  /** What the event is about: `show/82`, `monitor/42`, `chat/7`. Printable ASCII without spaces, quotes or `%`. */
  subject: string
  data: Data
  /** When it happened, if not now. */
  time?: Date
  /** The whole id, for events that are the same however often they are found (`monitor/42@2026-11-21T12:05:20Z`). */
  id?: string
}

export interface EventDefinition<Schema extends TObject = TObject> {
  /** `monitor.down` */
  readonly name: string
  /** `dev.vigia.monitor.down`, or Knative's own type for ticks. */
  readonly type: string
  /** Absolute URI that names the version of the schema. */
  readonly dataschema: string
  readonly schema: Schema
  /** The id of the event that follows from the event `causeId`: `<cause id>/<name>[/<key>]`. */
  idFrom(causeId: string, key?: string): string
  /** The event that follows from `cause`. Its id is `idFrom(cause.id, key)`, or the `id` that is given. */
  from(cause: Cause, event: NewEvent<Static<Schema>>): VigiaEvent<Static<Schema>>
}

export type DataOf<Definition extends EventDefinition> = Static<Definition['schema']>
export type EventOf<Definition extends EventDefinition> = VigiaEvent<DataOf<Definition>>

/** Defines one of our events: `name` in the past tense or as a demand, `version` of its schema, and the schema itself. */
export const defineEvent = <Schema extends TObject>(
  name: string,
  version: number,
  schema: Schema,
): EventDefinition<Schema> => {
  const type = `dev.vigia.${name}`
  const dataschema = `https://vigia.dev/events/${name}/v${version}`
  const idFrom = (causeId: string, key?: string) => [causeId, name, ...(key === undefined ? [] : [key])].join('/')
  return {
    name,
    type,
    dataschema,
    schema,
    idFrom,
    from: (cause, { id, key, subject, data, time }) => ({
      id: id ?? idFrom(cause.id, key),
      type,
      source: '',
      subject,
      time: (time ?? new Date()).toISOString(),
      dataschema,
      datacontenttype: 'application/json',
      data,
      causationid: cause.id,
      ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
      vigiahops: cause.vigiahops + 1,
    }),
  }
}

/** A cause for events that begin with something that is no event: a Telegram update, a person at a terminal. */
export const rootCause = (id: string, traceparent?: string): Cause => ({
  id,
  vigiahops: -1,
  ...(traceparent === undefined ? {} : { traceparent }),
})
