// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are removed
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/**
 * One line of text from outside that every table, JSON parser and message accepts: without control characters and
 * unpaired surrogates, and at most `longest` characters long. '' if the value is not a string.
 */
export const cleanLine = (value: unknown, longest: number): string => {
  if (typeof value !== 'string') return ''
  // The text is cut first, because it may be megabytes long.
  const line = value
    .slice(0, 4 * longest)
    .toWellFormed()
    .replace(controls, ' ')
    .trim()
  if (line.length <= longest) return line
  const letters = [...line]
  return letters.length <= longest
    ? line
    : `${letters
        .slice(0, longest - 1)
        .join('')
        .trimEnd()}…`
}
