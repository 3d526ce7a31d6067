import { readDelivery, type SaidDestination } from './delivery-spec.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { BrokerManifest, Delivery } from './model.ts'

export interface SaidBroker {
  broker: BrokerManifest
  /** For Triggers without a delivery block of their own; without one here it is what clusters ship. */
  delivery: Delivery
  destinations: SaidDestination[]
}

const shipped: Delivery = {
  retry: 10,
  backoffPolicy: 'exponential',
  backoffDelayMs: 200,
  timeoutMs: null,
  format: 'binary',
  deadLetterSink: null,
}

export const readBroker = ({ place, name, spec, annotations }: KubernetesObject): SaidBroker => {
  for (const value of Object.values(annotations)) value.ignore("the broker's class is the cluster's choice")
  const fields = spec.fields(['delivery'], { config: "the broker's class is the cluster's choice" })
  const said = fields.delivery ? readDelivery(fields.delivery) : null
  if (said?.sink.to.kind === 'broker')
    said.sink.at.refuse('sends dead letters back to a Broker: a loop; name a function')
  return {
    broker: { ...place.origin, name },
    delivery: said?.delivery ?? shipped,
    destinations: said ? [said.sink] : [],
  }
}
