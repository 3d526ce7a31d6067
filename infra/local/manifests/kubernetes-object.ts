import { YamlNode } from './yaml-node.ts'

/** An object's head: what every Kubernetes object has. `spec` is read by its kind. */
export interface KubernetesObject {
  node: YamlNode
  kind: string
  name: string
  namespace: string
  labels: Record<string, string>
  annotations: Record<string, YamlNode>
  spec: YamlNode
}

const DEFAULT_NAMESPACE = 'vigia'
const kinds: Record<string, string> = {
  Service: 'serving.knative.dev/v1',
  Broker: 'eventing.knative.dev/v1',
  Trigger: 'eventing.knative.dev/v1',
  PingSource: 'sources.knative.dev/v1',
  SinkBinding: 'sources.knative.dev/v1',
}

/** Reads apiVersion, kind and metadata. */
export const readObject = (place: YamlNode): KubernetesObject => {
  const fields = place.fields(['apiVersion', 'kind', 'metadata', 'spec'], { status: 'written by the cluster' })
  const kind = YamlNode.required(fields.kind, place, 'kind')
  const apiVersion = YamlNode.required(fields.apiVersion, place, 'apiVersion')
  const expected = kinds[kind.nonEmptyString()]
  if (!expected)
    kind.refuse(
      `is ${kind.nonEmptyString()}, which one machine does not run; it knows ${Object.keys(kinds).join(', ')}`,
    )
  if (apiVersion.nonEmptyString() !== expected)
    apiVersion.refuse(`is ${apiVersion.nonEmptyString()}; a ${kind.nonEmptyString()} is ${expected} here`)

  const metadata = YamlNode.required(fields.metadata, place, 'metadata')
  const head = metadata.fields(['name', 'namespace', 'labels', 'annotations'])
  const name = YamlNode.required(head.name, metadata, 'name')
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name.nonEmptyString()))
    name.refuse(`is "${name.nonEmptyString()}"; a name has small letters, digits and dashes, at most 63`)
  return {
    node: place,
    kind: kind.nonEmptyString(),
    name: name.nonEmptyString(),
    namespace: head.namespace?.nonEmptyString() ?? DEFAULT_NAMESPACE,
    labels: head.labels?.stringMap() ?? {},
    annotations: Object.fromEntries(head.annotations?.entries() ?? []),
    spec: YamlNode.required(fields.spec, place, 'spec'),
  }
}
