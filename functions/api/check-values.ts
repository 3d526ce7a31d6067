import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { FileFaults, type LocatedFault, locatedFaults, readText } from '#functions/vigia-yaml/read-file.ts'
import type { Fault } from '#functions/vigia-yaml/schema-faults.ts'
import { schemaFaults } from '#functions/vigia-yaml/schema-faults.ts'
import type { YamlPath } from '#infra/files/yaml-lines.ts'
import { Problem } from './problem.ts'

const compiled = new Map<TSchema, ValidateFunction>()

/** Texts of a query become numbers where the schema has numbers. Formats are only documentation. */
const validatorOf = (schema: TSchema, coerceTypes: boolean) => {
  const validator =
    compiled.get(schema) ??
    new Ajv({ allErrors: true, verbose: true, coerceTypes, validateFormats: false }).compile(schema)
  compiled.set(schema, validator)
  return validator
}

/** The values of a query; throws a Problem that names every wrong one. */
export const checkQuery = (
  schema: TSchema | undefined,
  query: URLSearchParams,
): Record<string, string | number | boolean> => {
  // A parameter without a value is a flag: `?allowDelete`.
  const values = Object.fromEntries([...query].map(([name, value]) => [name, value === '' ? 'true' : value]))
  if (schema === undefined) {
    if (query.size > 0) throw new Problem(400, { detail: `This operation has no parameter ${[...query.keys()][0]}.` })
    return {}
  }
  const isValid = validatorOf(schema, true)
  if (isValid(values)) return values
  throw wrongValues(
    locatedFaults(schemaFaults(isValid.errors ?? []), () => 0),
    { status: 400 },
  )
}

/** A body that was read: its value, and the lines of its parts. */
export interface Body {
  value: unknown
  lineOf(path: YamlPath): number
}

/** Parses a body, which is JSON or YAML, and checks it by its schema. */
export const checkBody = (schema: TSchema, text: string, example: unknown): Body => {
  const body = parseBody(text, example)
  refuse(bodyFaults(schema, body.value), body, example)
  return body
}

/** Parses a body. A text that is neither JSON nor YAML is a Problem. */
export const parseBody = (text: string, example: unknown): Body => {
  if (text.trim() === '') throw new Problem(400, { detail: 'The request needs a body.', example })
  try {
    return readText('the body', text)
  } catch (error) {
    throw error instanceof FileFaults ? wrongValues(error.faults, { status: 400, example }) : error
  }
}

/** What is wrong with a value by its schema. */
export const bodyFaults = (schema: TSchema, value: unknown): Fault[] => {
  const isValid = validatorOf(schema, false)
  return isValid(value) ? [] : schemaFaults(isValid.errors ?? [])
}

/** Throws a Problem if there are faults. */
export const refuse = (faults: readonly Fault[], { lineOf }: Pick<Body, 'lineOf'>, example: unknown): void => {
  if (faults.length > 0) throw wrongValues(locatedFaults(faults, lineOf), { example })
}

/** The problem that values are wrong, with a sentence that names the first. */
export const wrongValues = (
  faults: readonly LocatedFault[],
  { status = 422, example }: { status?: 400 | 422; example?: unknown } = {},
): Problem => {
  const errors = faults.map(fault => (fault.field === 'the file' ? { ...fault, field: 'the body' } : fault))
  const [first] = errors
  const place = [first!.line > 0 && `line ${first!.line}:`, first!.field].filter(part => part).join(' ')
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new Problem(status, {
    detail: `${place} ${first!.reason}${more}`.trim(),
    errors,
    ...(example !== undefined && { example }),
  })
}
