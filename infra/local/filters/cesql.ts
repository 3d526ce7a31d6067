import { type Expression, parse } from './cesql-grammar.ts'

/**
 * CloudEvents SQL 1.0 (github.com/cloudevents/spec, cesql/spec.md) as a filter: an expression passes when it is true and
 * nothing went wrong on the way. Behind a broker every attribute is a string.
 */
type Attributes = Readonly<Record<string, string>>
type Value = string | number | boolean
type Kind = 'string' | 'integer' | 'boolean'

/** Something went wrong in the evaluation, for which the event does not pass. */
class Fault extends Error {}

/** Throws SyntaxError for what is no expression. */
export const cesqlPredicate = (text: string): ((attributes: Attributes) => boolean) => {
  const expression = parse(text)
  return attributes => {
    try {
      return evaluate(expression, attributes) === true
    } catch (error) {
      if (error instanceof Fault) return false
      throw error
    }
  }
}

/** Why an expression cannot be a filter, in words that follow its name. */
export const cesqlErrors = (text: string): string[] => {
  try {
    const expression = parse(text)
    const unknown = callsIn(expression).filter(({ name, count }) => !functionFor(name, count))
    if (unknown.length > 0)
      return unknown.map(
        ({ name, count }) => `calls ${name} with ${count} arguments, which there is not: never matches`,
      )
    // Knative's filter panics on each event here, and every event of the broker becomes a dead letter.
    return kindOf(expression) === 'boolean' ? [] : [`is a ${kindOf(expression)}; a filter is true or false`]
  } catch (error) {
    if (error instanceof SyntaxError) return [`cannot be read: ${error.message}`]
    throw error
  }
}

const kindOf = (expression: Expression): Kind => {
  switch (expression.is) {
    case 'literal':
      return kindOfValue(expression.value)
    case 'attribute':
      return 'string'
    case 'negate':
    case 'arithmetic':
      return 'integer'
    case 'call':
      return functionFor(expression.name, expression.given.length)?.gives ?? 'boolean'
    default:
      return 'boolean'
  }
}

const kindOfValue = (value: Value): Kind =>
  typeof value === 'number' ? 'integer' : typeof value === 'boolean' ? 'boolean' : 'string'

const callsIn = (expression: Expression): { name: string; count: number }[] => {
  switch (expression.is) {
    case 'literal':
    case 'attribute':
    case 'exists':
      return []
    case 'not':
    case 'negate':
    case 'like':
      return callsIn(expression.of)
    case 'in':
      return [expression.of, ...expression.set].flatMap(callsIn)
    case 'call':
      return [{ name: expression.name, count: expression.given.length }, ...expression.given.flatMap(callsIn)]
    default:
      return [expression.left, expression.right].flatMap(callsIn)
  }
}

const evaluate = (expression: Expression, attributes: Attributes): Value => {
  switch (expression.is) {
    case 'literal':
      return expression.value
    case 'attribute': {
      const value = attributes[expression.name]
      if (value === undefined) throw new Fault(`no attribute ${expression.name}`)
      return value
    }
    case 'exists':
      return attributes[expression.name] !== undefined
    case 'not':
      return !asBoolean(evaluate(expression.of, attributes))
    case 'negate':
      return -asInteger(evaluate(expression.of, attributes)) | 0
    case 'like':
      return expression.pattern.test(asString(evaluate(expression.of, attributes)))
    case 'in': {
      const value = evaluate(expression.of, attributes)
      return expression.set.some(element => cast(evaluate(element, attributes), kindOfValue(value)) === value)
    }
    case 'logic': {
      const left = asBoolean(evaluate(expression.left, attributes))
      if (expression.operator === 'AND' && !left) return false
      if (expression.operator === 'OR' && left) return true
      const right = asBoolean(evaluate(expression.right, attributes))
      return expression.operator === 'XOR' ? left !== right : right
    }
    case 'comparison': {
      const left = evaluate(expression.left, attributes)
      const right = evaluate(expression.right, attributes)
      const { operator } = expression
      // Which equality is meant is told by the right side.
      if (operator === '=') return cast(left, kindOfValue(right)) === right
      if (operator === '!=') return cast(left, kindOfValue(right)) !== right
      const [a, b] = [asInteger(left), asInteger(right)]
      return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b
    }
    case 'arithmetic': {
      const a = asInteger(evaluate(expression.left, attributes))
      const b = asInteger(evaluate(expression.right, attributes))
      switch (expression.operator) {
        case '+':
          return (a + b) | 0
        case '-':
          return (a - b) | 0
        case '*':
          return Math.imul(a, b)
        default:
          if (b === 0) throw new Fault('division by zero')
          return (expression.operator === '/' ? a / b : a % b) | 0
      }
    }
    case 'call': {
      const called = functionFor(expression.name, expression.given.length)
      if (!called) throw new Fault(`no function ${expression.name}`)
      return called.run(
        ...expression.given.map((given, index) =>
          cast(evaluate(given, attributes), called.takes[Math.min(index, called.takes.length - 1)] ?? 'string'),
        ),
      )
    }
    default:
      return expression satisfies never
  }
}

