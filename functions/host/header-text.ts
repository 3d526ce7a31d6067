/** The attributes that are URIs: they are ASCII, and what is percent-encoded in them belongs to them. */
const uris = new Set(['source', 'dataschema'])

// biome-ignore lint/suspicious/noControlCharactersInRegex: "not ASCII" needs the whole range.
const beyondAscii = /[^\x00-\x7f]/

/**
 * The text of an attribute in a header, by CloudEvents' HTTP binding 3.1.3.2: percent-encoded UTF-8, maybe in quotes. Bytes beyond
 * ASCII, which Knative sends as they are, are UTF-8 too. What is no such encoding stays as it is, because many senders do not encode.
 */
export const decodeHeaderText = (name: string, value: string): string => {
  // Node shows each byte of a header as one character.
  const text = beyondAscii.test(value) ? Buffer.from(value, 'latin1').toString() : value
  if (uris.has(name)) return text
  const [, quoted] = /^"((?:[^"\\]|\\.)*)"$/.exec(text) ?? []
  const plain = quoted === undefined ? text : quoted.replace(/\\(.)/g, '$1')
  return plain.replace(/(?:%[0-9a-f]{2})+/gi, escaped => {
    try {
      return decodeURIComponent(escaped)
    } catch {
      return escaped
    }
  })
}

/** The same the other way: printable ASCII without spaces, quotes and percent signs of its own. */
export const encodeHeaderText = (name: string, text: string): string =>
  uris.has(name) ? text : text.replace(/[^\x21\x23\x24\x26-\x7e]+/g, encodeURIComponent)
