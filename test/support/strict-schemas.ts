import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv'
import { parseAllDocuments } from 'yaml'
import { type Manifest, root } from './manifests.ts'

const crdFolder = process.env.KNATIVE_CRDS ?? join(root, '../shared/crds')

/** Why the kinds of Knative and of the platform parts cannot be checked here, for a test's title; undefined where they can. */
export const whyNoSchemas = existsSync(join(crdFolder, 'platform'))
  ? undefined
  : 'no CRDs: set KNATIVE_CRDS to a folder that has them, and platform/ in it'

interface Crd {
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: { kind: string }
    versions: { name: string; schema: { openAPIV3Schema: AnySchemaObject } }[]
  }
}

const limits = [
  ...['required', 'enum', 'pattern', 'minimum', 'maximum'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems'],
]

/** Strict as kubectl's server-side validation: a field the schema does not name is a fault, except where it keeps unknown fields. */
export const strict = (schema: AnySchemaObject): AnySchemaObject => {
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
            Object.entries(properties).map(([key, value]) => [key, strict(value as AnySchemaObject)]),
          ),
        }
      : {}),
    ...(items ? { items: strict(items) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: strict(additionalProperties) } : {}),
    ...(properties && !additionalProperties && !keeps ? { additionalProperties: false } : {}),
  }
}

/** Kubernetes adds these itself; a CRD's schema has `metadata: {type: object}` and nothing inside. */
const whole = ({ spec }: Crd, schema: AnySchemaObject): AnySchemaObject => {
  const text = { type: 'string' }
  const texts = { type: 'object', additionalProperties: text }
  return {
    ...strict(schema),
    properties: {
      ...strict(schema).properties,
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

// The platform's are megabytes: only those that are asked for are parsed.
let texts: string[] | undefined

const definition = (group: string, kind: string): Crd | undefined => {
  texts ??= [crdFolder, join(crdFolder, 'platform')].flatMap(folder =>
    readdirSync(folder)
      .filter(name => name.endsWith('.yaml'))
      .map(name => readFileSync(join(folder, name), 'utf8')),
  )
  return texts
    .filter(text => text.includes(`group: ${group}\n`) && text.includes(`kind: ${kind}\n`))
    .flatMap(text => parseAllDocuments(text))
    .flatMap(document => (document.toJS() as Crd | null) ?? [])
    .find(({ spec }) => spec.group === group && spec.names.kind === kind)
}

// CRDs have patterns for Go's expressions, which the newer mode of JavaScript's would refuse.
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, unicodeRegExp: false })
const compiled = new Map<string, ValidateFunction | undefined>()

const validator = (apiVersion: string, kind: string): ValidateFunction | undefined => {
  const [group = '', version = ''] = apiVersion.split('/')
  const crd = definition(group, kind)
  const found = crd?.spec.versions.find(({ name }) => name === version)
  return crd && found && ajv.compile(whole(crd, found.schema.openAPIV3Schema))
}

/** What the API server would say of an object under strict validation, in words; undefined for a kind that no CRD here defines. */
export const schemaFaults = ({ file: _, ...manifest }: Manifest): string[] | undefined => {
  const { apiVersion, kind } = manifest
  const id = `${apiVersion} ${kind}`
  if (!compiled.has(id)) compiled.set(id, validator(apiVersion, kind))
  const validate = compiled.get(id)
  if (validate === undefined) return undefined
  return validate(manifest) ? [] : ajv.errorsText(validate.errors, { dataVar: kind }).split(', ')
}
