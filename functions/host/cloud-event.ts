import type { IncomingHttpHeaders } from 'node:http'
import { HTTP } from 'cloudevents'
import type { VigiaEvent } from '#events/event.ts'
import { asError, Malformed } from './errors.ts'
import { decodeHeaderText } from './header-text.ts'
import { isTooDeep } from './json-depth.ts'
import { mediaTypeOf } from './media-type.ts'

/**
 * Reads the CloudEvent in a request, in binary or structured mode. Throws Malformed.
 *
 * The SDK `cloudevents` reads the attributes. This function checks them first, because the SDK replaces a time that it
 * cannot read with the current time, and accepts other invalid attributes. The SDK's `validate()` does the same checks,
 * but it starts with a regular expression of 3 KB that takes a tenth of a cold start.
 *
 * This function reads the data without the SDK. If the data is not JSON, the SDK returns its text as if it were a JSON
 * string. The SDK also knows only four content types of JSON, loses `0`, `false` and `""` in structured mode, and turns
 * bytes into an array of numbers.
 */
export const parseCloudEvent = (headers: IncomingHttpHeaders, body: Buffer): VigiaEvent => {
  const mediaType = mediaTypeOf(headers['content-type'])
  const { attributes, message, content } = mediaType.startsWith('application/cloudevents')
    ? structuredMode(mediaType, body)
    : binaryMode(headers, mediaType, body)
  checkAttributes(attributes)

  const { id, type, source, time, subject, dataschema, traceparent, vigiahops, ...rest } = readWithSdk(message)
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

type SdkMessage = Parameters<typeof HTTP.toEvent>[0]
type Attributes = Record<string, unknown>

interface EventParts {
  attributes: Attributes
  /** The part that the SDK reads: everything except the data. */
  message: { headers: Record<string, unknown>; body?: Attributes }
  content: Pick<VigiaEvent, 'data' | 'datacontenttype' | 'data_base64'>
}

const binaryMode = (headers: IncomingHttpHeaders, mediaType: string, body: Buffer): EventParts => {
  const attributeHeaders = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name, decodeHeaderText(name.slice('ce-'.length), String(value))] as const)
  return {
    attributes: Object.fromEntries(attributeHeaders.map(([name, value]) => [name.slice('ce-'.length), value])),
    message: { headers: Object.fromEntries(attributeHeaders) },
    content: contentOf(mediaType, headers['content-type'], body),
  }
}

const structuredMode = (mediaType: string, body: Buffer): EventParts => {
  if (mediaType.startsWith('application/cloudevents-batch'))
    throw new Malformed('batches are not supported; send one event per request')
  if (mediaType !== 'application/cloudevents+json')
    throw new Malformed(`${mediaType} is not supported; send application/cloudevents+json`)
  if (isTooDeep(body)) throw new Malformed('the event is nested too deep')
  const event = parseJson(body)
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw new Malformed('the event is not a JSON object')
  const { data, data_base64, datacontenttype = 'application/json', ...rest } = event as Attributes
  if (typeof datacontenttype !== 'string') throw new Malformed('datacontenttype is not a string')
  if (data_base64 !== undefined && typeof data_base64 !== 'string') throw new Malformed('data_base64 is not a string')
  // In the JSON format, null means that the attribute is absent.
  const attributes = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
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

/**
 * A URI with a scheme, or a relative reference whose first segment has no colon. It has no character that a URI must
 * percent-encode.
 */
const uriReference = /^(?=[^\s<>"{}|\\^`]+$)(?:[a-z][a-z0-9+.-]*:|[^:/?#]*(?:[/?#]|$))/i

const checkAttributes = (attributes: Attributes) => {
  for (const name of ['specversion', 'id', 'source', 'type']) {
    const value = attributes[name]
    if (typeof value !== 'string' || value === '') throw new Malformed(`attribute ${name} is missing`)
  }
  const { specversion, time, source, subject, dataschema } = attributes
  if (specversion !== '1.0') throw new Malformed(`specversion ${specversion} is not supported; send 1.0`)
  if (time !== undefined && !(typeof time === 'string' && timestamp.test(time) && !Number.isNaN(Date.parse(time))))
    throw new Malformed(`time ${JSON.stringify(time)} is not an RFC 3339 timestamp`)
  if (!uriReference.test(String(source))) throw new Malformed(`source ${source} is not a URI`)
  if (dataschema !== undefined && !URL.canParse(String(dataschema)))
    throw new Malformed('dataschema is not an absolute URI')
  if (subject !== undefined && typeof subject !== 'string') throw new Malformed('subject is not a string')
  for (const [name, value] of Object.entries(attributes)) {
    if (!/^[a-z0-9]+$/.test(name)) throw new Malformed(`${JSON.stringify(name)} is not a valid attribute name`)
    if (typeof value === 'object') throw new Malformed(`attribute ${name} is not a simple value`)
  }
}

const readWithSdk = (
  message: EventParts['message'],
): Pick<VigiaEvent, 'id' | 'type' | 'source' | 'time'> & Record<string, string> => {
  try {
    return { ...HTTP.toEvent(message as SdkMessage) } as unknown as ReturnType<typeof readWithSdk>
  } catch (error) {
    throw new Malformed(asError(error).message.split('\n', 1)[0], { cause: error })
  }
}

/** The extension attributes. The SDK sets absent attributes to undefined; these are removed. */
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

/**
 * Reads the data of a body. A body without a content type is read as JSON if it can be parsed, because a broker
 * forwards an event without a content type when the sender set none.
 */
const contentOf = (mediaType: string, datacontenttype: string | undefined, body: Buffer): EventParts['content'] => {
  const type = datacontenttype === undefined ? {} : { datacontenttype }
  if (body.length === 0) return { ...type, data: undefined }
  // JSON that is nested too deep is kept as bytes, so that a dead letter with this event can be stored. The request
  // handler refuses an event whose data is bytes.
  if (isTooDeep(body) && !isText(mediaType)) return { ...type, data: undefined, data_base64: body.toString('base64') }
  if (isJson(mediaType)) return { ...type, data: parseJson(body) }
  if (isText(mediaType)) return { ...type, data: body.toString() }
  if (mediaType !== '') return { ...type, data: undefined, data_base64: body.toString('base64') }
  try {
    return { data: JSON.parse(body.toString()) }
  } catch {
    return { data: body.toString() }
  }
}

const parseJson = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new Malformed('the body is not JSON', { cause })
  }
}
