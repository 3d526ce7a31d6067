import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '#infra/repository.ts'
import { crdsOf } from '#test/cluster/support/crds.ts'
import { apply, kubectl } from './kubectl.ts'
import { dnsAddress, inCluster, nodeAddress, worldAddresses } from './layout.ts'

/** The kinds of cert-manager and of the Gateway API. No controller of theirs runs. */
export const platformCrds = (): object[] => crdsOf(['cert-manager.io', 'gateway.networking.k8s.io'])

/** Installs what Vigia needs besides Knative: DNS, volumes and the CRDs. */
export const installPlatform = async (crds: object[]): Promise<void> => {
  await apply([...crds, ...dns, ...(await volumes(12))])
}

/** Installs the ingress gateway into the namespace of Knative Serving. */
export const installGateway = async (): Promise<void> => {
  await kubectl(['apply', '--filename', join(root, 'test/knative/manifests/gateway.yaml')])
}

const labels = { 'k8s-app': 'kube-dns' }

/** Answers for the names of the cluster, of the simulated Internet and of sslip.io. */
const corefile = `
.:53 {
  errors
  health
  ready
  hosts {
${Object.entries(worldAddresses)
  .map(([name, address]) => `    ${address} ${name}.world.test`)
  .join('\n')}
    fallthrough
  }
  template IN A sslip.io {
    answer "{{ .Name }} 60 IN A ${nodeAddress}"
  }
  kubernetes cluster.local in-addr.arpa {
    pods insecure
  }
}
`

const dns = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'coredns', namespace: 'kube-system' } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'coredns' },
    rules: [
      { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'coredns' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'coredns' },
    subjects: [{ kind: 'ServiceAccount', name: 'coredns', namespace: 'kube-system' }],
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coredns', namespace: 'kube-system' },
    data: { Corefile: corefile },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kube-dns', namespace: 'kube-system', labels },
    spec: {
      clusterIP: dnsAddress,
      selector: labels,
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53 },
        { name: 'dns-tcp', protocol: 'TCP', port: 53 },
      ],
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: 'kube-system', labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'coredns',
          dnsPolicy: 'Default',
          containers: [
            {
              name: 'coredns',
              image: 'dev.local/coredns:test',
              args: ['-conf', '/etc/coredns/Corefile'],
              securityContext: { runAsUser: 0 },
              // Without a ready pod of CoreDNS, no name in the cluster has an address. So a slow answer on a busy
              // machine must not make the pod unready.
              readinessProbe: {
                httpGet: { path: '/ready', port: 8181 },
                periodSeconds: 1,
                timeoutSeconds: 10,
                failureThreshold: 10,
              },
              volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }],
            },
          ],
          volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
        },
      },
    },
  },
]

/** Volumes on the node's disk, because minikube's provisioner is not on the Go proxy. Each is used once. */
const volumes = async (count: number) => {
  const folders = Array.from({ length: count }, (_, index) => inCluster('volumes', String(index)))
  for (const folder of folders) await mkdir(folder, { recursive: true })
  return [
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    ...folders.map((path, index) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `volume-${index}` },
      spec: {
        storageClassName: 'standard',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '10Gi' },
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node'] }] },
            ],
          },
        },
      },
    })),
  ]
}
