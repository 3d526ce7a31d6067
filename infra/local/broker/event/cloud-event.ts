import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { decodeHeaderText } from '#functions/host/header-text.ts'
import { absoluteUri, uriReference } from './uri-reference.ts'

/** A CloudEvent as the broker keeps it: every attribute is a string, as it is behind a hop in binary mode. */
export interface CloudEvent {
  readonly attributes: Readonly<Record<string, string>>
  /** HTTP headers that travel along with it: trace context, x-request-id and the like. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty where there is none. */
  readonly data: Buffer
  /** How many more times an answer to it may go back into the broker. */
  readonly ttl: number
}

/** JSON as Node has it; TypeScript's library does not know the way to keep numbers as they were written. */
const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
  stringify(value: unknown): string
  rawJSON(text: string): { rawJSON: string }
  isRawJSON(value: unknown): value is { rawJSON: string }
}

/** Knative's MAX_TTL: what an event starts with. */
export const firstTtl = 255

/** What a request or an answer holds: an event; nothing that wants to be one; something that cannot be read; an event nobody takes. */
export type Reading =
  | { is: 'event'; event: CloudEvent }
  | { is: 'nothing' }
  | { is: 'unreadable'; why: string }
  | { is: 'invalid'; why: string }

const unreadable = (why: string): Reading => ({ is: 'unreadable', why })
const invalid = (why: string): Reading => ({ is: 'invalid', why })

/**
 * Reads the event in an HTTP message, in binary or structured mode, version 1.0 or 0.3, as Knative's ingress does
 * (reference/knative-measured.md 1 and 6). `arrival` becomes knativearrivaltime. With a `cause` it is read as the answer to that
 * event: it has a hop less left whatever it says, and structured data without a type is text.
 */
export const readEvent = (headers: IncomingHttpHeaders, body: Buffer, arrival: Date, cause?: CloudEvent): Reading => {
  const contentType = headers['content-type'] ?? ''
  if (/^application\/cloudevents-batch/i.test(contentType)) return unreadable('batches are not taken')
  if (/^application\/cloudevents/i.test(contentType)) return structured(contentType, headers, body, arrival, cause)
  const version = headers['ce-specversion']
  if (version === '1.0' || version === '0.3') return binary(headers, body, arrival, cause)
  if (body.length === 0) return { is: 'nothing' }
  return unreadable(version === undefined ? 'ce-specversion is missing' : `specversion ${version} is not known`)
}

const binary = (headers: IncomingHttpHeaders, body: Buffer, arrival: Date, cause?: CloudEvent): Reading => {
  const attributes: Record<string, string> = {}
  for (const header in headers) {
    if (!header.startsWith('ce-')) continue
    const name = header.slice(3)
    if (!/^[a-z0-9]+$/.test(name)) return invalid(`${header} is not a valid attribute name`)
    if (name === 'datacontenttype') return invalid('datacontenttype is the header Content-Type in binary mode')
    const value = headers[header] as string
    if (beyondAscii.test(value) && !isUtf8(Buffer.from(value, 'latin1'))) return invalid(`${header} is not UTF-8`)
    attributes[name] = fromWire(value)
  }
  const contentType = headers['content-type']
  if (contentType) attributes.datacontenttype = fromWire(contentType)
  return checked(attributes, headers, body, arrival, cause)
}

const structured = (
  contentType: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
  arrival: Date,
  cause?: CloudEvent,
): Reading => {
  if (!/^application\/cloudevents\+json\s*(;|$)/i.test(contentType)) return unreadable(`${contentType} is not JSON`)
  let said: unknown
  let data: Buffer
  const attributes: Record<string, string> = {}
  try {
    said = json.parse(body.toString(), exactly)
    if (typeof said !== 'object' || said === null || Array.isArray(said)) return unreadable('no JSON object')
    const { specversion } = said as Record<string, unknown>
    if (specversion !== '1.0' && specversion !== '0.3') return unreadable('specversion is missing or not known')
    for (const [name, value] of Object.entries(said)) {
      if (name === 'data' || name === 'data_base64' || value === null) continue
      const text = attributeText(name, value)
      if (text === null) return unreadable(`attribute ${name} has a name or a value that is not allowed`)
      attributes[name.toLowerCase()] = text
    }
    const read = structuredData(said as Record<string, unknown>, attributes)
    if (read === null) return unreadable('the data cannot be read')
    data = read
  } catch {
    return unreadable('the body is not JSON')
  }
  if (cause && !attributes.datacontenttype && data.length > 0) attributes.datacontenttype = 'text/plain; charset=utf-8'
  return checked(attributes, headers, data, arrival, cause)
}

