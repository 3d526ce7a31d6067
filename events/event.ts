import type { Static, TObject } from 'typebox'

/**
 * A CloudEvent 1.0 in our functions. The attributes have the names of CloudEvents; extensions are lower case without
 * separators. The host sets `source` (`/functions/<function>`) when it publishes the event. The constructor `from` sets
 * everything else.
 */
export interface VigiaEvent<Data = unknown> {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject?: string
  /** RFC 3339, UTC. */
  readonly time: string
  readonly dataschema?: string
  /** `application/json` for our events. A dead letter keeps the content type of the failed event. */
  readonly datacontenttype?: string
  readonly data: Data
  /**
   * Base64 of data that is neither JSON nor text; `data` is then undefined. Only the dead letter of an event that Vigia
   * did not publish can have this attribute.
   */
  readonly data_base64?: string
  /** The id of the event whose handling made this event. */
  readonly causationid?: string
  /** W3C trace context, copied unchanged from the cause. */
  readonly traceparent?: string
  /**
   * The number of Vigia's events between the first cause and this event. The host refuses to publish an event above
   * `maxHops`.
   */
  readonly vigiahops: number
  /** The function that a tick of a PingSource is for. Only ticks have it. */
  readonly tick?: string
}

/**
 * The limit of `vigiahops`. We count hops ourselves, because the loop protection of Knative does not see events that a
 * function posts.
 */
export const maxHops = 16

/** The attributes that an event passes on to the events that follow from it. */
export type Cause = Pick<VigiaEvent, 'id' | 'traceparent' | 'vigiahops'>

/** The content of a new event. */
export interface NewEvent<Data> {
  /** Distinguishes several events of one type with one cause. It becomes the last part of the id. */
  key?: string
  /** What the event is about: `show/82`, `monitor/42`, `chat/7`. Printable ASCII without spaces, quotes or `%`. */
  subject: string
  data: Data
  /** The time at which the reported change happened; the present time if absent. */
  time?: Date
  /** The whole id (`shard/3@2026-11-21T12:05:20Z`), for an event whose id does not depend on its cause. */
  id?: string
}

/** The definition of an event: its names, its schema, and its constructor `from`. */
export interface EventDefinition<Schema extends TObject = TObject> {
  /** `monitor.down` */
  readonly name: string
  /** `dev.vigia.monitor.down`, or the type of Knative for ticks. */
  readonly type: string
  /** An absolute URI with the version of the schema. */
  readonly dataschema: string
  readonly schema: Schema
  /** The id of the event that follows from the event `causeId`: `<cause id>/<name>[/<key>]`. */
  idFrom(causeId: string, key?: string): string
  /** The event that follows from `cause`. Its id is `idFrom(cause.id, key)`, or `event.id` if that is set. */
  from(cause: Cause, event: NewEvent<Static<Schema>>): VigiaEvent<Static<Schema>>
}

export type DataOf<Definition extends EventDefinition> = Static<Definition['schema']>
export type EventOf<Definition extends EventDefinition> = VigiaEvent<DataOf<Definition>>

/**
 * Defines an event. The name says what happened or what is requested (`monitor.down`, `probe.requested`); `version` is
 * that of the schema.
 */
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

/** Makes the cause of an event that follows from a Telegram update or a person at a terminal, and not from an event. */
export const rootCause = (id: string, traceparent?: string): Cause => ({
  id,
  vigiahops: -1,
  ...(traceparent === undefined ? {} : { traceparent }),
})
