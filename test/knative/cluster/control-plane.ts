import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { certificateAuthority } from '#test/cluster/support/certificate-authority.ts'
import { until } from '#test/support/until.ts'
import { inCluster, kubeconfigOf, nodeAddress, podNetwork, serviceNetwork } from './layout.ts'
import type { Parts } from './parts.ts'
import { startProgram } from './program.ts'

/** The users of the API server, with their groups. Each has a token and a kubeconfig. */
const users = {
  administrator: ['system:masters'],
  'system:kube-controller-manager': [],
  'system:kube-scheduler': [],
  // The node authorizer would need a certificate for the node. The node of a test may have all rights instead.
  'system:node:node': ['system:nodes', 'system:masters'],
  'system:kube-proxy': [],
}

const server = `https://${nodeAddress}:6443`

/** Starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler. Returns when the API server is ready. */
export const startControlPlane = async ({ programs: { kubernetes }, keda }: Parts): Promise<void> => {
  await writeKeys()
  const program = (name: string) => join(kubernetes, name)
  await startProgram('etcd', program('etcd'), [
    `--data-dir=${inCluster('etcd')}`,
    // The data is not needed after the test.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ])
  await startProgram('kube-apiserver', program('kube-apiserver'), [
    '--etcd-servers=http://127.0.0.1:2379',
    `--advertise-address=${nodeAddress}`,
    '--bind-address=0.0.0.0',
    `--cert-dir=${inCluster('certificates')}`,
    `--token-auth-file=${inCluster('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${inCluster('accounts.key')}`,
    `--service-account-signing-key-file=${inCluster('accounts.key')}`,
    `--service-cluster-ip-range=${serviceNetwork}`,
    // The name of the node is in no DNS.
    '--kubelet-preferred-address-types=InternalIP',
    '--profiling=false',
    ...(keda.length > 0 ? await aggregatorFlags() : []),
  ])
  // The server makes a self-signed certificate.
  const certificate = inCluster('certificates', 'apiserver.crt')
  await until(() => existsSync(certificate), { what: "kube-apiserver's certificate", timeoutMs: 120_000 })
  await until(ready, { what: 'a ready kube-apiserver', timeoutMs: 120_000 })
  await startProgram('kube-controller-manager', program('kube-controller-manager'), [
    `--kubeconfig=${kubeconfigOf('system:kube-controller-manager')}`,
    `--service-account-private-key-file=${inCluster('accounts.key')}`,
    `--root-ca-file=${certificate}`,
    `--cluster-cidr=${podNetwork}`,
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    // These controllers are for nodes in a cloud and for networks of several nodes.
    '--controllers=*,-cloud-node-lifecycle-controller,-node-ipam-controller,-node-route-controller',
    // The default is five minutes, which a test would have to wait before an autoscaler could scale down.
    '--horizontal-pod-autoscaler-downscale-stabilization=10s',
  ])
  await startProgram('kube-scheduler', program('kube-scheduler'), [
    `--kubeconfig=${kubeconfigOf('system:kube-scheduler')}`,
    '--leader-elect=false',
  ])
}

/** Whether the API server answers that it is ready. Its health checks need no user. */
const ready = () =>
  new Promise<boolean>(resolve => {
    request(`${server}/readyz`, { rejectUnauthorized: false }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
      .on('error', () => resolve(false))
      .end()
  })

/**
 * The flags with which the API server identifies itself to an extension API server, such as KEDA's, and names the user
 * whose request it forwards. Also makes the certificates.
 */
const aggregatorFlags = async (): Promise<string[]> => {
  await mkdir(inCluster('aggregator'))
  const authority = await certificateAuthority(inCluster('aggregator'), 'aggregator-authority')
  const { certificate, key } = await authority.signed('aggregator', ['DNS:aggregator'])
  return [
    `--requestheader-client-ca-file=${authority.certificate}`,
    '--requestheader-allowed-names=aggregator',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${certificate}`,
    `--proxy-client-key-file=${key}`,
  ]
}

/** Writes the key that signs the tokens of service accounts, and the tokens and kubeconfigs of the users. */
const writeKeys = async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(inCluster('accounts.key'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
  await mkdir(inCluster('kubeconfigs'))
  const lines = []
  for (const [user, groups] of Object.entries(users)) {
    const token = randomUUID()
    lines.push(`${token},${user},${user},"${groups.join(',')}"\n`)
    await writeFile(kubeconfigOf(user), JSON.stringify(kubeconfig(user, token)), { mode: 0o600 })
  }
  await writeFile(inCluster('tokens.csv'), lines.join(''), { mode: 0o600 })
}

const kubeconfig = (user: string, token: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    { name: 'knative', cluster: { server, 'certificate-authority': inCluster('certificates', 'apiserver.crt') } },
  ],
  users: [{ name: user, user: { token } }],
  contexts: [{ name: 'knative', context: { cluster: 'knative', user } }],
  'current-context': 'knative',
})
