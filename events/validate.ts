import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import type { EventDefinition } from './event.ts'

/** An error in the data of an event, as ajv reports it. */
export type ValidationError = Pick<ErrorObject, 'instancePath' | 'message'>

/**
 * Validates data. After the result false, `errors` has the reasons. It has the interface of a function that ajv
 * compiles.
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

/** A compiler with our rules; the build uses it too. */
export const newCompiler = (options: ConstructorParameters<typeof Ajv>[0] = {}): Ajv =>
  formats.default(new Ajv(options))
