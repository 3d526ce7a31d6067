import type { Value, ValueType } from './cesql-expression.ts'

/** The evaluation of an expression failed, so the event does not pass the filter. */
export class EvaluationError extends Error {}

export const typeOfValue = (value: Value): ValueType =>
  typeof value === 'number' ? 'integer' : typeof value === 'boolean' ? 'boolean' : 'string'

export const asString = (value: Value): string => String(value)

export const asInteger = (value: Value): number => {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN
  if (number !== (number | 0)) throw new EvaluationError(`${value} is not a 32-bit integer`)
  return number | 0
}

export const asBoolean = (value: Value): boolean => {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0
  const lower = value.toLowerCase()
  if (lower !== 'true' && lower !== 'false') throw new EvaluationError(`${value} is neither true nor false`)
  return lower === 'true'
}

/** Converts a value to a type; `any` keeps the value as it is. Throws EvaluationError. */
export const cast = (value: Value, type: ValueType | 'any'): Value => {
  switch (type) {
    case 'string':
      return asString(value)
    case 'integer':
      return asInteger(value)
    case 'boolean':
      return asBoolean(value)
    case 'any':
      return value
    default:
      return type satisfies never
  }
}
