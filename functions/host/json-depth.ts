const [quote, backslash] = [0x22, 0x5c]
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/**
 * How deep arrays and objects are nested in JSON text. The function scans bytes without recursion, so that no depth
 * overflows the stack.
 */
export const jsonDepth = (json: Buffer): number => {
  let [depth, deepest, inString] = [0, 0, false]
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (opening.has(byte)) deepest = Math.max(deepest, ++depth)
    else if (closing.has(byte)) depth--
  }
  return deepest
}

/**
 * The deepest nesting that is accepted. PostgreSQL and recursive JavaScript overflow at some thousands of levels. Our
 * own events have about a dozen.
 */
const maxDepth = 512

/**
 * Whether JSON is nested deeper than PostgreSQL and our code can handle. A text shorter than `maxDepth` cannot be
 * nested too deep and is not scanned.
 */
export const isTooDeep = (json: Buffer): boolean => json.length > maxDepth && jsonDepth(json) > maxDepth
