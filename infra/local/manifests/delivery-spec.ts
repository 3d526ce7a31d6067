import { type ParsedDestination, readDestination } from './destination.ts'
import type { DeliverySpec } from './model.ts'
import { YamlNode } from './yaml-node.ts'

export const deliveryFields = ['retry', 'backoffPolicy', 'backoffDelay', 'timeout', 'deadLetterSink', 'format'] as const

/**
 * Reads a `delivery` block. A block must have retry, policy, delay and sink, because Knative applies its defaults only
 * when the whole block is absent. Without a policy and a delay Knative retries at once, and without a sink it drops
 * events that failed.
 */
export const readDelivery = (node: YamlNode): { delivery: DeliverySpec; sink: ParsedDestination } => {
  const fields = node.fields([...deliveryFields, 'retryAfterMax'])
  fields.retryAfterMax?.refuse('needs the alpha flag delivery-retryafter, which is off by default; remove it')
  const required = (name: (typeof deliveryFields)[number]) =>
    YamlNode.required(fields[name], node, name, 'write retry, backoffPolicy, backoffDelay and deadLetterSink together')
  const { timeout } = fields
  if (timeout && timeout.durationMs() === 0) timeout.refuse('should be greater than zero, such as PT30S')
  const sink = readDestination(required('deadLetterSink'))
  if (sink.to.kind === 'broker')
    sink.node.refuse('sends dead letters back to a Broker, which makes a loop; name a function')
  return {
    delivery: {
      retry: required('retry').integer(0, 1000),
      backoffPolicy: required('backoffPolicy').oneOf(['linear', 'exponential']),
      backoffDelayMs: required('backoffDelay').durationMs(),
      timeoutMs: timeout?.durationMs() ?? null,
      format: fields.format?.oneOf(['binary', 'json']) ?? 'binary',
      deadLetterSink: sink.to,
    },
    sink,
  }
}