/** A reviver that keeps numbers as they were written, for JavaScript would round them. */
const exactly = (_: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value

const own = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'datacontenttype', 'schemaurl']

const attributeText = (name: string, value: unknown): string | null => {
  if (!/^[A-Za-z0-9]+$/.test(name)) return null
  if (typeof value === 'string') return value
  if (own.includes(name.toLowerCase())) return null
  if (typeof value === 'boolean') return String(value)
  // Knative makes an integer of every number: 5.5 arrives as 5.
  if (typeof value === 'number') return String(Math.trunc(value))
  return json.isRawJSON(value) ? String(Math.trunc(Number(value.rawJSON))) : null
}

const structuredData = (
  { data, data_base64 }: Record<string, unknown>,
  { specversion, datacontenttype, datacontentencoding }: Record<string, string>,
): Buffer | null => {
  if (data_base64 !== undefined && data_base64 !== null) {
    if (data !== undefined || typeof data_base64 !== 'string') return null
    return fromBase64(data_base64)
  }
  if (data === undefined) return Buffer.alloc(0)
  if (specversion === '0.3' && datacontentencoding === 'base64' && typeof data === 'string') return fromBase64(data)
  const isJson = datacontenttype === undefined || jsonType.test(datacontenttype)
  return Buffer.from(!isJson && typeof data === 'string' ? data : JSON.stringify(data))
}

const fromBase64 = (text: string): Buffer | null =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64') : null

/** JSON by its media type. */
export const jsonType = /^[\w!#$&^.+-]+\/(?:[\w!#$&^.+-]+\+)?json\s*(?:;|$)/i
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;.*)?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what CloudEvents forbids in a string, and what would break a header.
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/

/** What attributes may take in headers, percent-encoded: a server takes 16 KiB of them, and a dead letter holds 2 KiB more. */
export const maxAttributeBytes = 12 * 1024

/** The same for an id, because an event that a function makes of this one holds it twice: in its own id, and as its cause. */
export const maxIdBytes = 5_500

/** What an index entry has room for. */
export const maxKindBytes = 2_000

/** The attribute as a function reads it from its header: percent-decoded and without quotes. */
const said = (name: string, value: string): string => decodeHeaderText(name, toWire(value))

const encodedLength = (value: string): number =>
  beyondAscii.test(value) ? encodeURIComponent(value).length : value.length

const checked = (
  attributes: Record<string, string>,
  headers: IncomingHttpHeaders,
  data: Buffer,
  arrival: Date,
  cause?: CloudEvent,
): Reading => {
  for (const name of ['id', 'type', 'source'])
    if (!attributes[name] || said(name, attributes[name]) === '')
      return invalid(`attribute ${name} is missing or empty`)
  let bytes = 0
  for (const name in attributes) {
    const value = attributes[name]!
    if (controlCharacter.test(value) || controlCharacter.test(said(name, value)))
      return invalid(`attribute ${name} has a control character`)
    if (!value.isWellFormed()) return invalid(`attribute ${name} has half of a surrogate pair`)
    bytes += name.length + encodedLength(value)
  }
  if (bytes > maxAttributeBytes) return invalid(`attributes of ${bytes} bytes; ${maxAttributeBytes} are the most`)
  if (encodedLength(attributes.id!) > maxIdBytes) return invalid(`an id of more than ${maxIdBytes} bytes`)
  const kind = Buffer.byteLength(`${attributes.type}${attributes.source}${attributes.subject ?? ''}`)
  if (kind > maxKindBytes) return invalid(`type, source and subject of ${kind} bytes; ${maxKindBytes} are the most`)

  const source = uriReference(attributes.source!)
  if (source === null) return invalid(`source ${attributes.source} is not a valid URI reference`)
  attributes.source = source
  if (attributes.subject === '') delete attributes.subject
  if (attributes.time !== undefined) {
    const time = utc(attributes.time)
    if (time === null) return invalid(`time ${attributes.time} is no RFC 3339 timestamp`)
    attributes.time = time
  }
  if (attributes.datacontenttype !== undefined && !mediaType.test(attributes.datacontenttype))
    return invalid(`${attributes.datacontenttype} is not a valid media type`)
  if (attributes.dataschema === '') delete attributes.dataschema
  if (attributes.dataschema !== undefined) {
    const schema = absoluteUri(attributes.dataschema)
    if (schema === null) return invalid(`dataschema ${attributes.dataschema} is not an absolute URI`)
    attributes.dataschema = schema
  }

  const ttl = cause ? cause.ttl - 1 : hopsLeft(attributes.knativebrokerttl)
  if (ttl <= 0) return invalid('a loop: its hops are used up')
  delete attributes.knativebrokerttl
  attributes.knativearrivaltime = arrival.toISOString()
  return { is: 'event', event: { attributes, headers: passedOn(headers), data, ttl } }
}

