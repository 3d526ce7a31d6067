import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import type { BehavingFunction, Limits } from '#test/support/activator-conformance/scenarios.ts'
import { type Recorder, startRecorder } from '#test/support/broker-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { apply, kubectl, list } from './kubectl.ts'
import { nodeAddress } from './layout.ts'

/** The port at which queue-proxy accepts requests. */
const queuePort = 8012

/**
 * Knative Services with the program behaving-function.ts, each with one pod. Requests go straight to the activator,
 * with the headers that the gateway would set, so that they pass only through the activator and queue-proxy.
 */
export const startBehavingServices = async (namespace: string, functions: Record<string, Limits>) => {
  await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }])
  const recorders = new Map<string, Recorder>()
  for (const name of Object.keys(functions)) recorders.set(name, await startRecorder(nodeAddress))
  await apply(
    Object.entries(functions).map(([name, limits]) => service(namespace, name, limits, recorders.get(name)!.url)),
  )
  await kubectl(['wait', 'ksvc', '--all', '--namespace', namespace, '--for=condition=Ready', '--timeout=180s'])
  const activator = await kubectl([
    ...['get', 'service', 'activator-service', '--namespace=knative-serving', '--output=jsonpath={.spec.clusterIP}'],
  ])
  const podsOf = async (name: string): Promise<KubeObject[]> =>
    (await list('pods', namespace, `--selector=serving.knative.dev/service=${name}`)).filter(
      ({ metadata }) => !metadata.deletionTimestamp,
    )

  const functionOf = (name: string): BehavingFunction => {
    const revision = {
      host: `${name}.${namespace}.svc.cluster.local`,
      'knative-serving-namespace': namespace,
      'knative-serving-revision': `${name}-00001`,
    }
    return {
      recorder: recorders.get(name)!,
      send: request =>
        sendRequest(`http://${activator}/`, { ...request, headers: { ...request.headers, ...revision } }),
      sendPast: async request => {
        const [pod] = await podsOf(name)
        return await sendRequest(`http://${pod!.status.podIP}:${queuePort}/`, request)
      },
      retire: async () => {
        const [pod] = await podsOf(name)
        await kubectl(['delete', 'pod', pod!.metadata.name, '--namespace', namespace, '--wait=false'])
      },
      crash: async () => {
        const [pod] = await podsOf(name)
        await kubectl(['delete', 'pod', pod!.metadata.name, '--namespace', namespace, '--grace-period=0', '--force'])
        await until(
          async () => {
            const pods = await podsOf(name)
            const next = pods.find(({ metadata }) => metadata.name !== pod!.metadata.name)
            return next?.status.containerStatuses?.some((one: { restartCount: number }) => one.restartCount > 0)
          },
          { what: 'a crash of the next pod', timeoutMs: 120_000 },
        )
      },
    }
  }
  return {
    functionOf,
    /** Removes the namespace without waiting for its end. */
    remove: async () => {
      await kubectl(['delete', 'namespace', namespace, '--wait=false'])
      for (const recorder of recorders.values()) await recorder.stop()
    },
  }
}

const service = (namespace: string, name: string, limits: Limits, control: string) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name, namespace, labels: { 'networking.knative.dev/visibility': 'cluster-local' } },
  spec: {
    template: {
      metadata: {
        annotations: { 'autoscaling.knative.dev/min-scale': '1', 'autoscaling.knative.dev/max-scale': '1' },
      },
      spec: {
        ...limits,
        containers: [
          {
            image: 'dev.local/behaving:test',
            env: [{ name: 'CONTROL_URL', value: control }],
            readinessProbe: { httpGet: { path: '/healthz' } },
          },
        ],
      },
    },
  },
})
