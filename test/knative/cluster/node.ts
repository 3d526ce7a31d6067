import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '#test/support/until.ts'
import { dnsAddress, inCluster, kubeconfigOf, nodeAddress, podNetwork } from './layout.ts'
import type { Parts } from './parts.ts'
import { startProgram } from './program.ts'

const run = promisify(execFile)

const containerdSocket = inCluster('containerd.sock')

/** Starts containerd, imports the images, and starts the kubelet, kube-proxy and the enforcer of NetworkPolicies. */
export const startNode = async (parts: Parts): Promise<void> => {
  await startContainerd(parts)
  const { kubernetes } = parts.programs
  await writeNetworkConfig()
  await writeFile(inCluster('resolv.conf'), '')
  await writeFile(inCluster('kubelet.json'), JSON.stringify(kubeletConfig(parts)))
  await startProgram('kubelet', join(kubernetes, 'kubelet'), [
    `--config=${inCluster('kubelet.json')}`,
    `--kubeconfig=${kubeconfigOf('system:node:node')}`,
    `--root-dir=${inCluster('kubelet')}`,
    `--cert-dir=${inCluster('kubelet-certificates')}`,
    '--hostname-override=node',
    `--node-ip=${nodeAddress}`,
  ])
  await writeFile(inCluster('kube-proxy.json'), JSON.stringify(kubeProxyConfig))
  await startProgram('kube-proxy', join(kubernetes, 'kube-proxy'), [`--config=${inCluster('kube-proxy.json')}`])
  await startProgram('network-policies', join(kubernetes, 'network-policies'), [], {
    KUBECONFIG: kubeconfigOf('administrator'),
  })
}

/** Starts containerd and imports the images. */
const startContainerd = async ({ debian, images }: Parts): Promise<void> => {
  await writeFile(inCluster('containerd.toml'), containerdConfig(debian.cni))
  await startProgram('containerd', join(debian.folders[0]!, 'containerd'), ['--config', inCluster('containerd.toml')])
  await until(() => ctr('version'), { what: "containerd's answer", timeoutMs: 60_000 })
  for (const image of images)
    await ctr('--namespace=k8s.io', 'images', 'import', '--all-platforms', '--no-unpack', image)
}

/** Runs containerd's client. */
export const ctr = async (...args: string[]): Promise<string> =>
  (await run('ctr', [`--address=${containerdSocket}`, ...args], { maxBuffer: 1 << 26 })).stdout

/** The bridge of the pods. The node's own address on the bridge is the pods' gateway. */
const writeNetworkConfig = async () => {
  await mkdir(inCluster('cni'), { recursive: true })
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: inCluster('addresses'),
      ranges: [[{ subnet: podNetwork }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  }
  await writeFile(
    inCluster('cni', '10-bridge.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: 'pods', plugins: [bridge] }),
  )
}

const containerdConfig = (cni: string) => `
version = 2
root = "${inCluster('containerd')}"
state = "${inCluster('containerd-state')}"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "dev.local/pause:test"
  # A container of this test cannot lower its own OOM score below the one of the process that started the cluster.
  restrict_oom_score_adj = true
  # The profiles of AppArmor belong to the whole machine.
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cni}"
    conf_dir = "${inCluster('cni')}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`

const kubeletConfig = ({ cgroup }: Parts) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${cgroup}`,
  // The kernel of this machine may have only version 1 of cgroups.
  failCgroupV1: false,
  failSwapOn: false,
  // The kernel's settings belong to the whole machine, so the launcher has mounted files over them.
  protectKernelDefaults: true,
  makeIPTablesUtilChains: false,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  clusterDNS: [dnsAddress],
  clusterDomain: 'cluster.local',
  resolvConf: inCluster('resolv.conf'),
  podLogsDir: inCluster('pod-logs'),
  volumePluginDir: inCluster('volume-plugins'),
  // A full disk of the machine must not evict pods.
  evictionHard: {
    'memory.available': '0%',
    'nodefs.available': '0%',
    'imagefs.available': '0%',
    'nodefs.inodesFree': '0%',
  },
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  serializeImagePulls: false,
  maxPods: 200,
  // Readiness probes of many pods start at once after the node was stopped.
  kubeAPIQPS: 200,
  kubeAPIBurst: 400,
})

const kubeProxyConfig = {
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'nftables',
  hostnameOverride: 'node',
  clusterCIDR: podNetwork,
  clientConnection: { kubeconfig: kubeconfigOf('system:kube-proxy') },
  // Zero leaves the kernel's limit as it is.
  conntrack: { maxPerCore: 0 },
  nodePortAddresses: ['0.0.0.0/0'],
}
