/** A condition of Gatus. The name of the placeholder `left` is in capital letters: `[STATUS]`, `len([BODY].items)`. */
export interface Condition {
  /** As the configuration has it. */
  text: string
  left: string
  operator: string
  right: string
}

/** Gatus looks for the operators in this order. */
const operators = ['==', '!=', '<=', '>=', '>', '<']
const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

/** Reads a condition. Gatus allows the placeholder on either side, and its name in small letters. */
export const parseCondition = (text: string): Condition => {
  const operator = operators.find(sign => text.includes(` ${sign} `)) ?? ''
  const [one = '', other = ''] = operator === '' ? [] : text.split(` ${operator} `).map(part => part.trim())
  if (isPlaceholder(one) || !isPlaceholder(other)) return { text, left: capital(one), operator, right: other }
  return { text, left: capital(other), operator: mirrored[operator] ?? operator, right: one }
}

const isPlaceholder = (side: string) => /^((len|has)\()?\[[A-Za-z_]+\]/.test(side)
const capital = (side: string) => side.replace(/\[[A-Za-z_]+\]/, name => name.toUpperCase())

/** The texts of `any(UP, OK)`; null for something else. */
export const anyOf = (text: string): string[] | null => {
  const [, list] = /^any\((.*)\)$/.exec(text) ?? []
  return list === undefined ? null : list.split(',').map(item => item.trim())
}

/** The pattern of `pat(*ok*)`; null for something else. */
export const patternOf = (text: string): string | null => /^pat\((.*)\)$/.exec(text)?.[1] ?? null

/** Whether a pattern has only the wildcards `*` and `?`. Gatus also knows sets of characters. */
export const hasSimpleWildcards = (pattern: string): boolean => !/[[\]\\]/.test(pattern)

/** The text in `*text*`; null for another pattern. */
export const textWithin = (pattern: string): string | null => /^\*([^*?[\]\\]+)\*$/.exec(pattern)?.[1] ?? null
