import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import type { EventDefinition } from './event.ts'

/** An error in the data of an event, as ajv reports it. */
export type ValidationError = Pick<ErrorObject, 'instancePath' | 'message' | 'params'>

/**
 * Validates data. If it returns false, `errors` has the reasons. The interface is that of a function compiled by ajv.
 */
export interface Validator {
  (data: unknown): boolean
  errors?: null | ValidationError[]
}

/**
 * The validator of an event, compiled at its first use. The build replaces this file with validators that are compiled
 * in advance.
 */
export const validatorOf = ({ type, schema }: EventDefinition): Validator => {
  let validator = compiled.get(type)
  if (!validator) {
    validator = compiler().compile(schema)
    compiled.set(type, validator)
  }
  return validator
}

const compiled = new Map<string, Validator>()
let ajv: Ajv | undefined
const compiler = () => {
  ajv ??= newCompiler()
  return ajv
}

/** Makes an ajv compiler that knows the formats; the build uses it too. */
export const newCompiler = (options: ConstructorParameters<typeof Ajv>[0] = {}): Ajv =>
  formats.default(new Ajv(options))
