import { cesqlFaults } from '../filters/cesql.ts'
import { readDelivery, readDestination, type SaidDestination } from './delivery-spec.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { Delivery, Filter, TriggerManifest } from './model.ts'
import { Place } from './yaml-node.ts'

/** A Trigger whose delivery may still have to come from its Broker. */
export interface SaidTrigger {
  trigger: Omit<TriggerManifest, 'delivery'> & { delivery: Delivery | null }
  broker: Place
  destinations: SaidDestination[]
}

export const readTrigger = ({ place, name, spec, annotations }: KubernetesObject): SaidTrigger => {
  for (const [key, value] of Object.entries(annotations)) {
    if (key === 'kafka.eventing.knative.dev/delivery.order' && value.text() === 'ordered')
      value.refuse('asks for ordered delivery, which only Kafka has; functions read current state instead')
    value.ignore('an annotation for the cluster')
  }
  const fields = spec.fields(['broker', 'brokerRef', 'filter', 'filters', 'subscriber', 'delivery'])
  fields.brokerRef?.refuse('is alpha; name the Broker in spec.broker')
  const broker = Place.required(fields.broker, spec, 'broker')
  const subscriber = readDestination(Place.required(fields.subscriber, spec, 'subscriber'))
  if (subscriber.to.kind === 'broker') subscriber.at.refuse('sends the events of a Broker back to a Broker: a loop')
  const delivery = fields.delivery ? readDelivery(fields.delivery) : null
  if (delivery?.sink.to.kind === 'broker')
    delivery.sink.at.refuse('sends dead letters back to a Broker: a loop; name a function')
  return {
    trigger: {
      ...place.origin,
      name,
      broker: broker.text(),
      filters: readFilters(fields.filter, fields.filters),
      subscriber: subscriber.to,
      delivery: delivery?.delivery ?? null,
    },
    broker,
    destinations: [subscriber, ...(delivery ? [delivery.sink] : [])],
  }
}

/** `filters` that has elements overrides `filter`; an empty `filters` leaves `filter` in force. */
const readFilters = (filter: Place | undefined, filters: Place | undefined): Filter[] => {
  const attributes = filter?.fields(['attributes']).attributes
  const plain = attributes ? [{ attributes: attributesOf(attributes, true) }] : []
  if (filter && !attributes && filter.entries().length > 0) filter.refuse('has no attributes')
  const elements = filters?.list().map(readFilter) ?? []
  if (elements.length > 0 && plain.length > 0)
    filter!.refuse('counts for nothing beside filters; say it in one of the two')
  return elements.length > 0 ? elements : plain.filter(({ attributes }) => Object.keys(attributes).length > 0)
}

const dialects = ['exact', 'prefix', 'suffix', 'all', 'any', 'not', 'cesql'] as const

const readFilter = (place: Place): Filter => {
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
      const [fault] = cesqlFaults(value.text())
      if (fault) value.refuse(fault)
      return { cesql: value.text() }
    }
  }
}

const someOf = (place: Place) => {
  const elements = place.list().map(readFilter)
  if (elements.length === 0) place.refuse('is empty, which lets every event through; remove it or say what it needs')
  return elements
}

const attributesOf = (place: Place, mayBeEmpty: boolean): Record<string, string> => {
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
