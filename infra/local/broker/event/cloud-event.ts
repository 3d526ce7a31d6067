import { exactJson, keepNumbers } from './exact-json.ts'
import { toWire } from './header-value.ts'

/** A CloudEvent as the broker stores it. Every attribute is a string, as it is after a hop in binary mode. */
export interface CloudEvent {
  readonly attributes: Readonly<Record<string, string>>
  /** HTTP headers that are passed on to subscribers: trace context, x-request-id and similar ones. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty when the event has no data. */
  readonly data: Buffer
  /** `knativebrokerttl`. A reply has one less than the event that it answers; a reply with 0 is refused. */
  readonly ttl: number
}

/** Knative's MAX_TTL, the value that a new event starts with. */
export const firstTtl = 255

/** Matches a media type that is JSON. */
export const jsonMediaType = /^[\w!#$&^.+-]+\/(?:[\w!#$&^.+-]+\+)?json\s*(?:;|$)/i

/**
 * The event as an HTTP request: its headers (names and values alternate) and its body. `extra` has attributes that are
 * added to this request only.
 */
export const inBinaryMode = (
  { attributes, headers, data }: CloudEvent,
  extra: Readonly<Record<string, string>> = {},
): { headers: string[]; body: Buffer } => {
  const wire: string[] = []
  for (const name in attributes) {
    if (name === 'datacontenttype') wire.push('content-type', toWire(attributes[name]!))
    else wire.push(`ce-${name}`, toWire(attributes[name]!))
  }
  for (const name in extra) wire.push(`ce-${name}`, toWire(extra[name]!))
  for (const name in headers) wire.push(name, toWire(headers[name]!))
  return { headers: wire, body: data }
}

/** The event as an HTTP request in structured mode (`delivery.format: json`). */
export const inStructuredMode = (
  event: CloudEvent,
  extra: Readonly<Record<string, string>> = {},
): { headers: string[]; body: Buffer } => {
  const headers = ['content-type', 'application/cloudevents+json']
  for (const name in event.headers) headers.push(name, toWire(event.headers[name]!))
  return { headers, body: Buffer.from(JSON.stringify({ ...inJson(event), ...extra })) }
}

/** The event in CloudEvents' JSON format. Numbers in its data keep every digit when the result is stringified. */
export const inJson = ({ attributes, data }: CloudEvent): Record<string, unknown> => {
  if (data.length === 0) return { ...attributes }
  const type = attributes.datacontenttype
  if (type !== undefined && !jsonMediaType.test(type)) {
    return /^text\//i.test(type) && isUtf8Text(data)
      ? { ...attributes, data: data.toString() }
      : { ...attributes, data_base64: data.toString('base64') }
  }
  try {
    return { ...attributes, data: exactJson.parse(data.toString(), keepNumbers) }
  } catch {
    return { ...attributes, data_base64: data.toString('base64') }
  }
}

const isUtf8Text = (data: Buffer): boolean => Buffer.from(data.toString()).equals(data)
