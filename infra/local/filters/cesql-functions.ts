import type { Value, ValueType } from './cesql-expression.ts'
import { asBoolean, asInteger, asString, EvaluationError } from './cesql-values.ts'

export interface CesqlFunction {
  /** The types of the parameters. The last one also applies to all further arguments. */
  parameters: readonly (ValueType | 'any')[]
  returns: ValueType
  // biome-ignore lint/suspicious/noExplicitAny: the caller casts the arguments to the types of the parameters.
  run(...values: any[]): Value
}

const characters = (text: string): string[] => [...text]

const substring = (text: string, position: number, length = Number.POSITIVE_INFINITY): string => {
  const all = characters(text)
  if (Math.abs(position) > all.length || length < 0)
    throw new EvaluationError('the position or the length is outside the text')
  if (position === 0) return ''
  const start = position > 0 ? position - 1 : all.length + position
  return all.slice(start, start + length).join('')
}

const notNegative = (count: number): number => {
  if (count < 0) throw new EvaluationError('the length is negative')
  return count
}

const functions: Record<string, CesqlFunction[]> = {
  LENGTH: [{ parameters: ['string'], returns: 'integer', run: (text: string) => characters(text).length }],
  LOWER: [{ parameters: ['string'], returns: 'string', run: (text: string) => text.toLowerCase() }],
  UPPER: [{ parameters: ['string'], returns: 'string', run: (text: string) => text.toUpperCase() }],
  TRIM: [{ parameters: ['string'], returns: 'string', run: (text: string) => text.trim() }],
  LEFT: [
    {
      parameters: ['string', 'integer'],
      returns: 'string',
      run: (text: string, count: number) => characters(text).slice(0, notNegative(count)).join(''),
    },
  ],
  RIGHT: [
    {
      parameters: ['string', 'integer'],
      returns: 'string',
      run: (text: string, count: number) => {
        const all = characters(text)
        return all.slice(Math.max(all.length - notNegative(count), 0)).join('')
      },
    },
  ],
  SUBSTRING: [
    { parameters: ['string', 'integer'], returns: 'string', run: substring },
    { parameters: ['string', 'integer', 'integer'], returns: 'string', run: substring },
  ],
  ABS: [
    {
      parameters: ['integer'],
      returns: 'integer',
      run: (value: number) => {
        if (value === -(2 ** 31)) throw new EvaluationError('the absolute value is not a 32-bit integer')
        return Math.abs(value)
      },
    },
  ],
  INT: [{ parameters: ['any'], returns: 'integer', run: asInteger }],
  BOOL: [{ parameters: ['any'], returns: 'boolean', run: asBoolean }],
  STRING: [{ parameters: ['any'], returns: 'string', run: asString }],
  IS_INT: [{ parameters: ['any'], returns: 'boolean', run: (value: Value) => can(asInteger, value) }],
  IS_BOOL: [{ parameters: ['any'], returns: 'boolean', run: (value: Value) => can(asBoolean, value) }],
}

const concatenation: CesqlFunction = {
  parameters: ['string'],
  returns: 'string',
  run: (...texts: string[]) => texts.join(''),
}
const concatenationWithDelimiter: CesqlFunction = {
  parameters: ['string'],
  returns: 'string',
  run: (delimiter: string, ...texts: string[]) => texts.join(delimiter),
}

/** The function with this name and this number of arguments; undefined if there is none. */
export const functionFor = (name: string, count: number): CesqlFunction | undefined => {
  if (name === 'CONCAT') return concatenation
  if (name === 'CONCAT_WS') return count > 0 ? concatenationWithDelimiter : undefined
  return functions[name]?.find(({ parameters }) => parameters.length === count)
}

const can = (castTo: (value: Value) => Value, value: Value): boolean => {
  try {
    castTo(value)
    return true
  } catch (error) {
    if (error instanceof EvaluationError) return false
    throw error
  }
}
