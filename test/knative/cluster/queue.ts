import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { root } from '#infra/repository.ts'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { until } from '#test/support/until.ts'
import { apply, kubectl } from './kubectl.ts'

/** The prober's Trigger. */
export const trigger = 'uptime-prober-probe-requested'
/** The Deployment that the overlay onprem scales. */
export const dispatcher: string = `${trigger}-dispatcher`
const rabbitmq = 'vigia-rabbitmq'
const userSecret = 'vigia-rabbitmq-default-user'
const [username, password] = ['vigia', 'rabbitmq-password']
const managementPort = 15672

/** A queue of RabbitMQ that a Deployment with the name and the labels of the prober's dispatcher reads. */
export interface Queue {
  /** Puts an event into the queue. Throws unless RabbitMQ has confirmed it. */
  publish(headers: Record<string, string>, body: string): Promise<void>
  /** How many events are in the queue or unanswered, as RabbitMQ counts them every five seconds. */
  depth(): Promise<number>
  /** Makes the default broker deliver the events of the prober's Trigger to the queue. */
  deliver(): Promise<void>
  remove(): Promise<void>
}

/** The objects of a file of the overlay onprem. */
export const onprem = (file: string): KubeObject[] =>
  parseAllDocuments(readFileSync(join(root, 'infra/cluster/onprem', file), 'utf8')).map(
    document => document.toJS() as KubeObject,
  )

/** How many events of the prober's Trigger the overlay keeps in flight for each dispatcher. */
const parallelism = (): string =>
  onprem('parallelism.yaml').find(({ metadata }) => metadata.name === trigger)!.metadata.annotations![
    'rabbitmq.eventing.knative.dev/parallelism'
  ]!

/**
 * Starts RabbitMQ with the overlay's NetworkPolicies, the program that receives events in place of the broker's
 * ingress, and the dispatcher. The names are those of the overlay.
 */
export const startQueue = async (): Promise<Queue> => {
  const uid = await kubectl(['get', 'broker', 'default', '--namespace=vigia', '--output=jsonpath={.metadata.uid}'])
  const queue = `vigia.${trigger}.${uid}`
  // publishers-to-broker is not applied, because it would replace minikube's policy of that name, which lets the
  // functions publish to the default broker.
  const policies = onprem('network-policies.yaml').filter(({ metadata }) =>
    ['broker', 'dispatchers', 'rabbitmq'].includes(metadata.name),
  )
  const server = [...policies, secret, service(rabbitmq, { amqp: 5672, management: managementPort }, rabbitmqLabels)]
  await apply([...server, rabbitmqDeployment])
  await isAvailable(rabbitmq)
  const ingress = deployment('default-broker-ingress', { ...brokerLabels, [role]: 'ingress' }, ingressContainer(queue))
  await apply([ingress, service('default-broker-ingress', { http: 8080 }, ingress.spec.selector.matchLabels)])
  await isAvailable('default-broker-ingress')
  const consumer = deployment(dispatcher, { ...brokerLabels, [role]: 'dispatcher' }, dispatcherContainer(queue))
  await apply([consumer])
  await isAvailable(dispatcher)
  const [ingressAddress, rabbitmqAddress] = [await addressOf('default-broker-ingress'), await addressOf(rabbitmq)]
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return {
    publish: async (headers, body) => {
      const response = await fetch(`http://${ingressAddress}:8080/`, { method: 'POST', headers, body })
      if (response.status !== 202) throw new Error(`the ingress answered ${response.status}: ${await response.text()}`)
    },
    depth: async () => {
      const url = `http://${rabbitmqAddress}:${managementPort}/api/queues/%2F/${queue}`
      const response = await fetch(url, { headers: { authorization } })
      // A queue has no count before RabbitMQ has counted it for the first time.
      return ((await response.json()) as { messages?: number }).messages ?? 0
    },
    deliver: async () => {
      const uri = 'http://default-broker-ingress.vigia.svc.cluster.local:8080/'
      const change = JSON.stringify({ spec: { subscriber: { ref: null, uri } } })
      const name = `triggers.eventing.knative.dev/${trigger}`
      await kubectl(['patch', name, '--namespace=vigia', '--type=merge', `--patch=${change}`])
      await kubectl(['wait', name, '--namespace=vigia', '--for=condition=Ready', '--timeout=60s'])
    },
    remove: async () => {
      const objects = [...server, rabbitmqDeployment, ingress, consumer]
      await kubectl(
        ['delete', '--ignore-not-found', '--wait', '--filename=-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
      )
      await kubectl(['delete', 'service', 'default-broker-ingress', '--namespace=vigia'])
    },
  }
}

const addressOf = (name: string) =>
  kubectl(['get', 'service', name, '--namespace=vigia', '--output=jsonpath={.spec.clusterIP}'])

const isAvailable = (name: string) =>
  kubectl(['wait', 'deployment', name, '--namespace=vigia', '--for=condition=Available', '--timeout=180s'])

/** The labels of the broker's pods (eventing-rabbitmq, pkg/reconciler/trigger/resources/dispatcher.go). */
const brokerLabels = { 'eventing.knative.dev/broker': 'default' }
const role = 'eventing.knative.dev/brokerRole'
const rabbitmqLabels = { 'app.kubernetes.io/name': rabbitmq }

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: userSecret, namespace: 'vigia' },
  stringData: { username, password },
}

