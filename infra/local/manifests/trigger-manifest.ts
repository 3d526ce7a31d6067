import { cesqlErrors } from '#local/filters/cesql.ts'
import type { Filter } from '#local/filters/filter.ts'
import { attributeNameError } from '#local/filters/filter-predicate.ts'
import { readDelivery } from './delivery-spec.ts'
import { type ParsedDestination, readDestination } from './destination.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { DeliverySpec, TriggerManifest } from './model.ts'
import { YamlNode } from './yaml-node.ts'

/** A Trigger. Its delivery is null when the delivery block of the Broker applies. */
export interface ParsedTrigger {
  trigger: Omit<TriggerManifest, 'delivery'> & { delivery: DeliverySpec | null }
  broker: YamlNode
  destinations: ParsedDestination[]
}

export const readTrigger = ({ node, name, spec, annotations }: KubernetesObject): ParsedTrigger => {
  for (const [key, value] of Object.entries(annotations)) {
    if (key === 'kafka.eventing.knative.dev/delivery.order' && value.nonEmptyString() === 'ordered')
      value.refuse(
        'asks for ordered delivery, which only the Kafka broker has; remove it, and let the function handle its events in any order',
      )
    value.ignore('an annotation for the cluster')
  }
  const fields = spec.fields(['broker', 'brokerRef', 'filter', 'filters', 'subscriber', 'delivery'])
  fields.brokerRef?.refuse('is alpha; name the Broker in spec.broker')
  const broker = YamlNode.required(fields.broker, spec, 'broker')
  const subscriber = readDestination(YamlNode.required(fields.subscriber, spec, 'subscriber'))
  if (subscriber.to.kind === 'broker')
    subscriber.node.refuse('sends the events of a Broker back to a Broker, which makes a loop; name a function')
  const parsed = fields.delivery ? readDelivery(fields.delivery) : null
  return {
    trigger: {
      ...node.origin,
      name,
      broker: broker.nonEmptyString(),
      filters: readFilters(fields.filter, fields.filters),
      subscriber: subscriber.to,
      delivery: parsed?.delivery ?? null,
    },
    broker,
    destinations: [subscriber, ...(parsed ? [parsed.sink] : [])],
  }
}

/** Reads the filters of a Trigger. `filter` applies only if `filters` is absent or empty. */
const readFilters = (filter: YamlNode | undefined, filters: YamlNode | undefined): Filter[] => {
  const attributes = filter?.fields(['attributes']).attributes
  const plain = attributes ? [{ attributes: readAttributes(attributes, true) }] : []
  if (filter && !attributes && filter.entries().length > 0) filter.refuse('has no attributes; write attributes')
  const elements = filters?.list().map(readFilter) ?? []
  if (elements.length > 0 && plain.length > 0)
    filter!.refuse('has no effect beside filters; write everything in one of the two')
  return elements.length > 0 ? elements : plain.filter(({ attributes }) => Object.keys(attributes).length > 0)
}

const dialects = ['exact', 'prefix', 'suffix', 'all', 'any', 'not', 'cesql'] as const

const readFilter = (node: YamlNode): Filter => {
  const found = Object.entries(node.fields(dialects))
  if (found.length !== 1)
    node.refuse(`has ${found.length} dialects; an element must have exactly one of ${dialects.join(', ')}`)
  const [dialect, value] = found[0]!
  switch (dialect as (typeof dialects)[number]) {
    case 'exact':
      return { exact: readAttributes(value, false) }
    case 'prefix':
      return { prefix: readAttributes(value, false) }
    case 'suffix':
      return { suffix: readAttributes(value, false) }
    case 'all':
      return { all: readElements(value) }
    case 'any':
      return { any: readElements(value) }
    case 'not':
      // readFilter refuses an empty `not`, because it crashes the process broker-filter, which serves the whole
      // cluster.
      return { not: readFilter(value) }
    case 'cesql': {
      const [error] = cesqlErrors(value.nonEmptyString())
      if (error) value.refuse(error)
      return { cesql: value.nonEmptyString() }
    }
  }
}

const readElements = (node: YamlNode) => {
  const elements = node.list().map(readFilter)
  if (elements.length === 0) node.refuse('is empty, which lets every event through; remove it or add an element')
  return elements
}

const readAttributes = (node: YamlNode, mayHaveNone: boolean): Record<string, string> => {
  const attributes = node.entries()
  if (attributes.length === 0 && !mayHaveNone)
    node.refuse('names no attribute, which lets every event through; add an attribute')
  return Object.fromEntries(
    attributes.map(([name, value]) => {
      const error = attributeNameError(name)
      if (error !== null) value.refuse(error)
      // Knative skips an exact, prefix or suffix with an empty value, so every event would pass. With an empty value in
      // `filter.attributes`, every event passes whose attribute is not empty.
      if (value.string() === '') value.refuse('is empty, and Knative does not compare an empty value; write a value')
      return [name, value.string()]
    }),
  )
}
