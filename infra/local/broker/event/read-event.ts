import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { type CloudEvent, firstTtl, jsonMediaType } from './cloud-event.ts'
import { normalisedAttributes } from './event-attributes.ts'
import { exactJson, keepNumbers } from './exact-json.ts'
import { fromWire, isAscii } from './header-value.ts'

/**
 * What was read from an HTTP message. `empty`: it has neither an event nor a body. `unreadable`: it cannot be read as
 * an event. `invalid`: it is an event that the ingress refuses.
 */
export type ReadResult =
  | { kind: 'event'; event: CloudEvent }
  | { kind: 'empty' }
  | { kind: 'unreadable'; why: string }
  | { kind: 'invalid'; why: string }

const unreadable = (why: string): ReadResult => ({ kind: 'unreadable', why })
const invalid = (why: string): ReadResult => ({ kind: 'invalid', why })

/**
 * Reads the event in an HTTP message, in binary or structured mode, version 1.0 or 0.3, as Knative's ingress does
 * (measured). `arrival` becomes knativearrivaltime. With a `cause`, the message is the reply to that event. A reply has
 * one hop less left than its cause, even if its own knativebrokerttl is different. In a reply, structured data without
 * a content type is text.
 */
export const readEvent = (
  headers: IncomingHttpHeaders,
  body: Buffer,
  arrival: Date,
  cause?: CloudEvent,
): ReadResult => {
  const contentType = headers['content-type'] ?? ''
  if (/^application\/cloudevents-batch/i.test(contentType)) return unreadable('batches are not accepted')
  if (/^application\/cloudevents/i.test(contentType)) return readStructured(contentType, headers, body, arrival, cause)
  const version = headers['ce-specversion']
  if (version === '1.0' || version === '0.3') return readBinary(headers, body, arrival, cause)
  if (body.length === 0) return { kind: 'empty' }
  return unreadable(
    version === undefined ? 'ce-specversion is missing' : `specversion ${version} is not supported; use 1.0`,
  )
}

const readBinary = (headers: IncomingHttpHeaders, body: Buffer, arrival: Date, cause?: CloudEvent): ReadResult => {
  const attributes: Record<string, string> = {}
  for (const header in headers) {
    if (!header.startsWith('ce-')) continue
    const name = header.slice(3)
    if (!/^[a-z0-9]+$/.test(name)) return invalid(`${header} is not a valid attribute name; use letters and digits`)
    if (name === 'datacontenttype') return invalid('datacontenttype is the header Content-Type in binary mode')
    const value = headers[header] as string
    if (!isAscii(value) && !isUtf8(Buffer.from(value, 'latin1'))) return invalid(`${header} is not UTF-8`)
    attributes[name] = fromWire(value)
  }
  const contentType = headers['content-type']
  if (contentType) attributes.datacontenttype = fromWire(contentType)
  return checked(attributes, headers, body, arrival, cause)
}

const readStructured = (
  contentType: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
  arrival: Date,
  cause?: CloudEvent,
): ReadResult => {
  if (!/^application\/cloudevents\+json\s*(;|$)/i.test(contentType)) return unreadable(`${contentType} is not JSON`)
  let message: unknown
  let data: Buffer
  const attributes: Record<string, string> = {}
  try {
    message = exactJson.parse(body.toString(), keepNumbers)
    if (typeof message !== 'object' || message === null || Array.isArray(message))
      return unreadable('the body is not a JSON object')
    const { specversion } = message as Record<string, unknown>
    if (specversion !== '1.0' && specversion !== '0.3')
      return unreadable('specversion is missing or not supported; use 1.0')
    for (const [name, value] of Object.entries(message)) {
      if (name === 'data' || name === 'data_base64' || value === null) continue
      const text = attributeText(name, value)
      if (text === null) return unreadable(`attribute ${name} has a name or a value that is not allowed`)
      attributes[name.toLowerCase()] = text
    }
    const found = structuredData(message as Record<string, unknown>, attributes)
    if (found === null) return unreadable('data and data_base64 are both set, or data_base64 is not valid base64')
    data = found
  } catch {
    return unreadable('the body is not JSON')
  }
  if (cause && !attributes.datacontenttype && data.length > 0) attributes.datacontenttype = 'text/plain; charset=utf-8'
  return checked(attributes, headers, data, arrival, cause)
}

const standardNames = [
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'dataschema',
  'datacontenttype',
  'schemaurl',
]

const attributeText = (name: string, value: unknown): string | null => {
  if (!/^[A-Za-z0-9]+$/.test(name)) return null
  if (typeof value === 'string') return value
  if (standardNames.includes(name.toLowerCase())) return null
  if (typeof value === 'boolean') return String(value)
  // Knative truncates every number to an integer: 5.5 arrives as 5.
  if (typeof value === 'number') return String(Math.trunc(value))
  return exactJson.isRawJSON(value) ? String(Math.trunc(Number(value.rawJSON))) : null
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
  const isJson = datacontenttype === undefined || jsonMediaType.test(datacontenttype)
  return Buffer.from(!isJson && typeof data === 'string' ? data : JSON.stringify(data))
}

const fromBase64 = (text: string): Buffer | null =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64') : null

const checked = (
  attributes: Record<string, string>,
  headers: IncomingHttpHeaders,
  data: Buffer,
  arrival: Date,
  cause?: CloudEvent,
): ReadResult => {
  const why = normalisedAttributes(attributes)
  if (why !== null) return invalid(why)
  const ttl = cause ? cause.ttl - 1 : hopsLeft(attributes.knativebrokerttl)
  if (ttl <= 0) return invalid('no hops are left: the events form a loop')
  delete attributes.knativebrokerttl
  attributes.knativearrivaltime = arrival.toISOString()
  return { kind: 'event', event: { attributes, headers: passedOnHeaders(headers), data, ttl } }
}

/** The hops left after this one. A value that is not a number counts as absent. */
const hopsLeft = (ttl: string | undefined): number =>
  ttl === undefined || !/^[+-]?\d+$/.test(ttl) ? firstTtl : Math.min(Number(ttl) - 1, firstTtl)

const passedOn = /^(?:traceparent|tracestate|baggage|x-request-id|retry-after|x-b3-.+|knative-.+)$/

/** The headers that are passed on from a producer to the subscribers. The broker drops all others. */
const passedOnHeaders = (headers: IncomingHttpHeaders): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const name in headers) {
    const first = name.charCodeAt(0)
    // The letters b, k, r, t and x. Most headers begin with another letter, and this comparison is cheaper than the
    // pattern.
    if (first !== 98 && first !== 107 && first !== 114 && first !== 116 && first !== 120) continue
    if (passedOn.test(name)) kept[name] = fromWire(String(headers[name]))
  }
  return kept
}

/**
 * Reads an event from its JSON form in a dead letter. Attributes that the broker added for the dead letter sink are
 * removed.
 */
export const eventFromJson = (json: Record<string, unknown>, arrival: Date): ReadResult => {
  const { traceparent, ...attributes } = json
  for (const name of Object.keys(attributes))
    if (/^knative(error|brokerttl|arrivaltime)/.test(name)) delete attributes[name]
  const headers = { 'content-type': 'application/cloudevents+json', ...(traceparent ? { traceparent } : {}) }
  return readEvent(
    headers as IncomingHttpHeaders,
    Buffer.from(JSON.stringify({ specversion: '1.0', ...attributes })),
    arrival,
  )
}
