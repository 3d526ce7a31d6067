import { Ajv } from 'ajv'
import Type, { type TProperties, type TSchema } from 'typebox'

const closed = { additionalProperties: false }
const object = (properties: TProperties) => Type.Object(properties, closed)
const text = Type.String({ minLength: 1 })
const kind = (apiVersion: string, name: string, properties: TProperties) =>
  object({ apiVersion: Type.Literal(apiVersion), kind: Type.Literal(name), ...properties })

const kubeadm = 'kubeadm.k8s.io/v1beta4'
const duration = Type.String({ pattern: '^(\\d+(s|m|h))+$' })
const node = object({ name: Type.Optional(text), criSocket: Type.String({ pattern: '^unix:///' }) })

/**
 * By kind: exactly the fields that we use in kubeadm's files. kubeadm publishes no schema for these files.
 * Source: cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go and the two component configurations of Kubernetes 1.36.
 */
const kinds: Record<string, TSchema> = {
  InitConfiguration: kind(kubeadm, 'InitConfiguration', {
    localAPIEndpoint: object({ advertiseAddress: text, bindPort: Type.Integer() }),
    nodeRegistration: node,
  }),
  ClusterConfiguration: kind(kubeadm, 'ClusterConfiguration', {
    clusterName: text,
    kubernetesVersion: Type.String({ pattern: '^v1\\.\\d+\\.\\d+$' }),
    controlPlaneEndpoint: Type.String({ pattern: '^[^:]+:\\d+$' }),
    networking: object({ dnsDomain: text, podSubnet: text, serviceSubnet: text }),
    apiServer: object({ certSANs: Type.Array(text) }),
    etcd: object({ local: object({ dataDir: text }) }),
  }),
  JoinConfiguration: kind(kubeadm, 'JoinConfiguration', {
    discovery: object({ file: object({ kubeConfigPath: Type.String({ pattern: '^/' }) }) }),
    controlPlane: Type.Optional(object({ localAPIEndpoint: object({ bindPort: Type.Integer() }) })),
    nodeRegistration: node,
  }),
  KubeletConfiguration: kind('kubelet.config.k8s.io/v1beta1', 'KubeletConfiguration', {
    cgroupDriver: Type.Literal('systemd'),
    shutdownGracePeriod: duration,
    shutdownGracePeriodCriticalPods: duration,
  }),
  KubeProxyConfiguration: kind('kubeproxy.config.k8s.io/v1alpha1', 'KubeProxyConfiguration', {
    mode: Type.Enum(['nftables', 'iptables']),
  }),
}

const ajv = new Ajv({ allErrors: true })

/** The faults of a kubeadm document, as messages. */
export const kubeadmFaults = (document: { kind?: string }): string[] => {
  const schema = kinds[document.kind ?? '']
  if (schema === undefined) return [`no rules for the kind ${document.kind}`]
  const validate = ajv.compile(schema)
  if (validate(document)) return []
  return validate.errors!.map(({ instancePath, message, params }) =>
    [instancePath, message, params.additionalProperty].filter(Boolean).join(' '),
  )
}