const fromSecret = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: userSecret, key } } })

const rabbitmqUrl = `amqp://${username}:${password}@${rabbitmq}.vigia.svc:5672/`

const service = (name: string, ports: Record<string, number>, selector: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'vigia' },
  spec: { selector, ports: Object.entries(ports).map(([name, port]) => ({ name, port })) },
})

/** A Deployment with one container, as Pod Security's `restricted` wants it. */
const deployment = (name: string, labels: Record<string, string>, container: object, volumes: object[] = []) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'vigia' },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, fsGroup: 999 },
        containers: [
          {
            name,
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            ...container,
          },
        ],
        volumes,
      },
    },
  },
})

const rabbitmqDeployment = deployment(
  rabbitmq,
  rabbitmqLabels,
  {
    image: 'dev.local/rabbitmq:test',
    env: [fromSecret('RABBITMQ_DEFAULT_USER', 'username'), fromSecret('RABBITMQ_DEFAULT_PASS', 'password')],
    readinessProbe: { tcpSocket: { port: 5672 }, periodSeconds: 1, failureThreshold: 10 },
    resources: { requests: { cpu: '10m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    volumeMounts: [{ name: 'data', mountPath: '/var/lib/rabbitmq' }],
  },
  [{ name: 'data', emptyDir: {} }],
)

const ingressContainer = (queue: string) => ({
  image: 'dev.local/queue-ingress:test',
  env: [
    { name: 'RABBITMQ_URL', value: rabbitmqUrl },
    { name: 'QUEUE', value: queue },
  ],
  readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 },
})

/** The subscriber is the one of the Trigger, by its address inside the cluster. */
const dispatcherContainer = (queue: string) => {
  const { spec } = manifestsIn('triggers').find(({ metadata }) => metadata.name === trigger)!
  return {
    image: 'dev.local/queue-dispatcher:test',
    env: [
      { name: 'RABBITMQ_URL', value: rabbitmqUrl },
      { name: 'QUEUE', value: queue },
      { name: 'PARALLELISM', value: parallelism() },
      { name: 'SUBSCRIBER', value: `http://${spec.subscriber.ref.name}.vigia.svc.cluster.local` },
    ],
    // The numbers of infra/cluster/onprem/kustomization.yaml.
    resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '1', memory: '256Mi' } },
  }
}

/** Waits until RabbitMQ has counted that the queue has no event. */
export const isEmpty = async ({ depth }: Queue, timeoutMs: number): Promise<void> => {
  await until(async () => (await depth()) === 0, { what: 'an empty queue', timeoutMs })
}
