import type { Inventory } from '../inventory.ts'
import { header } from './header.ts'

/** The prefix of image names in the LAN: `registry.vigia.lan:5000`. */
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
# Reading and writing need a login. README.md, "Set up the registry", says how to make the file of logins, which is not
# in git.
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
 * hosts.toml of every node: how containerd reaches the registry. The folder of the file is named after the registry.
 * The login is not here, because this file is in git: the kubelet has the login and passes it on with each image.
 */
export const registryHosts = (
  inventory: Inventory,
): string => `${header}server = "https://${registryAuthority(inventory)}"

[host."https://${registryAuthority(inventory)}"]
  # Nodes only pull images. The machine that builds pushes them.
  capabilities = ["pull", "resolve"]
  ca = "${certificateFolder(inventory)}/ca.crt"
`

/** The folder of hosts.toml on a node. */
export const certificateFolder = (inventory: Inventory): string =>
  `/etc/containerd/certs.d/${registryAuthority(inventory)}`
