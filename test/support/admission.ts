import type { Manifest } from './manifests.ts'

/**
 * What Knative's admission webhooks check and its CRDs do not, as plain rules. Each returns what is wrong, in words.
 * Source: the Validate methods of knative.dev/eventing v0.50 and knative.dev/serving 1.23.
 */
export const admissionFaults = (object: Manifest): string[] => {
  switch (object.kind) {
    case 'Trigger':
      return triggerFaults(object)
    case 'Broker':
      return deliveryFaults(object.spec.delivery, 'spec.delivery')
    case 'PingSource':
      return pingSourceFaults(object)
    case 'SinkBinding':
      return sinkBindingFaults(object)
    case 'Service':
      return serviceFaults(object)
    default:
      return [`no admission rules for ${object.kind}`]
  }
}

// biome-ignore lint/suspicious/noExplicitAny: see Manifest.spec.
type Loose = any

const destinationFaults = (to: Loose, path: string): string[] => {
  if (!to?.ref && !to?.uri) return [`expected at least one, got none: ${path}.ref, ${path}.uri`]
  const absolute = to.uri !== undefined && URL.canParse(to.uri)
  if (!to.ref) return absolute ? [] : [`relative URI without ref: ${path}.uri`]
  return [
    ...(absolute ? [`absolute URI with ref: ${path}.uri`] : []),
    ...['apiVersion', 'kind', 'name'].filter(key => !to.ref[key]).map(key => `missing field: ${path}.ref.${key}`),
  ]
}

const isoDuration = /^P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/

const deliveryFaults = (delivery: Loose, path: string): string[] => {
  if (!delivery) return [`missing field: ${path}`]
  const whole = ['retry', 'backoffPolicy', 'backoffDelay', 'deadLetterSink'].filter(key => delivery[key] === undefined)
  return [
    // Ours: defaults are all or nothing, so a partial block means zero retries or hot ones.
    ...whole.map(key => `partial delivery block: ${path}.${key}`),
    ...(Number.isInteger(delivery.retry) && delivery.retry >= 0 ? [] : [`invalid value: ${path}.retry`]),
    ...(['linear', 'exponential'].includes(delivery.backoffPolicy) ? [] : [`invalid value: ${path}.backoffPolicy`]),
    ...(isoDuration.test(delivery.backoffDelay) ? [] : [`invalid value: ${path}.backoffDelay`]),
    ...(delivery.timeout === undefined || (isoDuration.test(delivery.timeout) && /[1-9]/.test(delivery.timeout))
      ? []
      : [`invalid value: ${path}.timeout`]),
    ...(delivery.retryAfterMax === undefined ? [] : [`feature flag delivery-retryafter is off: ${path}.retryAfterMax`]),
    ...destinationFaults(delivery.deadLetterSink, `${path}.deadLetterSink`),
  ]
}

const triggerFaults = ({ spec }: Manifest): string[] => [
  ...closed(spec, ['broker', 'brokerRef', 'delivery', 'filter', 'filters', 'subscriber'], 'spec'),
  ...closed(
    spec.delivery,
    ['deadLetterSink', 'retry', 'backoffPolicy', 'backoffDelay', 'timeout', 'retryAfterMax', 'format'],
    'spec.delivery',
  ),
  ...closed(spec.filter, ['attributes'], 'spec.filter'),
  ...(spec.broker ? [] : ['missing field: spec.broker']),
  ...Object.entries(spec.filter?.attributes ?? {}).flatMap(([name, value]) => [
    ...(/^[a-z][a-z0-9]*$/.test(name) ? [] : [`invalid key name: spec.filter.attributes[${name}]`]),
    ...(typeof value === 'string' && value !== '' ? [] : [`empty or no string: spec.filter.attributes[${name}]`]),
  ]),
  ...(spec.filters ?? []).flatMap((element: Loose, index: number) =>
    Object.keys(element).length === 1 ? [] : [`expected one dialect: spec.filters[${index}]`],
  ),
  ...destinationFaults(spec.subscriber, 'spec.subscriber'),
  ...deliveryFaults(spec.delivery, 'spec.delivery'),
]

const standardAttributes = ['id', 'type', 'source', 'subject', 'time', 'specversion', 'dataschema', 'datacontenttype']

