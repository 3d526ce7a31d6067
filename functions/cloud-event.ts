import type { IncomingHttpHeaders } from 'node:http'
import { CloudEvent, HTTP } from 'cloudevents'
import type { VigiaEvent } from '#events/event.ts'
import { asError, Malformed } from './errors.ts'
import { mediaTypeOf } from './request.ts'

/**
 * The CloudEvent in a request, of either mode. Throws Malformed.
 *
 * The SDK reads the attributes. The data is ours, because the SDK takes text that is no JSON for a JSON string, knows JSON by
 * four spellings of its content type only, loses `0`, `false` and `""` in structured mode, and makes one number of each byte.
 */
export const cloudEvent = (headers: IncomingHttpHeaders, body: Buffer): VigiaEvent => {
  const mediaType = mediaTypeOf(headers['content-type'])
  if (mediaType.startsWith('application/cloudevents-batch'))
    throw new Malformed('batches are not taken; send events one by one')
  const { attributes, content } = mediaType.startsWith('application/cloudevents')
    ? structured(mediaType, body)
    : binary(headers, mediaType, body)

  const { id, type, source, subject, time, dataschema, specversion: _, ...extensions } = attributes
  const traceparent = headers.traceparent ?? extensions.traceparent
  return {
    ...extensions,
    id,
    type,
    source,
    ...(subject && { subject }),
    time,
    ...(dataschema && { dataschema }),
    ...content,
    ...(typeof traceparent === 'string' && { traceparent }),
    vigiahops: Number.isSafeInteger(Number(extensions.vigiahops)) ? Number(extensions.vigiahops) : 0,
  } as VigiaEvent
}

const isJson = (mediaType: string) => mediaType === 'application/json' || mediaType.endsWith('+json')
const isText = (mediaType: string) => mediaType.startsWith('text/') || mediaType === 'application/xml'

const binary = (headers: IncomingHttpHeaders, mediaType: string, body: Buffer) => {
  const own = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('ce-')))
  for (const name of ['specversion', 'id', 'source', 'type'])
    if (!own[`ce-${name}`]) throw new Malformed(`header ce-${name} is missing`)
  return {
    attributes: attributesOf(own, undefined),
    content: contentOf(mediaType, headers['content-type'], body),
  }
}

const structured = (mediaType: string, body: Buffer) => {
  if (mediaType !== 'application/cloudevents+json') throw new Malformed(`${mediaType} is not taken; send JSON`)
  const whole = json(body)
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole))
    throw new Malformed('the event is no JSON object')
  const { data, data_base64, datacontenttype = 'application/json', ...rest } = whole as Record<string, unknown>
  for (const name of ['specversion', 'id', 'source', 'type'])
    if (typeof rest[name] !== 'string' || rest[name] === '') throw new Malformed(`attribute ${name} is missing`)
  if (typeof datacontenttype !== 'string') throw new Malformed('datacontenttype is no text')
  if (data_base64 !== undefined && typeof data_base64 !== 'string') throw new Malformed('data_base64 is no text')
  return {
    attributes: attributesOf({ 'content-type': mediaType }, rest),
    content:
      data_base64 === undefined
        ? { datacontenttype, data }
        : contentOf(mediaTypeOf(datacontenttype), datacontenttype, Buffer.from(data_base64, 'base64')),
  }
}

/** The attributes as the SDK reads and checks them. It puts the present in the place of a time it cannot read, so that is looked at before. */
const attributesOf = (
  headers: Record<string, unknown>,
  body: Record<string, unknown> | undefined,
): Record<string, string> => {
  const time = body ? body.time : headers['ce-time']
  if (time !== undefined && (typeof time !== 'string' || !timestamp.test(time) || Number.isNaN(Date.parse(time))))
    throw new Malformed(`time ${JSON.stringify(time)} is no RFC 3339 timestamp`)
  try {
    const event = HTTP.toEvent({ headers, body } as Parameters<typeof HTTP.toEvent>[0])
    if (!(event instanceof CloudEvent)) throw new Malformed('not one event')
    if (!event.validate()) throw new Malformed(`specversion ${event.specversion} is not taken; send 1.0`)
    return { ...event } as unknown as Record<string, string>
  } catch (error) {
    throw error instanceof Malformed ? error : new Malformed(asError(error).message.split('\n', 1)[0], { cause: error })
  }
}

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** What the body says. Without a content type it is JSON if it can be: that is how a broker hands on an event that named none. */
const contentOf = (mediaType: string, datacontenttype: string | undefined, body: Buffer) => {
  const type = datacontenttype === undefined ? {} : { datacontenttype }
  if (body.length === 0) return { ...type, data: undefined }
  if (isJson(mediaType)) return { ...type, data: json(body) }
  if (isText(mediaType)) return { ...type, data: body.toString() }
  if (mediaType === '') {
    try {
      return { data: JSON.parse(body.toString()) }
    } catch {
      return { data: body.toString() }
    }
  }
  return { ...type, data: undefined, data_base64: body.toString('base64') }
}

const json = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new Malformed('the body is not JSON', { cause })
  }
}
