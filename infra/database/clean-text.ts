// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/**
 * A line of text from outside as every table, JSON parser and message takes it: no control characters, no half surrogate pairs, at most
 * `longest` characters. '' for anything that is no text.
 */
export const cleanLine = (value: unknown, longest: number): string => {
  if (typeof value !== 'string') return ''
  // Cut before the rest, because a text may be megabytes long.
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
