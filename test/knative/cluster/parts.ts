import type { NodePrograms } from './debian.ts'
import type { KubeObject } from './kubectl.ts'
import type { ProgramFolders } from './programs.ts'

/** What the launcher has built and downloaded. It is in parts.json of the cluster's folder. */
export interface Parts {
  programs: ProgramFolders
  debian: NodePrograms
  /** Archives of the images. */
  images: string[]
  /** The objects of Knative. */
  knative: KubeObject[]
  /** The CRDs of other projects. */
  crds: object[]
  /** The name of the cgroup of the pods, in every controller. */
  cgroup: string
}
