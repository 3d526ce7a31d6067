import { readExtensions } from './ce-overrides.ts'
import { type ParsedDestination, readDestination } from './destination.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { YamlNode } from './yaml-node.ts'

export interface ParsedBinding {
  name: string
  node: YamlNode
  /** Whether the binding sets K_SINK in the function with these labels and this name. */
  selects: (labels: Record<string, string>, functionName: string) => boolean
  /** The value of K_CE_OVERRIDES: JSON, or '' when nothing is overridden. */
  ceOverrides: string
  destination: ParsedDestination
}

/** Reads a SinkBinding, which sets K_SINK in the Services that it selects by name or by labels. */
export const readSinkBinding = ({ node, name, namespace, spec, annotations }: KubernetesObject): ParsedBinding => {
  for (const annotation of Object.values(annotations)) annotation.ignore('an annotation for the cluster')
  const fields = spec.fields(['subject', 'sink', 'ceOverrides'])
  const selects = readSubject(YamlNode.required(fields.subject, spec, 'subject'), namespace)
  const destination = readDestination(YamlNode.required(fields.sink, spec, 'sink'))
  if (destination.to.kind !== 'broker')
    destination.node.refuse('should be the Broker, because functions publish their events to it')
  const extensions = readExtensions(fields.ceOverrides)
  return {
    name,
    node,
    selects,
    ceOverrides: Object.keys(extensions).length > 0 ? JSON.stringify({ extensions }) : '',
    destination,
  }
}

const readSubject = (subject: YamlNode, namespace: string): ParsedBinding['selects'] => {
  const fields = subject.fields(['apiVersion', 'kind', 'namespace', 'name', 'selector'])
  const apiVersion = YamlNode.required(fields.apiVersion, subject, 'apiVersion').nonEmptyString()
  const kind = YamlNode.required(fields.kind, subject, 'kind').nonEmptyString()
  if (`${apiVersion} ${kind}` !== 'serving.knative.dev/v1 Service')
    subject.refuse(`is a ${apiVersion} ${kind}; Vigia binds only Knative Services (serving.knative.dev/v1)`)
  if (fields.namespace && fields.namespace.nonEmptyString() !== namespace)
    fields.namespace.refuse(`should be the namespace of the binding, ${namespace}`)
  if (Boolean(fields.name) === Boolean(fields.selector)) subject.refuse('needs a name or a selector, not both')
  const selector = fields.selector?.fields(['matchLabels'])
  if (fields.selector && !selector?.matchLabels) fields.selector.refuse('needs matchLabels')
  const wanted = Object.entries(selector?.matchLabels?.stringMap() ?? {})
  const onlyName = fields.name?.nonEmptyString()
  return (labels, functionName) =>
    labels['bindings.knative.dev/exclude'] !== 'true' &&
    (onlyName === undefined ? wanted.every(([key, value]) => labels[key] === value) : functionName === onlyName)
}
