import type { Destination } from './model.ts'
import { YamlNode } from './yaml-node.ts'

/** A destination and the node that names it. If the destination does not exist, the error is reported at that node. */
export interface ParsedDestination {
  to: Destination
  node: YamlNode
}

/** Reads a `ref` to a Knative Service (with an optional path in `uri`) or to the Broker, or an absolute `uri`. */
export const readDestination = (node: YamlNode): ParsedDestination => {
  const { ref, uri } = node.fields(['ref', 'uri'], {
    CACerts: 'nothing is encrypted on one machine',
    audience: 'nothing is authenticated on one machine',
  })
  return ref ? readReference(ref, uri) : readUrl(node, uri)
}

const isAbsolute = (uri: YamlNode) => URL.canParse(uri.nonEmptyString())

const readUrl = (node: YamlNode, uri: YamlNode | undefined): ParsedDestination => {
  if (!uri) return node.refuse('needs a ref or an absolute uri')
  if (!isAbsolute(uri)) uri.refuse('is relative; without a ref it must be absolute')
  const { protocol, hostname, href } = new URL(uri.nonEmptyString())
  if (!/^https?:$/.test(protocol)) uri.refuse('should begin with http:// or https://')
  // The checks for loops compare names, so they would not find a loop through the address of the broker.
  if (/^broker-ingress\b/.test(hostname)) uri.refuse('is the address of a Broker; name the Broker in ref')
  return { to: { kind: 'url', url: href }, node: uri }
}

const readReference = (ref: YamlNode, uri: YamlNode | undefined): ParsedDestination => {
  if (uri && isAbsolute(uri)) uri.refuse('is absolute; beside a ref it is a path, such as /in')
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
      return ref.refuse(
        `points at a ${apiVersion} ${kind}; one machine runs only Services of serving.knative.dev/v1 and Brokers of eventing.knative.dev/v1`,
      )
  }
}

const pathOf = (uri: YamlNode | undefined) => {
  if (!uri) return '/'
  const { pathname, search } = new URL(uri.nonEmptyString(), 'http://function/')
  return pathname + search
}