/** The ingress takes one off; what is no number starts anew. */
const hopsLeft = (said: string | undefined): number =>
  said === undefined || !/^[+-]?\d+$/.test(said) ? firstTtl : Math.min(Number(said) - 1, firstTtl)

const timestamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** In UTC with its fraction as it was; null for what is no time or names no zone. */
const utc = (text: string): string | null => {
  const [, seconds, fraction = '', zone] = timestamp.exec(text) ?? []
  if (seconds === undefined || zone === undefined) return null
  const wall = new Date(`${seconds}Z`)
  // Date takes 31 February for 3 March.
  if (Number.isNaN(wall.getTime()) || !wall.toISOString().startsWith(seconds)) return null
  if (zone === 'Z') return text
  const instant = new Date(`${seconds}${zone}`)
  return Number.isNaN(instant.getTime()) ? null : `${instant.toISOString().slice(0, 19)}${fraction}Z`
}

const travels = /^(?:traceparent|tracestate|baggage|x-request-id|retry-after|x-b3-.+|knative-.+)$/

/** The headers of a producer that its subscribers get to see. All others end at the broker. */
export const passedOn = (headers: IncomingHttpHeaders): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const name in headers) {
    const first = name.charCodeAt(0)
    // b k r t x: cheaper than the pattern for the many others.
    if (first !== 98 && first !== 107 && first !== 114 && first !== 116 && first !== 120) continue
    if (travels.test(name)) kept[name] = fromWire(String(headers[name]))
  }
  return kept
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: "not ASCII" needs the whole range.
const beyondAscii = /[^\u0000-\u007f]/

/** Node shows each byte of a header as one character; people write UTF-8 there. */
const fromWire = (value: string): string => (beyondAscii.test(value) ? Buffer.from(value, 'latin1').toString() : value)
const toWire = (value: string): string => (beyondAscii.test(value) ? Buffer.from(value).toString('latin1') : value)

/** An event as a request: names and values in turn, and the body. `extra` are attributes only this request has. */
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

/** The same in structured mode (`delivery.format: json`). */
export const inStructuredMode = (
  event: CloudEvent,
  extra: Readonly<Record<string, string>> = {},
): { headers: string[]; body: Buffer } => {
  const headers = ['content-type', 'application/cloudevents+json']
  for (const name in event.headers) headers.push(name, toWire(event.headers[name]!))
  return { headers, body: Buffer.from(JSON.stringify({ ...inJson(event), ...extra })) }
}

/** The event in CloudEvents' JSON format; numbers in its data keep every digit when it is stringified. */
export const inJson = ({ attributes, data }: CloudEvent): Record<string, unknown> => {
  if (data.length === 0) return { ...attributes }
  const type = attributes.datacontenttype
  if (type !== undefined && !jsonType.test(type)) {
    return /^text\//i.test(type) && isUtf8Text(data)
      ? { ...attributes, data: data.toString() }
      : { ...attributes, data_base64: data.toString('base64') }
  }
  try {
    return { ...attributes, data: json.parse(data.toString(), exactly) }
  } catch {
    return { ...attributes, data_base64: data.toString('base64') }
  }
}

const isUtf8Text = (data: Buffer): boolean => Buffer.from(data.toString()).equals(data)

/** An event from its JSON form, as a dead letter keeps it: what the broker adds on the way to a sink is taken off again. */
export const fromJson = (said: Record<string, unknown>, arrival: Date): Reading => {
  const { traceparent, ...rest } = said
  for (const name of Object.keys(rest)) if (/^knative(error|brokerttl|arrivaltime)/.test(name)) delete rest[name]
  const headers = { 'content-type': 'application/cloudevents+json', ...(traceparent ? { traceparent } : {}) }
  return readEvent(
    headers as IncomingHttpHeaders,
    Buffer.from(JSON.stringify({ specversion: '1.0', ...rest })),
    arrival,
  )
}
