import type { DeliverySpec, Destination } from './model.ts'
import { YamlNode } from './yaml-node.ts'

/** A destination and where it was said, so that the check against the other objects can point at it. */
export interface ParsedDestination {
  to: Destination
  node: YamlNode
}

/** `ref` to a Knative Service (with an optional path in `uri`) or to the Broker, or an absolute `uri`. */
export const readDestination = (place: YamlNode): ParsedDestination => {
  const { ref, uri } = place.fields(['ref', 'uri'], {
    CACerts: 'nothing is encrypted on one machine',
    audience: 'nothing is authenticated on one machine',
  })
  const absolute = uri !== undefined && URL.canParse(uri.nonEmptyString())
  if (!ref) {
    if (!uri) place.refuse('needs a ref or an absolute uri')
    if (!absolute) uri.refuse('is relative; without a ref it must be absolute')
    const { protocol, hostname, href } = new URL(uri.nonEmptyString())
    if (!/^https?:$/.test(protocol)) uri.refuse('should begin with http:// or https://')
    // By address a loop through the broker would not be seen.
    if (/^broker-ingress\b/.test(hostname)) uri.refuse('is the address of a Broker; name the Broker in ref')
    return { to: { kind: 'url', url: href }, node: uri }
  }
  if (absolute) uri.refuse('is absolute; beside a ref it is a path')
  const fields = ref.fields(['apiVersion', 'kind', 'name'], { namespace: 'one machine has one namespace' })
  const kind = YamlNode.required(fields.kind, ref, 'kind').nonEmptyString()
  const apiVersion = YamlNode.required(fields.apiVersion, ref, 'apiVersion').nonEmptyString()
  const name = YamlNode.required(fields.name, ref, 'name')
  switch (`${apiVersion} ${kind}`) {
    case 'serving.knative.dev/v1 Service':
      return { to: { kind: 'function', name: name.nonEmptyString(), path: pathOf(uri) }, node: name }
    case 'eventing.knative.dev/v1 Broker':
      if (uri) uri.refuse('has no meaning for a Broker; remove it')
      return { to: { kind: 'broker', name: name.nonEmptyString() }, node: name }
    default:
      return ref.refuse(`points at a ${apiVersion} ${kind}; one machine knows Knative Services and Brokers`)
  }
}

const pathOf = (uri: YamlNode | undefined) => {
  if (!uri) return '/'
  const path = new URL(uri.nonEmptyString(), 'http://function/').pathname
  return path + new URL(uri.nonEmptyString(), 'http://function/').search
}

export const deliveryFields = ['retry', 'backoffPolicy', 'backoffDelay', 'timeout', 'deadLetterSink', 'format'] as const

/** A delivery block. Knative's defaults are all or nothing, so a block that leaves something out is refused. */
export const readDelivery = (place: YamlNode): { delivery: DeliverySpec; sink: ParsedDestination } => {
  const fields = place.fields([...deliveryFields, 'retryAfterMax'])
  fields.retryAfterMax?.refuse('needs the alpha flag delivery-retryafter, which clusters have off; remove it')
  // Without policy and delay Knative repeats at once, and an absent sink drops what failed.
  const said = (name: (typeof deliveryFields)[number]) =>
    YamlNode.required(
      fields[name],
      place,
      `${name}; write retry, backoffPolicy, backoffDelay and deadLetterSink together`,
    )
  const timeout = fields.timeout
  if (timeout && timeout.duration() === 0) timeout.refuse('should be longer than nothing')
  const sink = readDestination(said('deadLetterSink'))
  return {
    delivery: {
      retry: said('retry').integer(0, 1000),
      backoffPolicy: said('backoffPolicy').oneOf(['linear', 'exponential']),
      backoffDelayMs: said('backoffDelay').duration(),
      timeoutMs: timeout?.duration() ?? null,
      format: fields.format?.oneOf(['binary', 'json']) ?? 'binary',
      deadLetterSink: sink.to,
    },
    sink,
  }
}
