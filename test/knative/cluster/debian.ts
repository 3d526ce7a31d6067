import { join } from 'node:path'
import { debianPackages } from '../images/debian-packages.ts'

/** The programs of a node that do not come from Go modules. */
export interface NodePrograms {
  /** The folders with containerd, its shim, ctr and runc. */
  folders: string[]
  /** The folder of the CNI plugins. */
  cni: string
  /** Reaps the processes whose parents have ended. */
  tini: string
}

/** Downloads and unpacks Debian's packages, once. Throws `Unavailable` when apt cannot download them. */
export const debianPrograms = async (): Promise<NodePrograms> => {
  const folder = await debianPackages(['containerd', 'runc', 'containernetworking-plugins', 'tini'])
  return {
    folders: ['usr/bin', 'usr/sbin'].map(name => join(folder, name)),
    cni: join(folder, 'usr/lib/cni'),
    tini: join(folder, 'usr/bin/tini-static'),
  }
}
