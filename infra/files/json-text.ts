/** Deeper texts are left to the parser of YAML, because the code that reads the value later is recursive. */
const mostDepth = 50

/**
 * The value of a JSON text that has no key twice in one object; undefined for any other text. It is much faster than
 * the parser of YAML, which also accepts such a text.
 */
export const parseJson = (text: string): { value: unknown } | undefined => {
  if (!/^[ \r\n]*[[{]/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    const { pairs, depth } = shapeOf(text)
    // JSON.parse keeps the last of several values of a key without a word.
    return depth <= mostDepth && pairs === keysIn(value) ? { value } : undefined
  } catch {
    return undefined
  }
}

/** The number of pairs of a key and a value in a valid JSON text, and how deep its lists and objects are nested. */
const shapeOf = (text: string): { pairs: number; depth: number } => {
  let [pairs, depth, level] = [0, 0, 0]
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isInString = !isInString
    else if (isInString) at += character === '\\' ? 1 : 0
    else if (character === ':') pairs++
    else if (character === '[' || character === '{') depth = Math.max(depth, ++level)
    else if (character === ']' || character === '}') level--
  }
  return { pairs, depth }
}

const keysIn = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0
  const values = Object.values(value)
  return values.reduce<number>((sum, each) => sum + keysIn(each), Array.isArray(value) ? 0 : values.length)
}
