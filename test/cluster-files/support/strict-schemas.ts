import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { type Crd, definitionsOf } from './crds.ts'

const limits = [
  ...['required', 'enum', 'pattern', 'minimum', 'maximum'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems'],
]

/**
 * Translates a regular expression of Go to JavaScript. In Go, `(?i)` holds until the end of the group that contains it;
 * JavaScript needs a group of its own: `(?i:…)`.
 */
const withFlagGroups = (pattern: string): string => {
  let text = ''
  /** For each open group: how many groups were added in it. */
  const added = [0]
  for (const token of pattern.match(/\\.|\[(?:\\.|[^\]])*\]|\(\?i\)|./gs) ?? []) {
    if (token === '(?i)') {
      text += '(?i:'
      added[added.length - 1]!++
      continue
    }
    if (token === '(') added.push(0)
    text += token === ')' ? `${')'.repeat(added.pop()!)})` : token
  }
  return text + ')'.repeat(added[0]!)
}

/**
 * Makes a schema as strict as the API server's strict validation: an unknown field is a fault, except where the schema
 * allows it.
 */
export const strictSchema = (schema: AnySchemaObject): AnySchemaObject => {
  const { properties, items, additionalProperties, ...rest } = schema
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true
  const type = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type
  const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => limits.includes(key)))
  return {
    ...plain,
    ...(typeof plain.pattern === 'string' && { pattern: withFlagGroups(plain.pattern) }),
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

/** The schema of a whole object. A CRD says nothing about apiVersion, kind and metadata, which Kubernetes defines. */
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

// CRDs have regular expressions in Go's syntax. JavaScript's unicode mode would refuse some of them.
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, unicodeRegExp: false })
const compiled = new Map<string, Validator[]>()

interface Validator {
  from: string
  /** Undefined when this definition of the kind lacks the version in the object's apiVersion. */
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
 * The faults that an API server would report for an object under strict validation, for each version of the module that
 * defines the kind. Undefined for a kind without a definition.
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

/** Groups of Kubernetes itself. A real API server checks their kinds (test/cluster). */
const kubernetesGroups = [
  ...['v1', 'apps/v1', 'batch/v1', 'networking.k8s.io/v1', 'policy/v1', 'storage.k8s.io/v1'],
  'admissionregistration.k8s.io/v1',
]
/**
 * Kinds that no Go module defines: of CloudNativePG's Barman plugin and of Knative's RabbitMQ broker. Their objects are
 * checked only if the folder of CRDs (the environment variable KNATIVE_CRDS) defines these kinds.
 */
const kindsWithoutModule = ['barmancloud.cnpg.io/v1 ObjectStore', 'eventing.knative.dev/v1alpha1 RabbitmqBrokerConfig']

/** The faults of all objects, each with the kind and name of its object. A kind without a definition is a fault too. */
export const faultsOfAll = (objects: Manifest[]): string[] =>
  objects.flatMap(one => {
    const id = `${one.apiVersion} ${one.kind}`
    const known = kubernetesGroups.includes(one.apiVersion) || kindsWithoutModule.includes(id)
    const faults = schemaFaults(one) ?? (known ? [] : [`unknown kind: ${id}`])
    return faults.map(fault => `${id} ${one.metadata.name}: ${fault}`)
  })
