import { anyOf, type Condition, hasSimpleWildcards, parseCondition, patternOf, textWithin } from './gatus-condition.ts'
import { gatusJsonAssertion } from './gatus-json.ts'
import { parseGoDuration } from './go-duration.ts'
import { isNumber } from './json-filter.ts'

/** The settings of a check that Gatus' conditions become, and what of them is lost. */
export interface ConditionSettings {
  settings: Record<string, unknown>
  lost: string[]
  /** Why there can be no such monitor. */
  why?: string
}

const dayMs = 86_400_000
/** The status codes that a condition can tell apart. */
const allCodes = Array.from({ length: 500 }, (_, at) => at + 100)

/** The settings of an `http` monitor. Without a condition about the status, Gatus accepts every status. */
export const httpConditions = (conditions: readonly string[]): ConditionSettings => {
  const result: ConditionSettings = { settings: {}, lost: [] }
  const json: object[] = []
  let codes = allCodes
  const parsed = conditions.map(parseCondition)
  // Gatus counts the elements of a list, but the characters of every other body.
  const isList = parsed.some(({ left }) => left.includes('[BODY]['))
  for (const condition of parsed) {
    const accepts = condition.left === '[STATUS]' ? statusTest(condition) : null
    if (accepts !== null) codes = codes.filter(accepts)
    else if (/^(len\(|has\()?\[BODY\]/.test(condition.left)) bodyCondition(condition, isList, result, json)
    else commonCondition(condition, result)
  }
  const status = rangesOf(codes)
  if (codes.length === 0) result.why ??= 'its conditions accept no status'
  if (status !== '200-299') result.settings.status = status
  if (json.length > 0) result.settings.json = json
  return result
}

/** How a kind without a status says what its answer must be. */
export type AnswerSetting = 'expect' | 'expected' | null

/** The settings of the kinds without a status. */
export const connectionConditions = (conditions: readonly string[], answer: AnswerSetting): ConditionSettings => {
  const result: ConditionSettings = { settings: {}, lost: [] }
  for (const condition of conditions.map(parseCondition))
    if (condition.left !== '[BODY]' || !answerCondition(condition, answer, result)) commonCondition(condition, result)
  return result
}

/** A condition about the whole answer of a service. Returns false if there is no setting for it. */
const answerCondition = (
  { text, operator, right }: Condition,
  answer: AnswerSetting,
  { settings, lost }: ConditionSettings,
): boolean => {
  const pattern = patternOf(right)
  const value = pattern === null ? right : answer === 'expect' ? textWithin(pattern) : null
  if (answer === null || operator !== '==' || settings[answer] !== undefined || value === null || anyOf(right) !== null)
    return false
  settings[answer] = answer === 'expected' ? [value] : value
  if (answer === 'expect' && pattern === null) lost.push(`with ${text}, the answer may contain more than the text`)
  return true
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
  if (isNumber(right)) return code => compare[operator]!(code, Number(right))
  if (operator !== '==' && operator !== '!=') return null
  const any = anyOf(right)
  if (any !== null) return code => any.includes(String(code)) === (operator === '==')
  const pattern = patternOf(right)
  if (pattern === null || !/^[\d*?]+$/.test(pattern)) return null
  const digits = new RegExp(`^${pattern.replaceAll('*', '\\d*').replaceAll('?', '\\d')}$`)
  return code => digits.test(String(code)) === (operator === '==')
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

const commonCondition = (condition: Condition, result: ConditionSettings): void => {
  const { settings, lost } = result
  const { text, left, operator, right } = condition
  const ms = isNumber(right) ? Number(right) : parseGoDuration(right)
  const isFailure = failureTest(condition)
  if (isFailure !== null) {
    if (isFailure) result.why ??= `with ${text} it is up while its service fails; Vigia has no such monitor`
  } else if (left === '[BODY].status' && operator === '==' && right === 'SERVING') {
    // A check of gRPC asks for nothing else.
  } else if (left === '[RESPONSE_TIME]' && /^<=?$/.test(operator) && ms !== null) {
    settings.slowMs = Math.max(1, operator === '<' ? Math.ceil(ms) - 1 : Math.floor(ms))
    lost.push(`with ${text}, a slow answer counts as degraded and not as down`)
  } else if (left === '[CERTIFICATE_EXPIRATION]' && /^>=?$/.test(operator) && ms !== null) {
    settings.certificateDays = Math.min(Math.max(Math.ceil(ms / dayMs), 1), 365)
    lost.push(`with ${text}, a certificate that expires soon counts as degraded and not as down`)
  } else lost.push(leftOut(condition, 'Vigia does not have it'))
}

/**
 * Whether a condition wants a failure: no connection, or a name that does not exist. false if it wants what every check
 * of Vigia wants; null for other conditions.
 */
const failureTest = ({ left, operator, right }: Condition): boolean | null => {
  const isEqual = operator === '=='
  if (operator !== '==' && operator !== '!=') return null
  if (left === '[CONNECTED]' && (right === 'true' || right === 'false')) return (right === 'true') !== isEqual
  if (left === '[DNS_RCODE]' && /^[A-Z]+$/.test(right)) return (right === 'NOERROR') !== isEqual
  return null
}

/** A condition about the body: a keyword, or an assertion about its JSON. */
const bodyCondition = (
  condition: Condition,
  isList: boolean,
  { settings, lost }: ConditionSettings,
  json: object[],
): void => {
  const { text, left, operator, right } = condition
  const pattern = patternOf(right)
  const keyword = operator === '==' ? 'keyword' : 'keywordAbsent'
  if (left === '[BODY]' && /^[=!]=$/.test(operator) && settings[keyword] === undefined) {
    const exact = pattern === null ? null : textWithin(pattern)
    const literal = exact ?? (operator === '==' ? longestLiteral(pattern, right) : null)
    if (literal !== null) {
      settings[keyword] = literal
      if (exact === null) lost.push(`with ${text}, the body has to contain ${JSON.stringify(literal)} anywhere`)
      return
    }
  }
  const isWholeBody = /^((len|has)\()?\[BODY\]\)?$/.test(left) && !(isList && left.startsWith('len('))
  const assertion = isWholeBody ? null : gatusJsonAssertion(condition)
  if (assertion === null) lost.push(leftOut(condition, 'Vigia compares a part of the JSON, or looks for a text'))
  else json.push(assertion)
}

/** The longest text that a body must contain to be equal to a text, or to a pattern; null if there is none. */
const longestLiteral = (pattern: string | null, text: string): string | null => {
  if (pattern === null) return text === '' || anyOf(text) !== null ? null : text
  if (!hasSimpleWildcards(pattern)) return null
  return pattern.split(/[*?]+/).toSorted((one, other) => other.length - one.length)[0] || null
}
