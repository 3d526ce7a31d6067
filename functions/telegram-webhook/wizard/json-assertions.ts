import type { JsonAssertion } from '#functions/checks/json-assertion.ts'

type Comparison = Exclude<keyof JsonAssertion, 'path'>

const operators: Record<string, Comparison> = {
  '==': 'equals',
  '=': 'equals',
  '!=': 'not',
  '≠': 'not',
  '>': 'above',
  '<': 'below',
}
const signs: Record<Comparison, string> = { equals: '=', not: '≠', above: '>', below: '<' }

/** The index of the comparison after a JSONPath: an operator outside of brackets and quotes; -1 without one. */
const comparisonAt = (line: string): number => {
  let [depth, quote] = [0, '']
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!
    if (quote !== '') {
      if (letter === '\\') at++
      else if (letter === quote) quote = ''
    } else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '[' || letter === '(') depth++
    else if (letter === ']' || letter === ')') depth--
    else if (depth === 0 && /[=!≠<>]/.test(letter)) return at
  }
  return -1
}

/** `ok` and `"ok"` are texts; numbers, `true`, `false` and `null` are what they are in JSON. */
const comparedWith = (text: string): string | number | boolean | null => {
  const [, quoted] = /^["“'](.*)["”']$/.exec(text) ?? []
  if (quoted !== undefined) return quoted
  if (/^-?\d+(?:[.,]\d+)?$/.test(text)) return Number(text.replace(',', '.'))
  return { true: true, false: false, null: null }[text] ?? (text === 'null' ? null : text)
}

const assertionIn = (line: string): JsonAssertion | null => {
  const at = comparisonAt(line)
  if (at < 0) return { path: line.trim() }
  const [, sign = '', rest = ''] = /^(==|!=|[=≠<>])\s*(.*)$/.exec(line.slice(at)) ?? []
  const comparison = operators[sign]
  const value = comparedWith(rest.trim())
  if (comparison === undefined || rest.trim() === '') return null
  if ((comparison === 'above' || comparison === 'below') && typeof value !== 'number') return null
  return { path: line.slice(0, at).trim(), [comparison]: value }
}

/** Assertions about JSON, one a line: `$.status = ok`, `$.queue < 10`, `$.version`. Null if a line is not readable. */
export const jsonAssertions = (text: string): JsonAssertion[] | null => {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  const assertions = lines.map(assertionIn)
  return assertions.length === 0 || assertions.includes(null) ? null : (assertions as JsonAssertion[])
}

/** The assertions as a person writes them. */
export const sayJsonAssertions = (assertions: unknown): string =>
  (assertions as JsonAssertion[])
    .map(({ path, ...comparisons }) =>
      [path, ...Object.entries(comparisons).map(([name, value]) => `${signs[name as Comparison]} ${value}`)].join(' '),
    )
    .join('; ')