const asString = (value: Value): string => String(value)

const asInteger = (value: Value): number => {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN
  if (number !== (number | 0)) throw new Fault(`${value} is not a 32-bit integer`)
  return number | 0
}

const asBoolean = (value: Value): boolean => {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0
  const lower = value.toLowerCase()
  if (lower !== 'true' && lower !== 'false') throw new Fault(`${value} is neither true nor false`)
  return lower === 'true'
}

const cast = (value: Value, kind: Kind | 'any'): Value => {
  switch (kind) {
    case 'string':
      return asString(value)
    case 'integer':
      return asInteger(value)
    case 'boolean':
      return asBoolean(value)
    case 'any':
      return value
    default:
      return kind satisfies never
  }
}

interface Function {
  takes: readonly (Kind | 'any')[]
  gives: Kind
  // biome-ignore lint/suspicious/noExplicitAny: the arguments were cast to what the function takes.
  run(...given: any[]): Value
}

const characters = (text: string): string[] => [...text]

const substring = (text: string, position: number, length = Number.POSITIVE_INFINITY): string => {
  const all = characters(text)
  if (Math.abs(position) > all.length || length < 0) throw new Fault('no such part of the text')
  if (position === 0) return ''
  const start = position > 0 ? position - 1 : all.length + position
  return all.slice(start, start + length).join('')
}

const atLeastNone = (count: number): number => {
  if (count < 0) throw new Fault('a negative length')
  return count
}

const functions: Record<string, Function[]> = {
  LENGTH: [{ takes: ['string'], gives: 'integer', run: (text: string) => characters(text).length }],
  LOWER: [{ takes: ['string'], gives: 'string', run: (text: string) => text.toLowerCase() }],
  UPPER: [{ takes: ['string'], gives: 'string', run: (text: string) => text.toUpperCase() }],
  TRIM: [{ takes: ['string'], gives: 'string', run: (text: string) => text.trim() }],
  LEFT: [
    {
      takes: ['string', 'integer'],
      gives: 'string',
      run: (text: string, count: number) => characters(text).slice(0, atLeastNone(count)).join(''),
    },
  ],
  RIGHT: [
    {
      takes: ['string', 'integer'],
      gives: 'string',
      run: (text: string, count: number) => {
        const all = characters(text)
        return all.slice(Math.max(all.length - atLeastNone(count), 0)).join('')
      },
    },
  ],
  SUBSTRING: [
    { takes: ['string', 'integer'], gives: 'string', run: substring },
    { takes: ['string', 'integer', 'integer'], gives: 'string', run: substring },
  ],
  ABS: [
    {
      takes: ['integer'],
      gives: 'integer',
      run: (value: number) => {
        if (value === -(2 ** 31)) throw new Fault('has no positive counterpart')
        return Math.abs(value)
      },
    },
  ],
  INT: [{ takes: ['any'], gives: 'integer', run: asInteger }],
  BOOL: [{ takes: ['any'], gives: 'boolean', run: asBoolean }],
  STRING: [{ takes: ['any'], gives: 'string', run: asString }],
  IS_INT: [{ takes: ['any'], gives: 'boolean', run: (value: Value) => can(asInteger, value) }],
  IS_BOOL: [{ takes: ['any'], gives: 'boolean', run: (value: Value) => can(asBoolean, value) }],
}

const concatenation: Function = { takes: ['string'], gives: 'string', run: (...texts: string[]) => texts.join('') }
const joined: Function = {
  takes: ['string'],
  gives: 'string',
  run: (delimiter: string, ...texts: string[]) => texts.join(delimiter),
}

const functionFor = (name: string, count: number): Function | undefined => {
  if (name === 'CONCAT') return concatenation
  if (name === 'CONCAT_WS') return count > 0 ? joined : undefined
  return functions[name]?.find(({ takes }) => takes.length === count)
}

const can = (castTo: (value: Value) => Value, value: Value): boolean => {
  try {
    castTo(value)
    return true
  } catch (error) {
    if (error instanceof Fault) return false
    throw error
  }
}
