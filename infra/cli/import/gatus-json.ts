import { anyOf, type Condition, hasSimpleWildcards, patternOf } from './gatus-condition.ts'
import { equalsText, escaped, isNumber, jsonPathOf, passesIf, quoted } from './json-filter.ts'

/** The assertion that a condition about a part of the JSON becomes; null if there is none. */
export const gatusJsonAssertion = ({ left, operator, right }: Condition): object | null => {
  const [, wrapper, inner] = /^(?:(len|has)\()?\[BODY\](.*?)\)?$/.exec(left) ?? []
  const path = jsonPathOf(inner ?? '')
  if (path === null) return null
  const isEqual = operator === '=='
  if (wrapper === 'has') {
    if (!/^[=!]=$/.test(operator) || !/^(true|false)$/.test(right)) return null
    // For Gatus, a value that is null does not exist.
    return passesIf((right === 'true') === isEqual ? `${path} && ${path} != null` : `!${path} || ${path} == null`)
  }
  if (wrapper === 'len') return isNumber(right) ? passesIf(`length(${path}) ${operator} ${right}`) : null
  if (operator !== '==' && operator !== '!=') return isNumber(right) ? numberAssertion(path, operator, right) : null
  const any = anyOf(right)
  const pattern = patternOf(right)
  if (pattern !== null && !hasSimpleWildcards(pattern)) return null
  const test =
    pattern !== null
      ? `match(${path}, ${quoted(wildcards(pattern))})`
      : (any ?? [right]).map(text => equalsText(path, text)).join(' || ')
  if (isEqual && pattern === null && any === null && test === equalsText(path, right) && !test.includes('||'))
    return { path, equals: right }
  return passesIf(isEqual ? test : `!(${test})`)
}

const numberAssertion = (path: string, operator: string, right: string) =>
  operator === '<'
    ? { path, below: Number(right) }
    : operator === '>'
      ? { path, above: Number(right) }
      : passesIf(`${path} ${operator} ${right}`)

/** `*` stands for any text in Gatus' patterns, and `?` for one character. In RFC 9485, a dot matches no line break. */
const wildcards = (pattern: string) =>
  pattern
    .replace(/[^*?]+/g, text => escaped(text))
    .replace(/[*?]/g, sign => (sign === '*' ? '(.|\\n|\\r)*' : '(.|\\n|\\r)'))
