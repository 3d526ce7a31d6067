import { packageVersion } from '#infra/delivery/package-version.ts'
import { clusterImages } from '../images/cluster-images.ts'
import { debianPrograms } from './debian.ts'
import { knativeObjects } from './knative.ts'
import { nextVersion } from './layout.ts'
import type { BuiltParts } from './parts.ts'
import { platformCrds } from './platform.ts'
import { buildPrograms } from './programs.ts'
import { queueScalingParts, wantsKeda } from './queue-scaling.ts'
import { timed } from './timed.ts'

/**
 * Builds and downloads what the cluster needs, unless a run before has done so, and prints the time of each step.
 * Throws `Unavailable` when this machine cannot do it, for example because it has no network.
 */
export const buildParts = async (): Promise<BuiltParts> => {
  const programs = await timed('compile the programs of Kubernetes and Knative', buildPrograms)
  const debian = await timed("unpack Debian's packages", debianPrograms)
  const images = await timed('write the images', () => clusterImages(programs, [packageVersion(), nextVersion]))
  const knative = await timed('read the YAML of Knative', knativeObjects)
  const queueScaling = wantsKeda
    ? await timed('build KEDA, RabbitMQ and the program that reads its queue', queueScalingParts)
    : { images: [], keda: [] }
  images.push(...queueScaling.images)
  return { programs, debian, images, knative, crds: platformCrds(), keda: queueScaling.keda }
}
