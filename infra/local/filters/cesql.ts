import type { Expression, Value, ValueType } from './cesql-expression.ts'
import { functionFor } from './cesql-functions.ts'
import { parse } from './cesql-parser.ts'
import { asBoolean, asInteger, asString, cast, EvaluationError, typeOfValue } from './cesql-values.ts'

/** The attributes of an event. The broker passes every attribute on as a string. */
type Attributes = Readonly<Record<string, string>>

/**
 * A CloudEvents SQL 1.0 expression (github.com/cloudevents/spec, cesql/spec.md) as a filter. An event passes when the
 * expression is true and its evaluation does not fail. Throws SyntaxError when the text is not a valid expression.
 */
export const cesqlPredicate = (text: string): ((attributes: Attributes) => boolean) => {
  const expression = parse(text)
  return attributes => {
    try {
      return evaluate(expression, attributes) === true
    } catch (error) {
      if (error instanceof EvaluationError) return false
      throw error
    }
  }
}

/** Why an expression cannot be a filter. Each message continues a sentence that begins with the name of the field. */
export const cesqlErrors = (text: string): string[] => {
  try {
    const expression = parse(text)
    const unknown = callsIn(expression).filter(({ name, count }) => !functionFor(name, count))
    if (unknown.length > 0)
      return unknown.map(
        ({ name, count }) =>
          `calls ${name} with ${count} arguments; there is no such function, so the filter never matches`,
      )
    const type = typeOf(expression)
    // With another type, Knative's filter panics on every event, so every event of the broker becomes a dead letter.
    return type === 'boolean' ? [] : [`is a ${type}; a filter is true or false, so compare it with a value`]
  } catch (error) {
    if (error instanceof SyntaxError) return [`cannot be read: ${error.message}`]
    throw error
  }
}

const typeOf = (expression: Expression): ValueType => {
  switch (expression.kind) {
    case 'literal':
      return typeOfValue(expression.value)
    case 'attribute':
      return 'string'
    case 'negate':
    case 'arithmetic':
      return 'integer'
    case 'call':
      return functionFor(expression.name, expression.arguments.length)?.returns ?? 'boolean'
    default:
      return 'boolean'
  }
}

const callsIn = (expression: Expression): { name: string; count: number }[] => {
  switch (expression.kind) {
    case 'literal':
    case 'attribute':
    case 'exists':
      return []
    case 'not':
    case 'negate':
    case 'like':
      return callsIn(expression.operand)
    case 'in':
      return [expression.operand, ...expression.set].flatMap(callsIn)
    case 'call':
      return [{ name: expression.name, count: expression.arguments.length }, ...expression.arguments.flatMap(callsIn)]
    default:
      return [expression.left, expression.right].flatMap(callsIn)
  }
}

const evaluate = (expression: Expression, attributes: Attributes): Value => {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'attribute': {
      const value = attributes[expression.name]
      if (value === undefined) throw new EvaluationError(`the event has no attribute ${expression.name}`)
      return value
    }
    case 'exists':
      return attributes[expression.name] !== undefined
    case 'not':
      return !asBoolean(evaluate(expression.operand, attributes))
    case 'negate':
      return -asInteger(evaluate(expression.operand, attributes)) | 0
    case 'like':
      return expression.pattern.test(asString(evaluate(expression.operand, attributes)))
    case 'in': {
      const value = evaluate(expression.operand, attributes)
      return expression.set.some(element => cast(evaluate(element, attributes), typeOfValue(value)) === value)
    }
    case 'logic':
      return logic(expression, attributes)
    case 'comparison':
      return compare(expression.operator, evaluate(expression.left, attributes), evaluate(expression.right, attributes))
    case 'arithmetic':
      return calculate(
        expression.operator,
        asInteger(evaluate(expression.left, attributes)),
        asInteger(evaluate(expression.right, attributes)),
      )
    case 'call':
      return call(expression, attributes)
    default:
      return expression satisfies never
  }
}

/** Evaluates AND, OR or XOR. The right side is evaluated only when the left side does not decide the result. */
const logic = ({ operator, left, right }: Expression & { kind: 'logic' }, attributes: Attributes): boolean => {
  const first = asBoolean(evaluate(left, attributes))
  if (operator === 'AND' && !first) return false
  if (operator === 'OR' && first) return true
  const second = asBoolean(evaluate(right, attributes))
  return operator === 'XOR' ? first !== second : second
}

const compare = (operator: (Expression & { kind: 'comparison' })['operator'], left: Value, right: Value): boolean => {
  // For `=` and `!=`, the left side is converted to the type of the right side.
  if (operator === '=') return cast(left, typeOfValue(right)) === right
  if (operator === '!=') return cast(left, typeOfValue(right)) !== right
  const [a, b] = [asInteger(left), asInteger(right)]
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b
}

/** 32-bit arithmetic that wraps around. */
const calculate = (operator: (Expression & { kind: 'arithmetic' })['operator'], a: number, b: number): number => {
  switch (operator) {
    case '+':
      return (a + b) | 0
    case '-':
      return (a - b) | 0
    case '*':
      return Math.imul(a, b)
    case '/':
    case '%':
      if (b === 0) throw new EvaluationError('division by zero')
      return (operator === '/' ? a / b : a % b) | 0
    default:
      return operator satisfies never
  }
}

const call = ({ name, arguments: values }: Expression & { kind: 'call' }, attributes: Attributes): Value => {
  const called = functionFor(name, values.length)
  if (!called) throw new EvaluationError(`there is no function ${name} with ${values.length} arguments`)
  const { parameters } = called
  return called.run(
    ...values.map((argument, index) =>
      cast(evaluate(argument, attributes), parameters[Math.min(index, parameters.length - 1)] ?? 'string'),
    ),
  )
}
