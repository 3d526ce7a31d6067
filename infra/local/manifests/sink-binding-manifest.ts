import { readExtensions } from './ce-overrides.ts'
import { type ParsedDestination, readDestination } from './delivery-spec.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { YamlNode } from './yaml-node.ts'

export interface ParsedBinding {
  name: string
  node: YamlNode
  /** The functions it gives K_SINK to. */
  selects: (labels: Record<string, string>, functionName: string) => boolean
  /** K_CE_OVERRIDES. */
  ceOverrides: string
  destination: ParsedDestination
}

/** Gives K_SINK to the Services it selects, by name or by labels. */
export const readSinkBinding = ({ node, name, namespace, spec, annotations }: KubernetesObject): ParsedBinding => {
  for (const value of Object.values(annotations)) value.ignore('an annotation for the cluster')
  const fields = spec.fields(['subject', 'sink', 'ceOverrides'])
  const subject = YamlNode.required(fields.subject, spec, 'subject')
  const of = subject.fields(['apiVersion', 'kind', 'namespace', 'name', 'selector'])
  const kind = `${YamlNode.required(of.apiVersion, subject, 'apiVersion').nonEmptyString()} ${YamlNode.required(of.kind, subject, 'kind').nonEmptyString()}`
  if (kind !== 'serving.knative.dev/v1 Service') subject.refuse(`is a ${kind}; one machine binds Knative Services`)
  if (of.namespace && of.namespace.nonEmptyString() !== namespace)
    of.namespace.refuse(`should be the binding's own, ${namespace}`)
  if (Boolean(of.name) === Boolean(of.selector)) subject.refuse('needs a name or a selector, not both')
  const selector = of.selector?.fields(['matchLabels'])
  if (of.selector && !selector?.matchLabels) of.selector.refuse('needs matchLabels')
  const wanted = Object.entries(selector?.matchLabels?.stringMap() ?? {})
  const destination = readDestination(YamlNode.required(fields.sink, spec, 'sink'))
  if (destination.to.kind !== 'broker') destination.node.refuse('should be the Broker: functions publish to it')
  const extensions = readExtensions(fields.ceOverrides)
  const only = of.name?.nonEmptyString()
  return {
    name,
    node,
    selects: (labels, functionName) =>
      labels['bindings.knative.dev/exclude'] !== 'true' &&
      (only === undefined ? wanted.every(([key, value]) => labels[key] === value) : functionName === only),
    ceOverrides: Object.keys(extensions).length > 0 ? JSON.stringify({ extensions }) : '',
    destination,
  }
}
