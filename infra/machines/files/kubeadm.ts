import type { Inventory } from '../inventory.ts'
import { balancerPorts as ports } from '../rules.ts'
import { header } from './header.ts'

const runtime = 'unix:///run/containerd/containerd.sock'

/** For `kubeadm init` on the first control plane, with the settings of the whole cluster. */
export const kubeadmInit = ({ cluster, kubernetes, lan, virtualIp, controlPlanes }: Inventory): string => {
  const [first] = controlPlanes
  return `${header}# On ${first!.name}: kubeadm init --config init.yaml
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: ${first!.address}
  bindPort: ${ports.api}
nodeRegistration:
  name: ${first!.name}
  criSocket: ${runtime}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: ${cluster}
kubernetesVersion: v${kubernetes.version}
# The virtual IP, not the address of a machine, because every kubelet's configuration contains it.
controlPlaneEndpoint: ${virtualIp.address}:${ports.api}
networking:
  dnsDomain: cluster.local
  podSubnet: ${kubernetes.podSubnet}
  serviceSubnet: ${kubernetes.serviceSubnet}
apiServer:
  certSANs:
    - ${virtualIp.address}
    - ${virtualIp.name}
${controlPlanes.map(({ name }) => `    - ${name}.${lan.domain}`).join('\n')}
etcd:
  local:
    dataDir: /var/lib/etcd
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
# When the node reboots, functions have time to finish their requests; the last 20 s are for the pods that the node itself needs.
shutdownGracePeriod: 60s
shutdownGracePeriodCriticalPods: 20s
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
`
}

/**
 * For `kubeadm join` on the other control planes. kubeadm takes the name from the host name and the address from the
 * default route. The file contains no secrets: discovery.sh makes the token, and the cluster's keys are copied over
 * ssh.
 */
export const kubeadmJoinControlPlane = ({ controlPlanes }: Inventory): string => {
  const others = controlPlanes.slice(1).map(({ name }) => name)
  return `${header}# On ${others.join(' and ')}: kubeadm join --config join-control-plane.yaml
${joining}controlPlane:
  localAPIEndpoint:
    bindPort: ${ports.api}
`
}

/** For `kubeadm join` on the workers. */
export const kubeadmJoinWorker = ({ workers }: Inventory): string =>
  `${header}# On ${workers.map(({ name }) => name).join(', ')}: kubeadm join --config join-worker.yaml
${joining}`

const joining = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  file:
    # discovery.sh makes this file on a control plane. The token in the file is valid for two hours.
    kubeConfigPath: /etc/kubernetes/discovery.conf
nodeRegistration:
  criSocket: ${runtime}
`
