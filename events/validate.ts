import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import type { EventDefinition } from './event.ts'

/** What is wrong with data, as ajv says it. */
export type ValidationError = Pick<ErrorObject, 'instancePath' | 'message'>

/** Checks data; after false, `errors` says why. The shape of what ajv compiles. */
export interface Validator {
  (data: unknown): boolean
  errors?: null | ValidationError[]
}

/** Compiled when first needed. The build puts validators that were compiled ahead in the place of this file: same name, same answers. */
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

/** ajv as the build uses it too: one set of rules. */
export const newCompiler = (options: ConstructorParameters<typeof Ajv>[0] = {}): Ajv =>
  formats.default(new Ajv(options))
