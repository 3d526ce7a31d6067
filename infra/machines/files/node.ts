import type { Inventory } from '../inventory.ts'
import { header } from './header.ts'

/** Lines for /etc/hosts of every machine, so that the cluster does not depend on a DNS server. */
export const hosts = ({ lan, virtualIp, registry, ...roles }: Inventory): string => {
  const machines = [...roles.balancers, ...roles.controlPlanes, ...roles.workers]
  const lines = [
    [virtualIp.address, virtualIp.name],
    ...machines.map(({ name, address }) => [address, `${name}.${lan.domain} ${name}`]),
    [registry.address, registry.name],
  ]
  return header + lines.map(([address, names]) => `${address!.padEnd(15)} ${names}\n`).join('')
}

/** /etc/containerd/config.toml of every node. Both containerd 1.7 (Debian 13) and 2.x read this version 2 format. */
export const containerd = (): string => `${header}version = 2

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"

# The same cgroup driver as the kubelet's. With two different drivers, pods are killed at random under load.
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = true
`

/** /etc/modules-load.d/kubernetes.conf of every node. */
export const modules = (): string => `${header}overlay
br_netfilter
`

/** /etc/sysctl.d/90-kubernetes.conf of every node. */
export const sysctl = (): string => `${header}net.ipv4.ip_forward = 1
net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
`
