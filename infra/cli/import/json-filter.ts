/**
 * JSONPath (RFC 9535) for comparisons that are not an assertion of their own. A filter with an absolute query is true
 * for every child of the document or for none, and an assertion without a comparison passes if its path selects
 * anything. So `$[?$.queue >= 5]` passes if the queue is at least 5.
 */
export const passesIf = (condition: string): { path: string } => ({ path: `$[?${condition}]` })

/** A string in a JSONPath. */
export const quoted = (text: string): string =>
  `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}'`

/** A text in a regular expression of RFC 9485 that stands for itself. */
export const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** Whether the value at `path` is this text, or the number or the truth value that the text says. */
export const equalsText = (path: string, text: string): string => {
  const other = text === 'true' || text === 'false' ? text : isNumber(text) ? String(Number(text)) : null
  return [quoted(text), ...(other === null ? [] : [other])].map(value => `${path} == ${value}`).join(' || ')
}

export const isNumber = (text: string): boolean => /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)

/**
 * The JSONPath of a path in dots and brackets: `data[0].id` is `$.data[0].id`. null if it is more than a path, such as
 * a call of a function.
 */
export const jsonPathOf = (text: string): string | null => {
  const steps = text
    .trim()
    .replace(/^\$/, '')
    .replace(/^(?=[A-Za-z_])/, '.')
  return /^((\.[A-Za-z_][A-Za-z0-9_]*)|(\[\d+\]))*$/.test(steps) ? `$${steps}` : null
}
