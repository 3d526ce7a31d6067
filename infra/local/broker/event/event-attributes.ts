import { decodeHeaderText } from '#functions/host/header-text.ts'
import { isAscii, toWire } from './header-value.ts'
import { absoluteUri, uriReference } from './uri-reference.ts'

/**
 * How many bytes the attributes of an event may have, percent-encoded as headers. An HTTP server of Node.js accepts 16
 * KiB of headers, and a dead letter adds 2 KiB.
 */
export const maxAttributeBytes = 12 * 1024

/**
 * How many bytes the id may have. An event that a function publishes in response contains it twice: in its own id, and
 * as its cause.
 */
export const maxIdBytes = 5_500

/** How many bytes type, source and subject may have together, because PostgreSQL limits the size of an index entry. */
export const maxIndexedBytes = 2_000

/** A media type as Knative's ingress reads it: a type without a subtype is valid. */
const mediaType = /^[\w!#$%&'*+.^`|~-]+(?:\/[\w!#$%&'*+.^`|~-]+)?\s*(?:;.*)?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: CloudEvents forbids them, and they would break a header.
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/

/**
 * Checks the attributes and changes them to the form in which Knative's ingress passes them on: times in UTC, URIs
 * encoded, empty optional attributes removed. Returns why the event is refused, or null.
 */
export const normalisedAttributes = (attributes: Record<string, string>): string | null =>
  requiredError(attributes) ??
  characterError(attributes) ??
  sizeError(attributes) ??
  normalisedUris(attributes) ??
  normalisedOptionals(attributes)

/** The attribute as a function reads it from its header: percent-decoded and without quotes. */
const asFunctionReads = (name: string, value: string): string => decodeHeaderText(name, toWire(value))

const requiredNames = ['id', 'type', 'source']

const requiredError = (attributes: Record<string, string>): string | null => {
  for (const name of requiredNames)
    if (!attributes[name] || asFunctionReads(name, attributes[name]) === '')
      return `attribute ${name} is missing or empty`
  return null
}

const characterError = (attributes: Record<string, string>): string | null => {
  for (const name in attributes) {
    const value = attributes[name]!
    if (controlCharacter.test(value) || controlCharacter.test(asFunctionReads(name, value)))
      return `attribute ${name} has a control character`
    if (!value.isWellFormed()) return `attribute ${name} has half of a surrogate pair`
  }
  return null
}

const encodedLength = (value: string): number => (isAscii(value) ? value.length : encodeURIComponent(value).length)

const sizeError = (attributes: Record<string, string>): string | null => {
  let bytes = 0
  for (const name in attributes) bytes += name.length + encodedLength(attributes[name]!)
  if (bytes > maxAttributeBytes) return `the attributes have ${bytes} bytes; at most ${maxAttributeBytes} are accepted`
  if (encodedLength(attributes.id!) > maxIdBytes) return `the id has more than ${maxIdBytes} bytes`
  const indexed = Buffer.byteLength(`${attributes.type}${attributes.source}${attributes.subject ?? ''}`)
  return indexed > maxIndexedBytes
    ? `type, source and subject have ${indexed} bytes together; at most ${maxIndexedBytes} are accepted`
    : null
}

const normalisedUris = (attributes: Record<string, string>): string | null => {
  const source = uriReference(attributes.source!)
  if (source === null) return `source ${attributes.source} is not a valid URI reference`
  attributes.source = source
  if (attributes.dataschema === '') delete attributes.dataschema
  if (attributes.dataschema === undefined) return null
  const schema = absoluteUri(attributes.dataschema)
  if (schema === null) return `dataschema ${attributes.dataschema} is not an absolute URI`
  attributes.dataschema = schema
  return null
}

const normalisedOptionals = (attributes: Record<string, string>): string | null => {
  if (attributes.subject === '') delete attributes.subject
  if (attributes.time !== undefined) {
    const time = inUtc(attributes.time)
    if (time === null) return `time ${attributes.time} is not an RFC 3339 timestamp, such as 2026-11-21T12:00:00Z`
    attributes.time = time
  }
  if (attributes.datacontenttype !== undefined && !mediaType.test(attributes.datacontenttype))
    return `${attributes.datacontenttype} is not a valid media type`
  return null
}

const timestamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** The time in UTC, with its fraction unchanged; null when it is not a valid time or has no zone. */
const inUtc = (text: string): string | null => {
  const [, seconds, fraction = '', zone] = timestamp.exec(text) ?? []
  if (seconds === undefined || zone === undefined) return null
  const local = new Date(`${seconds}Z`)
  // Date reads 31 February as 3 March.
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(seconds)) return null
  if (zone === 'Z') return text
  const instant = new Date(`${seconds}${zone}`)
  return Number.isNaN(instant.getTime()) ? null : `${instant.toISOString().slice(0, 19)}${fraction}Z`
}
