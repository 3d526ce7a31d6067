import type { ErrorObject } from 'ajv'
import type { YamlPath } from '#infra/files/yaml-lines.ts'
import { didYouMean } from './did-you-mean.ts'
import { durationPattern } from './duration.ts'
import { keyPattern } from './file-schema.ts'

/** What is wrong with a value of the file, in English: `must be text, not a number`. */
export interface Fault {
  path: YamlPath
  reason: string
}

/** A person mends a few faults at a time, and each one takes time to describe and to locate. */
const mostFaults = 100

/** Makes faults from the first errors of ajv, which must run with `allErrors` and `verbose`. */
export const schemaFaults = (errors: readonly ErrorObject[], at: YamlPath = []): Fault[] => {
  // The errors inside of an alternative say only why that alternative does not fit.
  const ofUnions = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ schemaPath }) => `${schemaPath}/`)
  const unions = [...new Set(ofUnions)]
  return errors
    .filter(({ schemaPath }) => !unions.some(union => schemaPath.startsWith(union)))
    .slice(0, mostFaults)
    .map(error => {
      const { path, reason } = faultOf(error)
      return { path: [...at, ...path], reason }
    })
}

/** The steps of a JSON Pointer: `/json/0/path`. */
export const stepsOf = (instancePath: string): YamlPath =>
  instancePath
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(step => (/^\d+$/.test(step) ? Number(step) : step))

const faultOf = ({ instancePath, keyword, params, message, data, schema, parentSchema }: ErrorObject): Fault => {
  const path = stepsOf(instancePath)
  const shown = typeof data === 'string' ? JSON.stringify(shortened(data)) : String(data)
  switch (keyword) {
    case 'additionalProperties':
      return {
        path: [...path, params.additionalProperty],
        reason: unknownKey(params.additionalProperty, Object(parentSchema)),
      }
    case 'required':
      return { path: [...path, params.missingProperty], reason: 'is missing' }
    case 'type':
      return { path, reason: `must be ${typeNames[params.type] ?? params.type}, not ${nameOf(data)}` }
    case 'pattern':
      return { path, reason: `${shown} ${patternReasons[params.pattern] ?? `must match ${params.pattern}`}` }
    case 'minimum':
      return { path, reason: `is ${shown}; it must be at least ${params.limit}` }
    case 'maximum':
      return { path, reason: `is ${shown}; it must be at most ${params.limit}` }
    case 'minLength':
      return { path, reason: 'is empty' }
    case 'maxLength':
      return { path, reason: `is longer than ${params.limit} characters` }
    case 'const':
      return { path, reason: `must be ${JSON.stringify(schema)}` }
    case 'enum':
      return { path, reason: oneOf(shown, data, params.allowedValues) }
    case 'anyOf':
      return { path, reason: alternativeReason(shown, data, schema as object[], Object(parentSchema)) }
    default:
      return { path, reason: message ?? 'is not valid' }
  }
}

const typeNames: Record<string, string> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

const nameOf = (value: unknown) =>
  value === null
    ? 'empty'
    : Array.isArray(value)
      ? 'a list'
      : { object: 'a mapping', string: 'text', number: String(value), boolean: 'true or false' }[typeof value as string]

const patternReasons: Record<string, string> = {
  [durationPattern]: 'is not a duration; write it like 30s, 5m or 1h30m',
  [keyPattern]: 'is not the key of a monitor; keys have lower-case letters, digits, ".", "_" and "-"',
}

const unknownKey = (key: string, schema: { properties?: object; patternProperties?: object }) =>
  schema.patternProperties === undefined
    ? `is not a known key${didYouMean(key, Object.keys(schema.properties ?? {}))}`
    : `is not a valid key; use lower-case letters, digits, ".", "_" and "-"`

const oneOf = (shown: string, data: unknown, allowed: readonly unknown[]) =>
  `${shown} is not one of ${allowed.join(', ')}${typeof data === 'string' ? didYouMean(data, allowed.map(String)) : ''}`

/** The reason for a value that fits none of several alternatives. */
const alternativeReason = (
  shown: string,
  data: unknown,
  schema: object[],
  { description }: { description?: string },
) =>
  schema.every(alternative => 'const' in alternative)
    ? oneOf(
        shown,
        data,
        schema.map(alternative => (alternative as { const: unknown }).const),
      )
    : `has none of the allowed forms${description === undefined ? '' : `. ${description}`}`

const shortened = (text: string) => (text.length > 60 ? `${text.slice(0, 59)}…` : text)
