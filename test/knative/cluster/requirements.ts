import { existsSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { delimiter, join } from 'node:path'

// Debian has some of these programs in folders that are not on the PATH of users.
export const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'].join(
  delimiter,
)

/** The programs that must be installed, by Debian's package. */
const programs = {
  go: 'golang (the version of test/cluster/programs/go.mod)',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  ip: 'iproute2',
  nft: 'nftables',
  mount: 'mount',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  tar: 'tar',
}

const gibibyte = 1024 ** 3

/** Why the cluster is not possible on this machine, in one line. Undefined where it is possible. */
export const skipReason = (): string | undefined => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it needs Linux on x64'
  if (process.getuid?.() !== 0) return 'it needs root, because it makes namespaces and mounts'
  if (totalmem() < 7.5 * gibibyte)
    return `it needs 8 GiB of memory; this machine has ${(totalmem() / gibibyte).toFixed(1)} GiB`
  for (const [name, debianPackage] of Object.entries(programs))
    if (!path.split(delimiter).some(folder => existsSync(join(folder, name))))
      return `${name} is not installed; Debian's package is ${debianPackage}`
  const filesystems = readFileSync('/proc/filesystems', 'utf8')
  if (!/\toverlay$/m.test(filesystems)) return 'the kernel has no overlay file system (modprobe overlay)'
  if (!existsSync('/proc/sys/net/bridge')) return 'the kernel does not filter bridges (modprobe br_netfilter)'
  if (!existsSync('/sys/fs/cgroup/memory') && !existsSync('/sys/fs/cgroup/cgroup.controllers'))
    return 'no cgroups are mounted at /sys/fs/cgroup'
  return undefined
}
