import { YamlNode } from './yaml-node.ts'

/** The parts that every Kubernetes object has. Each kind has a function that reads its `spec`. */
export interface KubernetesObject {
  /** The whole object. */
  node: YamlNode
  kind: string
  name: string
  namespace: string
  labels: Record<string, string>
  annotations: Record<string, YamlNode>
  spec: YamlNode
}

const defaultNamespace = 'vigia'
const apiVersions: Record<string, string> = {
  Service: 'serving.knative.dev/v1',
  Broker: 'eventing.knative.dev/v1',
  Trigger: 'eventing.knative.dev/v1',
  PingSource: 'sources.knative.dev/v1',
  SinkBinding: 'sources.knative.dev/v1',
}

/** Reads apiVersion, kind and metadata. */
export const readObject = (node: YamlNode): KubernetesObject => {
  const fields = node.fields(['apiVersion', 'kind', 'metadata', 'spec'], { status: 'the cluster writes it' })
  const kind = YamlNode.required(fields.kind, node, 'kind')
  const apiVersion = YamlNode.required(fields.apiVersion, node, 'apiVersion')
  const expected = apiVersions[kind.nonEmptyString()]
  if (!expected)
    kind.refuse(`is ${kind.nonEmptyString()}; on one machine, Vigia runs only ${Object.keys(apiVersions).join(', ')}`)
  if (apiVersion.nonEmptyString() !== expected)
    apiVersion.refuse(`is ${apiVersion.nonEmptyString()}; a ${kind.nonEmptyString()} is ${expected} here`)

  const metadata = YamlNode.required(fields.metadata, node, 'metadata')
  const head = metadata.fields(['name', 'namespace', 'labels', 'annotations'])
  const name = YamlNode.required(head.name, metadata, 'name')
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name.nonEmptyString()))
    name.refuse(`is "${name.nonEmptyString()}"; write small letters, digits and dashes, at most 63`)
  return {
    node,
    kind: kind.nonEmptyString(),
    name: name.nonEmptyString(),
    namespace: head.namespace?.nonEmptyString() ?? defaultNamespace,
    labels: head.labels?.stringMap() ?? {},
    annotations: Object.fromEntries(head.annotations?.entries() ?? []),
    spec: YamlNode.required(fields.spec, node, 'spec'),
  }
}
