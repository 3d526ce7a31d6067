import { type ParsedDestination, readDelivery } from './delivery-spec.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { BrokerManifest, DeliverySpec } from './model.ts'

export interface ParsedBroker {
  broker: BrokerManifest
  /** For Triggers without a delivery block of their own; without one here it is what clusters ship. */
  delivery: DeliverySpec
  destinations: ParsedDestination[]
}

const shipped: DeliverySpec = {
  retry: 10,
  backoffPolicy: 'exponential',
  backoffDelayMs: 200,
  timeoutMs: null,
  format: 'binary',
  deadLetterSink: null,
}

export const readBroker = ({ node, name, spec, annotations }: KubernetesObject): ParsedBroker => {
  for (const value of Object.values(annotations)) value.ignore("the broker's class is the cluster's choice")
  const fields = spec.fields(['delivery'], { config: "the broker's class is the cluster's choice" })
  const said = fields.delivery ? readDelivery(fields.delivery) : null
  if (said?.sink.to.kind === 'broker')
    said.sink.node.refuse('sends dead letters back to a Broker: a loop; name a function')
  return {
    broker: { ...node.origin, name },
    delivery: said?.delivery ?? shipped,
    destinations: said ? [said.sink] : [],
  }
}
