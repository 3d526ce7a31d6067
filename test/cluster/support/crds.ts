import { type Crd, definitionsOf } from '#test/cluster-files/support/crds.ts'

/** The kinds of our objects and of what stands beneath them that are not Kubernetes' own, by group. */
const kinds: Record<string, string[]> = {
  'argoproj.io': ['Application', 'ApplicationSet', 'AppProject'],
  'bitnami.com': ['SealedSecret'],
  'cert-manager.io': ['Certificate', 'ClusterIssuer', 'Issuer'],
  'eventing.knative.dev': ['Broker', 'Trigger'],
  'external-secrets.io': ['ExternalSecret', 'SecretStore'],
  'gateway.envoyproxy.io': ['EnvoyProxy'],
  'gateway.networking.k8s.io': ['Gateway', 'GatewayClass', 'HTTPRoute', 'ReferenceGrant'],
  'keda.sh': ['ScaledObject', 'TriggerAuthentication'],
  'mongodbcommunity.mongodb.com': ['MongoDBCommunity'],
  'operator.knative.dev': ['KnativeEventing', 'KnativeServing'],
  'postgresql.cnpg.io': ['Cluster', 'ScheduledBackup'],
  'rabbitmq.com': ['RabbitmqCluster'],
  'serving.knative.dev': ['Configuration', 'DomainMapping', 'Revision', 'Route', 'Service'],
  'sources.knative.dev': ['PingSource', 'SinkBinding'],
}

const object = (properties: object) => ({ type: 'object', properties })
const string = { type: 'string' }

/** The RabbitMQ broker's configuration: no Go module has its CRD, so these are the fields that its broker reads, where KNATIVE_CRDS has none. */
const rabbitmqBrokerConfig: Crd = {
  metadata: { name: 'rabbitmqbrokerconfigs.eventing.knative.dev' },
  spec: {
    group: 'eventing.knative.dev',
    scope: 'Namespaced',
    names: { kind: 'RabbitmqBrokerConfig', plural: 'rabbitmqbrokerconfigs', singular: 'rabbitmqbrokerconfig' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: object({
            spec: object({
              queueType: { ...string, enum: ['quorum', 'classic'] },
              rabbitmqClusterReference: object({
                connectionSecret: object({ name: string }),
                name: string,
                namespace: string,
              }),
              vhost: string,
            }),
          }),
        },
      },
    ],
  },
}

/** Teaches the API server the kinds of Knative and of the platform parts, and waits until it serves them. */
export const installCrds = async (
  kubectl: (args: string[], options?: { input: string }) => Promise<{ code: number; stderr: string }>,
): Promise<void> => {
  const found = Object.entries(kinds).flatMap(([group, names]) =>
    names.map(kind => {
      const newest = definitionsOf(group, kind).at(-1)
      if (!newest) throw new Error(`nothing defines ${kind} of ${group}`)
      return newest.crd
    }),
  )
  const brokerConfig = definitionsOf('eventing.knative.dev', 'RabbitmqBrokerConfig').at(-1)?.crd ?? rabbitmqBrokerConfig
  const items = [...found, brokerConfig].map(crd => ({
    ...asStored(crd),
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
  }))
  const applied = await kubectl(['apply', '--server-side', '--validate=false', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  })
  if (applied.code !== 0) throw new Error(`the CRDs were refused: ${applied.stderr}`)
  const established = await kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=120s'])
  if (established.code !== 0) throw new Error(`CRDs that are not served: ${established.stderr}`)
}

/** In the version that is stored alone: whoever converts from and to the others is a webhook, and there are none here. */
const asStored = ({ status: _, spec: { conversion: __, ...spec }, ...crd }: Crd) => ({
  ...crd,
  spec: { ...spec, versions: spec.versions.filter(({ storage }) => storage) },
})
