import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'
import { cesqlErrors } from '#local/filters/cesql.ts'
import { cron } from '#local/sources/cron.ts'

/**
 * Checks an object by the rules of Knative's admission webhooks that are not in Knative's CRDs. Returns a message for
 * each fault. Source: the Validate methods of knative.dev/eventing v0.50 and knative.dev/serving 1.23 and 1.24.
 */
export const admissionFaults = (object: Manifest): string[] => {
  switch (object.kind) {
    case 'Trigger':
      return triggerFaults(object)
    case 'Broker':
      return brokerFaults(object)
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

const destinationFaults = (to: Untyped, path: string): string[] => {
  if (!to?.ref && !to?.uri) return [`expected at least one, got none: ${path}.ref, ${path}.uri`]
  // Our own rule: all of Vigia is in one namespace. Objects name it, references leave it out.
  if (to.ref?.namespace !== undefined) return [`leave out the namespace: ${path}.ref.namespace`]
  const absolute = to.uri !== undefined && URL.canParse(to.uri)
  if (!to.ref) return absolute ? [] : [`relative URI without ref: ${path}.uri`]
  return [
    ...(absolute ? [`absolute URI with ref: ${path}.uri`] : []),
    ...['apiVersion', 'kind', 'name'].filter(key => !to.ref[key]).map(key => `missing field: ${path}.ref.${key}`),
  ]
}

const isoDuration = /^P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/

const deliveryFaults = (delivery: Untyped, path: string): string[] => {
  if (!delivery) return [`missing field: ${path}`]
  const whole = ['retry', 'backoffPolicy', 'backoffDelay', 'deadLetterSink'].filter(key => delivery[key] === undefined)
  return [
    // Our own rule: Knative applies no defaults to a partial block, so a partial block would mean no retries, or
    // retries without a pause.
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

const brokerFaults = ({ metadata, spec }: Manifest): string[] => [
  ...(metadata.annotations?.['eventing.knative.dev/broker.class'] === '' ? ['missing field: broker.class'] : []),
  ...(spec.config === undefined
    ? []
    : ['apiVersion', 'kind', 'name'].filter(key => !spec.config[key]).map(key => `missing field: spec.config.${key}`)),
  ...deliveryFaults(spec.delivery, 'spec.delivery'),
]

const dependency = 'knative.dev/dependency'

const dependencyFaults = (text: string | undefined): string[] => {
  if (text === undefined) return []
  const found = parseObject(text)
  return ['apiVersion', 'kind', 'name']
    .filter(key => !found?.[key])
    .map(key => `missing field: metadata.annotations[${dependency}].${key}`)
}

const triggerFaults = ({ metadata, spec }: Manifest): string[] => [
  ...dependencyFaults(metadata.annotations?.[dependency]),
  ...unknownFields(spec, ['broker', 'brokerRef', 'delivery', 'filter', 'filters', 'subscriber'], 'spec'),
  ...unknownFields(
    spec.delivery,
    ['deadLetterSink', 'retry', 'backoffPolicy', 'backoffDelay', 'timeout', 'retryAfterMax', 'format'],
    'spec.delivery',
  ),
  ...unknownFields(spec.filter, ['attributes'], 'spec.filter'),
  ...(Boolean(spec.broker) === Boolean(spec.brokerRef) ? ['expected exactly one: spec.broker, spec.brokerRef'] : []),
  ...Object.entries(spec.filter?.attributes ?? {}).flatMap(([name, value]) => [
    ...(/^[a-z][a-z0-9]*$/.test(name) ? [] : [`invalid key name: spec.filter.attributes[${name}]`]),
    ...(typeof value === 'string' && value !== '' ? [] : [`empty or not a string: spec.filter.attributes[${name}]`]),
  ]),
  ...(spec.filters ?? []).flatMap((element: Untyped, index: number) =>
    Object.keys(element).length === 1 ? [] : [`expected one dialect: spec.filters[${index}]`],
  ),
  ...(spec.filters ?? []).flatMap(({ cesql }: Untyped) => (cesql === undefined ? [] : cesqlErrors(cesql))),
  ...destinationFaults(spec.subscriber, 'spec.subscriber'),
  ...deliveryFaults(spec.delivery, 'spec.delivery'),
]

const standardAttributes = ['id', 'type', 'source', 'subject', 'time', 'specversion', 'dataschema', 'datacontenttype']

const scheduleFaults = (schedule: string): string[] => {
  const read = cron(schedule)
  return 'error' in read ? [`${read.error}: spec.schedule`] : []
}

const isBase64 = (text: string) => Buffer.from(text, 'base64').toString('base64') === text

const pingSourceFaults = ({ spec }: Manifest): string[] => [
  ...destinationFaults(spec.sink, 'spec.sink'),
  ...scheduleFaults(spec.schedule),
  ...(Intl.supportedValuesOf('timeZone').includes(spec.timezone) || spec.timezone === 'UTC'
    ? []
    : ['bad location: spec.timezone']),
  ...(spec.data !== undefined && spec.dataBase64 !== undefined
    ? ['expected one, got both: spec.data, spec.dataBase64']
    : []),
  ...(spec.dataBase64 === undefined || isBase64(spec.dataBase64) ? [] : ['illegal base64 data: spec.dataBase64']),
  ...(spec.data !== undefined && !spec.contentType ? ['data without contentType arrives without Content-Type'] : []),
  ...(spec.contentType === 'application/json' && parseObject(spec.data) === undefined
    ? ['not a JSON object: spec.data']
    : []),
  ...Object.keys(spec.ceOverrides?.extensions ?? {}).flatMap(name => [
    ...(/^[a-z0-9]+$/.test(name) ? [] : [`invalid key name: spec.ceOverrides.extensions[${name}]`]),
    ...(standardAttributes.includes(name)
      ? [`an override of a standard attribute stops the source: spec.ceOverrides.extensions[${name}]`]
      : []),
  ]),
]

/** Parses a JSON object; undefined for any other text. */
const parseObject = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
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

const count: Rule = value => /^\d+$/.test(value)
const number =
  (least: number, most: number): Rule =>
  value =>
    /^\d+(\.\d+)?$/.test(value) && isBetween(Number(value), least, most)
const duration =
  (least: number, most: number): Rule =>
  value =>
    isBetween(seconds(value), least, most)
type Rule = (value: string) => boolean

/** The known annotations autoscaling.knative.dev/*, each with a check of its value. */
const scalingRules: Record<string, Rule> = {
  class: value => /^(kpa|hpa)\.autoscaling\.knative\.dev$/.test(value),
  metric: value => ['concurrency', 'rps'].includes(value),
  target: number(0.01, Number.POSITIVE_INFINITY),
  'target-utilization-percentage': number(1, 100),
  'target-burst-capacity': value => value === '-1' || number(0, Number.POSITIVE_INFINITY)(value),
  'min-scale': count,
  'max-scale': count,
  // By default a cluster does not allow 0.
  'initial-scale': value => count(value) && value !== '0',
  'activation-scale': value => count(value) && Number(value) >= 2,
  'scale-down-delay': duration(0, 3600),
  'scale-to-zero-pod-retention-period': duration(0, 3600),
  window: duration(6, 3600),
  'panic-window-percentage': number(1, 100),
  'panic-threshold-percentage': number(110, 1000),
}

const reservedPorts = [8008, 8012, 8013, 8022, 9090, 9091]

const portFaults = (ports: Untyped[]): string[] => [
  ...(ports.length > 1 ? ['more than one port'] : []),
  ...ports.flatMap(({ name = '', containerPort }) => [
    ...(['', 'http1', 'h2c'].includes(name) ? [] : [`port name ${name}`]),
    ...(reservedPorts.includes(containerPort) ? [`reserved: port ${containerPort}`] : []),
  ]),
]

const probeFaults = (probe: Untyped, path: string): string[] => {
  if (probe === undefined) return []
  const handlers = ['httpGet', 'tcpSocket', 'exec', 'grpc'].filter(kind => probe[kind] !== undefined)
  const ownPace = path === 'readinessProbe' && !probe.periodSeconds
  return [
    ...(handlers.length === 1 ? [] : [`expected exactly one handler: ${path}`]),
    ...(ownPace && (probe.failureThreshold ?? probe.timeoutSeconds) !== undefined
      ? [`failureThreshold and timeoutSeconds need periodSeconds: ${path}`]
      : []),
  ]
}

const trafficFaults = (traffic: Untyped[] | undefined): string[] => [
  ...(traffic && traffic.reduce((sum, { percent = 0 }) => sum + percent, 0) !== 100 ? ['traffic is not 100 %'] : []),
  ...(traffic ?? []).flatMap(({ configurationName }) => (configurationName ? ['traffic names a configuration'] : [])),
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
      .map(([key]) => `not a string: spec.template.metadata.annotations[${key}]`),
    ...Object.entries(annotations).flatMap(([key, value]) => {
      const [, name] = /^autoscaling\.knative\.dev\/(.*)$/.exec(key) ?? []
      return name === undefined || scalingRules[name]?.(value) ? [] : [`invalid value: ${key}: ${value}`]
    }),
    ...(Number(scaling('max-scale')) >= Number(scaling('min-scale')) ? [] : ['max-scale is less than min-scale']),
    ...portFaults(container.ports ?? []),
    ...probeFaults(container.readinessProbe, 'readinessProbe'),
    ...probeFaults(container.livenessProbe, 'livenessProbe'),
    ...trafficFaults(spec.traffic),
    ...(spec.template.metadata?.name ? ['spec.template.metadata.name must change with every edit: leave it out'] : []),
    ...(pod.containers.length === 1 ? [] : ['expected one container']),
    ...(isBetween(pod.containerConcurrency, 0, 1000) ? [] : ['containerConcurrency is not between 0 and 1000']),
    ...(isBetween(pod.timeoutSeconds, 1, 600) ? [] : ['timeoutSeconds is not between 1 and 600']),
    // Our own rule: the default limit for the first byte is 300 s (serving, pkg/apis/serving/v1/revision_defaults.go),
    // and our functions send the first byte when they are done.
    ...(pod.timeoutSeconds > 300 && pod.responseStartTimeoutSeconds !== pod.timeoutSeconds
      ? ['timeoutSeconds over 300 needs an equal responseStartTimeoutSeconds']
      : []),
    ...(container.env ?? [])
      .filter(({ name }: Untyped) => reservedEnv.includes(name))
      .map(({ name }: Untyped) => `reserved: env ${name}`),
    ...['lifecycle', 'terminationGracePeriodSeconds', 'nodeSelector', 'tolerations', 'affinity', 'initContainers']
      .filter(key => pod[key] !== undefined || container[key] !== undefined)
      .map(key => `not allowed: ${key}`),
    // Serving accepts only the value false (serving, pkg/apis/serving/fieldmask.go).
    ...(pod.automountServiceAccountToken === true ? ['not allowed: automountServiceAccountToken: true'] : []),
    ...(container.volumeMounts ?? [])
      .filter(({ mountPath }: Untyped) => ['/', '/dev', '/dev/log', '/var/log'].includes(mountPath))
      .map(({ mountPath }: Untyped) => `not allowed: mountPath ${mountPath}`),
    // Our own rule: the level "restricted" of Kubernetes' Pod Security Standards.
    ...(security.runAsNonRoot === true &&
    security.allowPrivilegeEscalation === false &&
    security.readOnlyRootFilesystem === true &&
    security.capabilities?.drop?.includes('ALL') &&
    security.seccompProfile?.type === 'RuntimeDefault'
      ? []
      : ['securityContext is not restricted']),
  ]
}

const isBetween = (value: number | undefined, least: number, most: number) =>
  value !== undefined && value >= least && value <= most
const seconds = (goDuration = '') => {
  const found = /^(\d+)(s|m|h)$/.exec(goDuration)
  return found ? Number(found[1]) * { s: 1, m: 60, h: 3600 }[found[2] as 's' | 'm' | 'h'] : undefined
}
const unknownFields = (object: Untyped, known: string[], path: string) =>
  Object.keys(object ?? {})
    .filter(key => !known.includes(key))
    .map(key => `unknown field: ${path}.${key}`)
