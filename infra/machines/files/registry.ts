import type { Inventory } from '../inventory.ts'
import { header } from './header.ts'

/** What images of the LAN begin with: `registry.vigia.lan:5000`. */
export const registryAuthority = ({ registry }: Inventory): string => `${registry.name}:${registry.port}`

/** /etc/docker/registry/config.yml of the machine that keeps the images, for Debian's package docker-registry. */
export const registryConfig = (inventory: Inventory): string => `${header}version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: /var/lib/docker-registry
  delete:
    enabled: true
# Without a login nobody reads or writes; the file is made as README, "The registry", says, and is in no repository.
auth:
  htpasswd:
    realm: vigia
    path: /etc/docker/registry/htpasswd
http:
  addr: ${inventory.registry.address}:${inventory.registry.port}
  host: https://${registryAuthority(inventory)}
  tls:
    certificate: /etc/docker/registry/tls.crt
    key: /etc/docker/registry/tls.key
    minimumtls: tls1.2
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`

/**
 * Where containerd looks for how to reach a registry, on every node: the folder is called after it. The login is not here, for this file is in
 * git: the kubelet has it and hands it on with each image.
 */
export const registryHosts = (
  inventory: Inventory,
): string => `${header}server = "https://${registryAuthority(inventory)}"

[host."https://${registryAuthority(inventory)}"]
  # Nodes take images; who pushes does it from elsewhere.
  capabilities = ["pull", "resolve"]
  ca = "${certificateFolder(inventory)}/ca.crt"
`

/** The folder of hosts.toml on a node. */
export const certificateFolder = (inventory: Inventory): string =>
  `/etc/containerd/certs.d/${registryAuthority(inventory)}`