const pingSourceFaults = ({ spec }: Manifest): string[] => [
  ...destinationFaults(spec.sink, 'spec.sink'),
  ...(spec.schedule.trim().split(/\s+/).length >= 5 && spec.schedule.trim().split(/\s+/).length <= 6
    ? []
    : ['expected 5 to 6 fields: spec.schedule']),
  ...(Intl.supportedValuesOf('timeZone').includes(spec.timezone) || spec.timezone === 'UTC'
    ? []
    : ['bad location: spec.timezone']),
  ...(spec.data !== undefined && spec.dataBase64 !== undefined
    ? ['expected one, got both: spec.data, spec.dataBase64']
    : []),
  ...(spec.data !== undefined && !spec.contentType ? ['data without contentType arrives without Content-Type'] : []),
  ...(spec.contentType === 'application/json' && !isJsonObject(spec.data) ? ['not a JSON object: spec.data'] : []),
  ...Object.keys(spec.ceOverrides?.extensions ?? {}).flatMap(name => [
    ...(/^[a-z0-9]+$/.test(name) ? [] : [`invalid key name: spec.ceOverrides.extensions[${name}]`]),
    ...(standardAttributes.includes(name) ? [`silences the source: spec.ceOverrides.extensions[${name}]`] : []),
  ]),
]

const isJsonObject = (text: string) => {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const sinkBindingFaults = ({ spec, metadata }: Manifest): string[] => [
  ...destinationFaults(spec.sink, 'spec.sink'),
  ...(spec.subject.apiVersion && spec.subject.kind ? [] : ['missing field: spec.subject.apiVersion or kind']),
  ...(Boolean(spec.subject.name) === Boolean(spec.subject.selector)
    ? ['expected exactly one: spec.subject.name, spec.subject.selector']
    : []),
  ...(spec.subject.namespace === undefined || spec.subject.namespace === metadata.namespace
    ? []
    : ['namespace differs: spec.subject.namespace']),
]

const reservedEnv = ['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION', 'K_SINK', 'K_CE_OVERRIDES']

const serviceFaults = ({ metadata, spec }: Manifest): string[] => {
  const annotations: Record<string, string> = spec.template.metadata?.annotations ?? {}
  const scaling = (key: string) => annotations[`autoscaling.knative.dev/${key}`]
  const pod = spec.template.spec
  const container = pod.containers[0]
  const security = container.securityContext ?? {}
  return [
    ...Object.keys(metadata.annotations ?? {})
      .filter(key => key.startsWith('autoscaling.knative.dev/'))
      .map(key => `belongs to the template: metadata.annotations[${key}]`),
    ...Object.entries(annotations)
      .filter(([, value]) => typeof value !== 'string')
      .map(([key]) => `no string: spec.template.metadata.annotations[${key}]`),
    ...(Number(scaling('max-scale')) >= Number(scaling('min-scale')) ? [] : ['max-scale is less than min-scale']),
    ...(Number(scaling('target')) >= 0.01 ? [] : ['target is less than 0.01']),
    ...(within(seconds(scaling('window')), 6, 3600) ? [] : ['window is not between 6s and 1h']),
    ...(scaling('initial-scale') === '0' ? ['initial-scale 0 is off by default on clusters'] : []),
    ...(spec.template.metadata?.name ? ['spec.template.metadata.name must change with every edit: leave it out'] : []),
    ...(pod.containers.length === 1 ? [] : ['expected one container']),
    ...(within(pod.containerConcurrency, 0, 1000) ? [] : ['containerConcurrency is not between 0 and 1000']),
    ...(within(pod.timeoutSeconds, 1, 600) ? [] : ['timeoutSeconds is not between 1 and 600']),
    ...(container.env ?? [])
      .filter(({ name }: Loose) => reservedEnv.includes(name))
      .map(({ name }: Loose) => `reserved: env ${name}`),
    ...['lifecycle', 'terminationGracePeriodSeconds', 'nodeSelector', 'tolerations', 'affinity', 'initContainers']
      .filter(key => pod[key] !== undefined || container[key] !== undefined)
      .map(key => `not allowed: ${key}`),
    ...(container.volumeMounts ?? [])
      .filter(({ mountPath }: Loose) => ['/', '/dev', '/dev/log', '/var/log'].includes(mountPath))
      .map(({ mountPath }: Loose) => `not allowed: mountPath ${mountPath}`),
    // Ours: what Kubernetes calls "restricted".
    ...(security.runAsNonRoot === true &&
    security.allowPrivilegeEscalation === false &&
    security.readOnlyRootFilesystem === true &&
    security.capabilities?.drop?.includes('ALL') &&
    security.seccompProfile?.type === 'RuntimeDefault'
      ? []
      : ['securityContext is not restricted']),
  ]
}

const within = (value: number | undefined, least: number, most: number) =>
  value !== undefined && value >= least && value <= most
const seconds = (goDuration = '') => {
  const found = /^(\d+)(s|m|h)$/.exec(goDuration)
  return found ? Number(found[1]) * { s: 1, m: 60, h: 3600 }[found[2] as 's' | 'm' | 'h'] : undefined
}
const closed = (object: Loose, known: string[], path: string) =>
  Object.keys(object ?? {})
    .filter(key => !known.includes(key))
    .map(key => `unknown field: ${path}.${key}`)
