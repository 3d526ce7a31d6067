import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { knativeImage } from '../cluster/knative.ts'
import type { ProgramFolders } from '../cluster/programs.ts'
import { behavingImage, goImage, helloImage, mongoImage, postgresImage, vigiaImages } from './images.ts'
import { writeImages } from './oci-layout.ts'

/** The programs of Kubernetes and of ours that run in pods. The others run on the node. */
const podPrograms = ['pause', 'coredns', 'gateway']

/** Writes the archives of the cluster's images and returns their paths. `versions` are those of Vigia. */
export const clusterImages = async (programs: ProgramFolders, versions: readonly string[]): Promise<string[]> => {
  const knative = (['serving', 'eventing'] as const).map(async project =>
    (await readdir(programs[project])).map(name => goImage(knativeImage(project, name), join(programs[project], name))),
  )
  const goImages = [
    ...podPrograms.map(name => goImage(`dev.local/${name}:test`, join(programs.kubernetes, name))),
    ...(await Promise.all(knative)).flat(),
  ]
  const images = [
    ...(await vigiaImages(versions)),
    await helloImage(),
    await behavingImage(),
    await postgresImage(),
    await mongoImage(),
    ...(await Promise.all(goImages)),
  ]
  // One archive for each image, so that a changed image is the only one that is written again.
  const archives = []
  for (const image of images) archives.push(await writeImages([image]))
  return archives
}
