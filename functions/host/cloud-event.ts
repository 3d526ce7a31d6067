import type { IncomingHttpHeaders } from 'node:http'
import { HTTP } from 'cloudevents'
import type { VigiaEvent } from '#events/event.ts'
import { asError, Malformed } from './errors.ts'
import { decodeHeaderText } from './header-text.ts'
import { isTooDeep } from './json-depth.ts'
import { mediaTypeOf } from './request.ts'

/**
 * The CloudEvent in a request of either mode. Throws Malformed.
 *
 * The SDK reads the attributes. They are checked before, because it puts the present in the place of a time it cannot read and lets
 * much else through; its own `validate()` would say the same, but begins with a regular expression of 3 KB, a tenth of a cold start.
 * The data is ours: the SDK takes text that is no JSON for a JSON string, knows JSON by four spellings of its content type, loses
 * `0`, `false` and `""` in structured mode, and makes a number of each byte.
 */
export const parseCloudEvent = (headers: IncomingHttpHeaders, body: Buffer): VigiaEvent => {
  const mediaType = mediaTypeOf(headers['content-type'])
  const { attributes, message, content } = mediaType.startsWith('application/cloudevents')
    ? structured(mediaType, body)
    : binary(headers, mediaType, body)
  check(attributes)

  const { id, type, source, time, subject, dataschema, traceparent, vigiahops, ...rest } = read(message)
  const trace = headers.traceparent ?? traceparent
  return {
    ...extensionsIn(rest),
    id,
    type,
    source,
    time,
    ...(subject && { subject }),
    ...(dataschema && { dataschema }),
    ...content,
    ...(typeof trace === 'string' && { traceparent: trace }),
    vigiahops: Number.isSafeInteger(Number(vigiahops)) ? Number(vigiahops) : 0,
  }
}

type Message = Parameters<typeof HTTP.toEvent>[0]
type Attributes = Record<string, unknown>

interface Parts {
  attributes: Attributes
  /** What the SDK gets: everything but the data. */
  message: { headers: Record<string, unknown>; body?: Attributes }
  content: Pick<VigiaEvent, 'data' | 'datacontenttype' | 'data_base64'>
}

const binary = (headers: IncomingHttpHeaders, mediaType: string, body: Buffer): Parts => {
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name, decodeHeaderText(name.slice('ce-'.length), String(value))] as const)
  return {
    attributes: Object.fromEntries(own.map(([name, value]) => [name.slice('ce-'.length), value])),
    message: { headers: Object.fromEntries(own) },
    content: contentOf(mediaType, headers['content-type'], body),
  }
}

const structured = (mediaType: string, body: Buffer): Parts => {
  if (mediaType.startsWith('application/cloudevents-batch'))
    throw new Malformed('batches are not taken; send events one by one')
  if (mediaType !== 'application/cloudevents+json') throw new Malformed(`${mediaType} is not taken; send JSON`)
  if (isTooDeep(body)) throw new Malformed('the event is nested too deep')
  const whole = json(body)
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole))
    throw new Malformed('the event is no JSON object')
  const { data, data_base64, datacontenttype = 'application/json', ...said } = whole as Attributes
  if (typeof datacontenttype !== 'string') throw new Malformed('datacontenttype is no text')
  if (data_base64 !== undefined && typeof data_base64 !== 'string') throw new Malformed('data_base64 is no text')
  // In JSON, null is how an attribute is left out.
  const attributes = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null))
  return {
    attributes,
    message: { headers: { 'content-type': mediaType }, body: attributes },
    content:
      data_base64 === undefined
        ? { datacontenttype, data }
        : contentOf(mediaTypeOf(datacontenttype), datacontenttype, Buffer.from(data_base64, 'base64')),
  }
}

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** With a scheme, or without a colon before its first slash; nothing in it that a URI has to encode. */
const uriReference = /^(?=[^\s<>"{}|\\^`]+$)(?:[a-z][a-z0-9+.-]*:|[^:/?#]*(?:[/?#]|$))/i

const check = (attributes: Attributes) => {
  for (const name of ['specversion', 'id', 'source', 'type']) {
    const value = attributes[name]
    if (typeof value !== 'string' || value === '') throw new Malformed(`attribute ${name} is missing`)
  }
  const { specversion, time, source, subject, dataschema } = attributes
  if (specversion !== '1.0') throw new Malformed(`specversion ${specversion} is not taken; send 1.0`)
  if (time !== undefined && !(typeof time === 'string' && timestamp.test(time) && !Number.isNaN(Date.parse(time))))
    throw new Malformed(`time ${JSON.stringify(time)} is no RFC 3339 timestamp`)
  if (!uriReference.test(String(source))) throw new Malformed(`source ${source} is no URI`)
  if (dataschema !== undefined && !URL.canParse(String(dataschema)))
    throw new Malformed('dataschema is not an absolute URI')
  if (subject !== undefined && typeof subject !== 'string') throw new Malformed('subject is no text')
  for (const [name, value] of Object.entries(attributes)) {
    if (!/^[a-z0-9]+$/.test(name)) throw new Malformed(`${JSON.stringify(name)} is no name for an attribute`)
    if (typeof value === 'object') throw new Malformed(`attribute ${name} has no simple value`)
  }
}

const read = (
  message: Parts['message'],
): Pick<VigiaEvent, 'id' | 'type' | 'source' | 'time'> & Record<string, string> => {
  try {
    return { ...HTTP.toEvent(message as Message) } as unknown as ReturnType<typeof read>
  } catch (error) {
    throw new Malformed(asError(error).message.split('\n', 1)[0], { cause: error })
  }
}

/** What is left are extensions, and attributes that the SDK knows but this event has not. */
const extensionsIn = ({
  specversion,
  data,
  data_base64,
  datacontenttype,
  ...rest
}: Record<string, unknown>): Attributes =>
  Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))

const isJson = (mediaType: string) => mediaType === 'application/json' || mediaType.endsWith('+json')
const isText = (mediaType: string) => mediaType.startsWith('text/') || mediaType === 'application/xml'

/** What the body says. Without a content type it is JSON if it can be: a broker hands events on like that whose sender named none. */
const contentOf = (mediaType: string, datacontenttype: string | undefined, body: Buffer): Parts['content'] => {
  const type = datacontenttype === undefined ? {} : { datacontenttype }
  if (body.length === 0) return { ...type, data: undefined }
  // Kept as bytes: a dead letter of it can be stored, and an event of it is refused for what it lacks.
  if (isTooDeep(body) && !isText(mediaType)) return { ...type, data: undefined, data_base64: body.toString('base64') }
  if (isJson(mediaType)) return { ...type, data: json(body) }
  if (isText(mediaType)) return { ...type, data: body.toString() }
  if (mediaType !== '') return { ...type, data: undefined, data_base64: body.toString('base64') }
  try {
    return { data: JSON.parse(body.toString()) }
  } catch {
    return { data: body.toString() }
  }
}

const json = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new Malformed('the body is not JSON', { cause })
  }
}
