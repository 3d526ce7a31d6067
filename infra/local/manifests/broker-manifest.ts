import { readDelivery } from './delivery-spec.ts'
import type { ParsedDestination } from './destination.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { BrokerManifest, DeliverySpec } from './model.ts'

export interface ParsedBroker {
  broker: BrokerManifest
  /**
   * The delivery of Triggers without a delivery block. When the Broker has no delivery block either, this is the
   * default of a cluster.
   */
  delivery: DeliverySpec
  destinations: ParsedDestination[]
}

/** The default of a cluster: the values of the ConfigMap that Knative installs (`config-br-defaults`). */
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
