const [quote, backslash] = [0x22, 0x5c]
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/** How deep arrays and objects are nested in a text that is JSON. Reads bytes and calls nothing, so that no depth overflows a stack. */
export const jsonDepth = (json: Buffer): number => {
  let [level, deepest, inString] = [0, 0, false]
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (opening.has(byte)) deepest = Math.max(deepest, ++level)
    else if (closing.has(byte)) level--
  }
  return deepest
}

/** PostgreSQL and whatever walks through JSON by calling itself overflow at some thousands; events of ours have a dozen. */
const mostLevels = 512

/** Whether JSON is nested deeper than tables and functions take. Short texts cannot be, and are not read. */
export const isTooDeep = (json: Buffer): boolean => json.length > mostLevels && jsonDepth(json) > mostLevels
