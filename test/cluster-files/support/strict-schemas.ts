import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { type Crd, definitionsOf } from './crds.ts'

const limits = [
  ...['required', 'enum', 'pattern', 'minimum', 'maximum'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems'],
]

/** Strict as kubectl's server-side validation: a field the schema does not name is a fault, except where it keeps unknown fields. */
export const strictSchema = (schema: AnySchemaObject): AnySchemaObject => {
  const { properties, items, additionalProperties, ...rest } = schema
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true
  const type = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type
  const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => limits.includes(key)))
  return {
    ...plain,
    ...(type ? { type: schema.nullable ? [type, 'null'].flat() : type } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, value]) => [key, strictSchema(value as AnySchemaObject)]),
          ),
        }
      : {}),
    ...(items ? { items: strictSchema(items) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: strictSchema(additionalProperties) } : {}),
    ...(properties && !additionalProperties && !keeps ? { additionalProperties: false } : {}),
  }
}

/** Kubernetes adds these itself; a CRD's schema has `metadata: {type: object}` and nothing inside. */
const objectSchema = ({ spec }: Crd, schema: AnySchemaObject): AnySchemaObject => {
  const text = { type: 'string' }
  const texts = { type: 'object', additionalProperties: text }
  return {
    ...strictSchema(schema),
    properties: {
      ...strictSchema(schema).properties,
      apiVersion: text,
      kind: text,
      metadata: {
        type: 'object',
        additionalProperties: false,
        properties: {
          name: { type: 'string', pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', maxLength: 253 },
          ...(spec.scope === 'Namespaced' ? { namespace: text } : {}),
          labels: texts,
          annotations: texts,
        },
        required: spec.scope === 'Namespaced' ? ['name', 'namespace'] : ['name'],
      },
    },
  }
}

// CRDs have patterns for Go's expressions, which the newer mode of JavaScript's would refuse.
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, unicodeRegExp: false })
const compiled = new Map<string, Validator[]>()

interface Validator {
  from: string
  /** Undefined where this definition of the kind has no such version. */
  validate: ValidateFunction | undefined
}

const validators = (apiVersion: string, kind: string): Validator[] => {
  const [group = '', version = ''] = apiVersion.split('/')
  return definitionsOf(group, kind).map(({ from, crd }) => {
    const found = crd.spec.versions.find(({ name }) => name === version)
    return { from, validate: found && ajv.compile(objectSchema(crd, found.schema.openAPIV3Schema)) }
  })
}

/**
 * What API servers would say of an object under strict validation, in words: one for each version of the module that defines the kind.
 * Undefined for a kind that nothing here defines.
 */
export const schemaFaults = ({ file: _, ...manifest }: Manifest): string[] | undefined => {
  const { apiVersion, kind } = manifest
  const id = `${apiVersion} ${kind}`
  if (!compiled.has(id)) compiled.set(id, validators(apiVersion, kind))
  const found = compiled.get(id)!
  if (found.length === 0) return undefined
  return found.flatMap(({ from, validate }) => {
    if (!validate) return [`${from} has no ${id}`]
    return validate(manifest)
      ? []
      : ajv
          .errorsText(validate.errors, { dataVar: kind })
          .split(', ')
          .map(fault => `${from}: ${fault}`)
  })
}
