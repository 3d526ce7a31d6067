import { type Crd, definitionsOf } from '#test/cluster-files/support/crds.ts'

/** By group: the kinds of our objects and of those in the platform folders, without Kubernetes' own kinds. */
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
  'sinks.knative.dev': ['JobSink'],
  'sources.knative.dev': ['PingSource', 'SinkBinding'],
}

const object = (properties: object) => ({ type: 'object', properties })
const string = { type: 'string' }

/**
 * The CRD of the RabbitMQ broker's configuration, with the fields that the broker reads. It is used when the folder
 * of CRDs (the environment variable KNATIVE_CRDS) does not have this CRD, because no Go module has it.
 */
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

/** The CRDs of the `kinds` in these API groups, as objects to apply. */
export const crdsOf = (groups: readonly string[]): object[] =>
  groups
    .flatMap(group =>
      kinds[group]!.map(kind => {
        const newest = definitionsOf(group, kind).at(-1)
        if (!newest) throw new Error(`no CRD of ${group} ${kind}: neither a Go module nor KNATIVE_CRDS has it`)
        return newest.crd
      }),
    )
    .map(asObject)

const asObject = (crd: Crd) => ({
  ...storedVersionOnly(crd),
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
})

/** Installs the CRDs of Knative and of the operators, and waits until the API server serves them. */
export const installCrds = async (
  kubectl: (args: string[], options?: { input: string }) => Promise<{ code: number; stderr: string }>,
): Promise<void> => {
  const brokerConfig = definitionsOf('eventing.knative.dev', 'RabbitmqBrokerConfig').at(-1)?.crd ?? rabbitmqBrokerConfig
  const items = [...crdsOf(Object.keys(kinds)), asObject(brokerConfig)]
  const applied = await kubectl(['apply', '--server-side', '--validate=false', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  })
  if (applied.code !== 0) throw new Error(`the API server refused the CRDs: ${applied.stderr}`)
  const established = await kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=120s'])
  if (established.code !== 0) throw new Error(`the API server does not serve all CRDs: ${established.stderr}`)
}

/**
 * The CRD with only its stored version, because a webhook would have to convert the others and no webhook runs here.
 */
const storedVersionOnly = ({ status: _, spec: { conversion: __, ...spec }, ...crd }: Crd) => ({
  ...crd,
  spec: { ...spec, versions: spec.versions.filter(({ storage }) => storage) },
})
