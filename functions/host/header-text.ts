/** Attributes that are URIs. They are ASCII, and percent-encoding in them belongs to the URI. */
const uriAttributes = new Set(['source', 'dataschema'])

// biome-ignore lint/suspicious/noControlCharactersInRegex: "not ASCII" needs the whole range.
const nonAscii = /[^\x00-\x7f]/

/**
 * Decodes an attribute from its header (CloudEvents HTTP binding 3.1.3.2): percent-encoded UTF-8, optionally in quotes.
 * Knative sends non-ASCII characters unencoded as UTF-8 bytes. Text that is not valid percent-encoding is returned
 * unchanged, because many senders do not encode.
 */
export const decodeHeaderText = (name: string, value: string): string => {
  // Node returns each byte of a header as one character.
  const text = nonAscii.test(value) ? Buffer.from(value, 'latin1').toString() : value
  if (uriAttributes.has(name)) return text
  const [, quoted] = /^"((?:[^"\\]|\\.)*)"$/.exec(text) ?? []
  const unquoted = quoted === undefined ? text : quoted.replace(/\\(.)/g, '$1')
  return unquoted.replace(/(?:%[0-9a-f]{2})+/gi, escaped => {
    try {
      return decodeURIComponent(escaped)
    } catch {
      return escaped
    }
  })
}

/**
 * Encodes an attribute for its header: percent-encodes space, quote, percent sign, and every character that is not
 * printable ASCII.
 */
export const encodeHeaderText = (name: string, text: string): string =>
  uriAttributes.has(name) ? text : text.replace(/[^\x21\x23\x24\x26-\x7e]+/g, encodeURIComponent)
