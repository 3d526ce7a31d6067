import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import type { NodePrograms } from './debian.ts'
import type { ProgramFolders } from './programs.ts'

/** What the launcher has built and downloaded. */
export interface BuiltParts {
  programs: ProgramFolders
  debian: NodePrograms
  /** Archives of the images. */
  images: string[]
  /** The objects of Knative. */
  knative: KubeObject[]
  /** The CRDs of other projects. */
  crds: object[]
  /** The objects of KEDA. Empty without VIGIA_KNATIVE_KEDA=1. */
  keda: KubeObject[]
}

/** What a running cluster reads from parts.json of its folder. */
export interface Parts extends BuiltParts {
  /** The name of the cgroup that holds the pods. It is the same in every tree of cgroups (cgroups.ts). */
  cgroup: string
}
