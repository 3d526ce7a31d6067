import { parseGoDuration } from './go-duration.ts'
import { equalsText, escaped, isNumber, jsonPathOf, passesIf, quoted } from './json-filter.ts'

/** The settings of a check that Gatus' conditions become, and what of them is lost. */
export interface ConditionSettings {
  settings: Record<string, unknown>
  lost: string[]
}

interface Condition {
  text: string
  left: string
  operator: string
  right: string
}

const dayMs = 86_400_000
/** The status codes that a condition can tell apart. */
const allCodes = Array.from({ length: 500 }, (_, at) => at + 100)

/** The settings of an `http` monitor. Without a condition about the status, Gatus accepts every status. */
export const httpConditions = (conditions: readonly string[]): ConditionSettings => {
  const result: ConditionSettings = { settings: {}, lost: [] }
  const json: object[] = []
  let codes = allCodes
  for (const condition of conditions.map(parseCondition)) {
    const accepts = condition.left === '[STATUS]' ? statusTest(condition) : null
    if (accepts !== null) codes = codes.filter(accepts)
    else if (/^(len\(|has\()?\[BODY\]/.test(condition.left)) bodyCondition(condition, result, json)
    else commonCondition(condition, result)
  }
  const status = rangesOf(codes)
  if (status !== '200-299') result.settings.status = status
  if (json.length > 0) result.settings.json = json
  return result
}

/** The settings of the kinds without a status and a body. */
export const connectionConditions = (conditions: readonly string[]): ConditionSettings => {
  const result: ConditionSettings = { settings: {}, lost: [] }
  for (const condition of conditions.map(parseCondition)) commonCondition(condition, result)
  return result
}

const parseCondition = (text: string): Condition => {
  const [, left = '', operator = '', right = ''] = /^(.*?) (==|!=|<=|>=|<|>) (.*)$/.exec(text) ?? []
  return { text, left: left.trim(), operator, right: right.trim() }
}

const leftOut = ({ text }: Condition, why: string) => `the condition ${text} is left out: ${why}`

const compare: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  '==': (one, other) => one === other,
  '!=': (one, other) => one !== other,
  '<': (one, other) => one < other,
  '<=': (one, other) => one <= other,
  '>': (one, other) => one > other,
  '>=': (one, other) => one >= other,
}

/** Which status codes a condition accepts; null if it is not understood. */
const statusTest = ({ operator, right }: Condition): ((code: number) => boolean) | null => {
  const any = anyOf(right)
  if (any !== null && (operator === '==' || operator === '!='))
    return code => any.includes(String(code)) === (operator === '==')
  return isNumber(right) ? code => compare[operator]!(code, Number(right)) : null
}

const rangesOf = (codes: readonly number[]): string => {
  const ranges: [number, number][] = []
  for (const code of codes) {
    const last = ranges.at(-1)
    if (last?.[1] === code - 1) last[1] = code
    else ranges.push([code, code])
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',')
}

const anyOf = (text: string): string[] | null => {
  const [, list] = /^any\((.*)\)$/.exec(text) ?? []
  return list === undefined ? null : list.split(',').map(item => item.trim())
}

const patternOf = (text: string): string | null => /^pat\((.*)\)$/.exec(text)?.[1] ?? null

const commonCondition = (condition: Condition, { settings, lost }: ConditionSettings): void => {
  const { left, operator, right } = condition
  const ms = isNumber(right) ? Number(right) : parseGoDuration(right)
  // A check passes only if it connects, and a DNS check only if the name exists.
  if (left === '[CONNECTED]' && operator === '==' && right === 'true') return
  if (left === '[DNS_RCODE]' && operator === '==' && right === 'NOERROR') return
  if (left === '[BODY].status' && operator === '==' && right === 'SERVING') return
  if (left === '[RESPONSE_TIME]' && /^<=?$/.test(operator) && ms !== null) {
    settings.slowMs = Math.max(1, operator === '<' ? Math.ceil(ms) - 1 : Math.floor(ms))
    lost.push(`with ${condition.text}, a slow answer counts as degraded and not as down`)
  } else if (left === '[CERTIFICATE_EXPIRATION]' && /^>=?$/.test(operator) && ms !== null) {
    settings.certificateDays = Math.min(Math.max(Math.ceil(ms / dayMs), 1), 365)
    lost.push(`with ${condition.text}, a certificate that expires soon counts as degraded and not as down`)
  } else lost.push(leftOut(condition, 'Vigia does not have it'))
}

/** A condition about the body: a keyword, or an assertion about its JSON. */
const bodyCondition = (condition: Condition, { settings, lost }: ConditionSettings, json: object[]): void => {
  const { left, operator, right } = condition
  const literal = /^\*([^*?[\]\\]+)\*$/.exec(patternOf(right) ?? '')?.[1]
  const keyword = operator === '==' ? 'keyword' : 'keywordAbsent'
  if (left === '[BODY]' && literal !== undefined && /^[=!]=$/.test(operator) && settings[keyword] === undefined) {
    settings[keyword] = literal
    return
  }
  const assertion = left === '[BODY]' ? null : jsonAssertion(condition)
  if (assertion === null) lost.push(leftOut(condition, 'Vigia compares a part of the JSON, or looks for a text'))
  else json.push(assertion)
}

const jsonAssertion = ({ left, operator, right }: Condition): object | null => {
  const [, wrapper, inner] = /^(?:(len|has)\()?\[BODY\](.*?)\)?$/.exec(left) ?? []
  const path = jsonPathOf(inner ?? '')
  if (path === null) return null
  const isEqual = operator === '=='
  if (wrapper === 'has') {
    const exists = (right === 'true') === isEqual
    return exists ? { path } : passesIf(`!${path}`)
  }
  if (wrapper === 'len') return isNumber(right) ? passesIf(`length(${path}) ${operator} ${right}`) : null
  if (operator !== '==' && operator !== '!=') return isNumber(right) ? numberAssertion(path, operator, right) : null
  const any = anyOf(right)
  const pattern = patternOf(right)
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

/** `*` stands for any text in Gatus' patterns, and `?` for one character. */
const wildcards = (pattern: string) =>
  pattern.replace(/[^*?]+/g, text => escaped(text)).replace(/[*?]/g, sign => (sign === '*' ? '.*' : '.'))
