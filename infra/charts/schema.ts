import { limitVariables } from '#functions/monitors/limits.ts'
import type { Settings } from './settings.ts'

const text = { type: 'string', minLength: 1 }
const quantity = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(m|[KMGT]i?)?$' }
const count = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum })
const closed = (properties: Record<string, object>, required = Object.keys(properties)) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
})

const resources = closed({
  requests: closed({ cpu: quantity, memory: quantity }),
  limits: closed({ cpu: quantity, memory: quantity }),
})

/** Knative's limits: containerConcurrency is at most 1000, and a target above containerConcurrency has no effect. */
const functionSettings = closed({
  minScale: count(0, 100),
  maxScale: count(1, 100),
  target: count(1, 1000),
  concurrency: count(0, 1000),
  resources,
})

const configuration = [
  'API_URL',
  'DEAD_LETTERS_COMMAND',
  'LOG_LEVEL',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'PAGES_URL',
  'PING_URL',
  'PROBE_ALLOW',
  'PROBE_REFERENCE',
  'TELEGRAM_API_ROOT',
  'TELEGRAM_BOT_NAME',
  'TVMAZE_URL',
  ...Object.values(limitVariables).map(({ name }) => name),
]

/** The JSON Schema of values.yaml. It allows no other properties, so that `helm install` refuses a misspelt value. */
export const schemaOf = (clusters: readonly string[], functions: string[], { secrets }: Settings): object => {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...closed(
      {
        cluster: { enum: clusters },
        image: closed({ repository: text, tag: { type: 'string', pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,50}$' } }),
        revision: text,
        domain: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$' },
        configuration: closed(Object.fromEntries(configuration.map(key => [key, { type: 'string' }])), []),
        secrets: closed(Object.fromEntries(secrets.map(key => [key, { type: 'string' }])), []),
        sealedSecrets: {
          type: 'object',
          additionalProperties: { type: 'object', additionalProperties: text },
        },
        publishers: { type: 'boolean' },
        storage: closed({ postgres: quantity, mongodb: quantity }),
        functions: closed(Object.fromEntries(functions.map(name => [name, functionSettings]))),
        // Helm adds `global` when the chart is part of another chart.
        global: { type: 'object' },
      },
      ['cluster', 'image', 'revision', 'domain', 'configuration', 'publishers', 'storage', 'functions'],
    ),
  }
}
