import { existsSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { delimiter, join } from 'node:path'

// Debian has some of the programs below in folders that are not on the PATH of users.
export const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'].join(
  delimiter,
)

/** The programs that must be installed, with the Debian package of each. */
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

/** What the cluster needs to know about a machine. */
export interface Machine {
  /** `linux-x64`. */
  system: string
  isRoot: boolean
  memoryBytes: number
  /** Whether one of the folders of `path` (above) contains a program with this name. */
  hasProgram(name: string): boolean
  /** The content of /proc/filesystems. */
  filesystems: string
  exists(path: string): boolean
}

const thisMachine: Machine = {
  system: `${process.platform}-${process.arch}`,
  isRoot: process.getuid?.() === 0,
  memoryBytes: totalmem(),
  hasProgram: name => path.split(delimiter).some(folder => existsSync(join(folder, name))),
  filesystems: existsSync('/proc/filesystems') ? readFileSync('/proc/filesystems', 'utf8') : '',
  exists: existsSync,
}

/** Why the cluster is not possible on a machine, in one line. Undefined where it is possible. */
export const skipReason = (machine: Machine = thisMachine): string | undefined => {
  const { system, isRoot, memoryBytes, hasProgram, filesystems, exists } = machine
  if (system !== 'linux-x64') return `it needs Linux on x64; this machine is ${system}`
  if (!isRoot) return 'it needs root, because it makes namespaces and mounts'
  // A machine of 8 GiB has less than that, because the kernel and the firmware reserve some.
  if (memoryBytes < 7.5 * gibibyte)
    return `it needs 8 GiB of memory; this machine has ${(memoryBytes / gibibyte).toFixed(1)} GiB`
  for (const [name, debianPackage] of Object.entries(programs))
    if (!hasProgram(name)) return `${name} is not installed; Debian's package is ${debianPackage}`
  if (!/\toverlay$/m.test(filesystems)) return 'the kernel has no overlay file system; load it with: modprobe overlay'
  if (!exists('/proc/sys/net/bridge'))
    return 'the kernel does not filter the packets of bridges; load it with: modprobe br_netfilter'
  if (!exists('/sys/fs/cgroup/memory') && !exists('/sys/fs/cgroup/cgroup.controllers'))
    return 'no cgroups are mounted at /sys/fs/cgroup'
  return undefined
}
