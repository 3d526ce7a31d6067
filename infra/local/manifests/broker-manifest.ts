import { readDelivery } from './delivery-spec.ts'
import type { ParsedDestination } from './destination.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { BrokerManifest, DeliverySpec } from './model.ts'

export interface ParsedBroker {
  broker: BrokerManifest
  /** For Triggers without a delivery block. When the Broker has none either, it is the default of a cluster. */
  delivery: DeliverySpec
  destinations: ParsedDestination[]
}

/** The ConfigMap that Knative installs (`config-br-defaults`) has these values. */
const clusterDefault: DeliverySpec = {
  retry: 10,
  backoffPolicy: 'exponential',
  backoffDelayMs: 200,
  timeoutMs: null,
  format: 'binary',
  deadLetterSink: null,
}

export const readBroker = ({ node, name, spec, annotations }: KubernetesObject): ParsedBroker => {
  for (const annotation of Object.values(annotations)) annotation.ignore("the broker's class is the cluster's choice")
  const fields = spec.fields(['delivery'], { config: "the broker's class is the cluster's choice" })
  const parsed = fields.delivery ? readDelivery(fields.delivery) : null
  return {
    broker: { ...node.origin, name },
    delivery: parsed?.delivery ?? clusterDefault,
    destinations: parsed ? [parsed.sink] : [],
  }
}
