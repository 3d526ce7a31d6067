import type { Trigger } from '#local/broker/broker.ts'
import type { Filter } from '#local/filters/filter.ts'
import type { DeliverySpec, Destination } from '#local/manifests/model.ts'
import { eventHeaders } from '#test/support/broker-server.ts'
import { sendRequest, type TestRequest, type TestResponse } from '#test/support/http.ts'
import { apply, kubectl } from './kubectl.ts'

/** A Broker of the tests, with its Triggers as the broker of one machine gets them. */
export interface TestBroker {
  name: string
  triggers: readonly Trigger[]
  deadLetterSink?: Destination
}

/** The Brokers of a namespace that has only Brokers, and their ingress. */
export interface Brokers {
  /** The URL of a Broker as Knative writes it into dead letters. */
  urlOf(broker: string): string
  /** Sends a request to the ingress. Without a path, to the address of the Broker. */
  send(broker: string, request: TestRequest): Promise<TestResponse>
  /** Posts an event and returns the status. */
  post(broker: string, id: string, type: string, headers?: Record<string, string>, body?: string): Promise<number>
  /** Removes the namespace without waiting for its end. */
  remove(): Promise<void>
}

const service = 'broker-ingress.knative-eventing.svc.cluster.local'

/** Creates Brokers as infra/cluster/minikube has them, and waits until they and their Triggers are ready. */
export const startBrokers = async (namespace: string, brokers: readonly TestBroker[]): Promise<Brokers> => {
  await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }])
  await apply([
    ...brokers.map(({ name, deadLetterSink = null }) => ({
      apiVersion: 'eventing.knative.dev/v1',
      kind: 'Broker',
      metadata: {
        name,
        namespace,
        annotations: {
          'eventing.knative.dev/broker.class': 'MTChannelBasedBroker',
          'messaging.knative.dev/async-handler': 'true',
        },
      },
      spec: deadLetterSink ? { delivery: { deadLetterSink: destination(deadLetterSink) } } : {},
    })),
    ...brokers.flatMap(({ name, triggers }) => triggers.map(trigger => knativeTrigger(trigger, name, namespace))),
  ])
  for (const kind of ['brokers', 'triggers'])
    await kubectl(['wait', kind, '--all', '--namespace', namespace, '--for=condition=Ready', '--timeout=120s'])
  const address = await kubectl([
    ...['get', 'service', 'broker-ingress', '--namespace=knative-eventing', '--output=jsonpath={.spec.clusterIP}'],
  ])
  const send = (broker: string, request: TestRequest) =>
    sendRequest(`http://${address}/${namespace}/${broker}`, request)
  return {
    urlOf: broker => `http://${service}/${namespace}/${broker}`,
    send,
    post: async (broker, id, type, headers = {}, body = '{}') =>
      (await send(broker, { headers: eventHeaders(id, type, headers), body })).status,
    remove: async () => {
      await kubectl(['delete', 'namespace', namespace, '--wait=false'])
    },
  }
}

const knativeTrigger = ({ name, filters, subscriber, delivery }: Trigger, broker: string, namespace: string) => ({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  metadata: { name, namespace },
  spec: { broker, ...filterFields(filters), subscriber: destination(subscriber), delivery: deliveryFields(delivery) },
})

/** A list of one `attributes` element becomes `filter`; every other list becomes `filters`. */
const filterFields = (filters: readonly Filter[]) => {
  const [first] = filters
  return first && 'attributes' in first ? { filter: first } : { filters }
}

const deliveryFields = ({ retry, backoffPolicy, backoffDelayMs, timeoutMs, format, deadLetterSink }: DeliverySpec) => ({
  retry,
  backoffPolicy,
  backoffDelay: seconds(backoffDelayMs),
  format,
  ...(timeoutMs === null ? {} : { timeout: seconds(timeoutMs) }),
  ...(deadLetterSink === null ? {} : { deadLetterSink: destination(deadLetterSink) }),
})

const seconds = (ms: number) => `PT${ms / 1000}S`

const destination = (to: Destination) => {
  if (to.kind !== 'url') throw new Error('the subscribers of these tests are URLs')
  return { uri: to.url }
}
