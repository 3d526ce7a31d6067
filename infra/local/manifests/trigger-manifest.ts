import type { Filter } from '#local/filters/filter.ts'
import { cesqlErrors } from '../filters/cesql.ts'
import { type ParsedDestination, readDelivery, readDestination } from './delivery-spec.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { DeliverySpec, TriggerManifest } from './model.ts'
import { YamlNode } from './yaml-node.ts'

/** A Trigger whose delivery may still have to come from its Broker. */
export interface ParsedTrigger {
  trigger: Omit<TriggerManifest, 'delivery'> & { delivery: DeliverySpec | null }
  broker: YamlNode
  destinations: ParsedDestination[]
}

export const readTrigger = ({ node, name, spec, annotations }: KubernetesObject): ParsedTrigger => {
  for (const [key, value] of Object.entries(annotations)) {
    if (key === 'kafka.eventing.knative.dev/delivery.order' && value.nonEmptyString() === 'ordered')
      value.refuse('asks for ordered delivery, which only Kafka has; functions read current state instead')
    value.ignore('an annotation for the cluster')
  }
  const fields = spec.fields(['broker', 'brokerRef', 'filter', 'filters', 'subscriber', 'delivery'])
  fields.brokerRef?.refuse('is alpha; name the Broker in spec.broker')
  const broker = YamlNode.required(fields.broker, spec, 'broker')
  const subscriber = readDestination(YamlNode.required(fields.subscriber, spec, 'subscriber'))
  if (subscriber.to.kind === 'broker') subscriber.node.refuse('sends the events of a Broker back to a Broker: a loop')
  const delivery = fields.delivery ? readDelivery(fields.delivery) : null
  if (delivery?.sink.to.kind === 'broker')
    delivery.sink.node.refuse('sends dead letters back to a Broker: a loop; name a function')
  return {
    trigger: {
      ...node.origin,
      name,
      broker: broker.nonEmptyString(),
      filters: readFilters(fields.filter, fields.filters),
      subscriber: subscriber.to,
      delivery: delivery?.delivery ?? null,
    },
    broker,
    destinations: [subscriber, ...(delivery ? [delivery.sink] : [])],
  }
}

/** `filters` that has elements overrides `filter`; an empty `filters` leaves `filter` in force. */
const readFilters = (filter: YamlNode | undefined, filters: YamlNode | undefined): Filter[] => {
  const attributes = filter?.fields(['attributes']).attributes
  const plain = attributes ? [{ attributes: attributesOf(attributes, true) }] : []
  if (filter && !attributes && filter.entries().length > 0) filter.refuse('has no attributes')
  const elements = filters?.list().map(readFilter) ?? []
  if (elements.length > 0 && plain.length > 0)
    filter!.refuse('counts for nothing beside filters; say it in one of the two')
  return elements.length > 0 ? elements : plain.filter(({ attributes }) => Object.keys(attributes).length > 0)
}

const dialects = ['exact', 'prefix', 'suffix', 'all', 'any', 'not', 'cesql'] as const

const readFilter = (place: YamlNode): Filter => {
  const said = Object.entries(place.fields(dialects))
  if (said.length !== 1) place.refuse(`has ${said.length} dialects; an element has one of ${dialects.join(', ')}`)
  const [dialect, value] = said[0]!
  switch (dialect as (typeof dialects)[number]) {
    case 'exact':
      return { exact: attributesOf(value, false) }
    case 'prefix':
      return { prefix: attributesOf(value, false) }
    case 'suffix':
      return { suffix: attributesOf(value, false) }
    case 'all':
      return { all: someOf(value) }
    case 'any':
      return { any: someOf(value) }
    case 'not':
      // An empty `not` ends the broker-filter process of the whole cluster.
      return { not: readFilter(value) }
    case 'cesql': {
      const [fault] = cesqlErrors(value.nonEmptyString())
      if (fault) value.refuse(fault)
      return { cesql: value.nonEmptyString() }
    }
  }
}

const someOf = (place: YamlNode) => {
  const elements = place.list().map(readFilter)
  if (elements.length === 0) place.refuse('is empty, which lets every event through; remove it or say what it needs')
  return elements
}

const attributesOf = (place: YamlNode, mayBeEmpty: boolean): Record<string, string> => {
  const attributes = place.entries()
  if (attributes.length === 0 && !mayBeEmpty) place.refuse('names no attribute, which lets every event through')
  return Object.fromEntries(
    attributes.map(([name, value]) => {
      if (!/^[a-z][a-z0-9]*$/.test(name))
        value.refuse('is not a valid attribute name: a small letter, then letters and digits')
      if (name === 'knativebrokerttl') value.refuse('never matches: the broker takes it off before it filters')
      // exact, prefix and suffix with an empty value are skipped by Knative: everything passes.
      if (value.string() === '') value.refuse('is empty, which does not filter as it looks; say a value')
      return [name, value.string()]
    }),
  )
}
