import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { type Manifest, root } from './manifest-files.ts'

/** The clusters that infra/cluster knows, by the names of their folders. */
export const overlays = ['minikube', 'gke', 'onprem'] as const
export type Overlay = (typeof overlays)[number]

/**
 * A copy of what the overlays are made of, in a folder of its own, with the files that git does not have: minikube's .env, made from its
 * example. Whoever asks removes it.
 */
export const clusterCopy = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-cluster-'))
  for (const part of ['knative', 'triggers', 'infra/cluster'])
    await cp(join(root, part), join(folder, part), { recursive: true, filter: path => !path.endsWith('/.env') })
  const minikube = join(folder, 'infra/cluster/minikube')
  await cp(join(minikube, '.env.example'), join(minikube, '.env'))
  return folder
}

/** The objects in what `kubectl kustomize` printed. */
export const objectsIn = (text: string, file: string): Manifest[] =>
  parseAllDocuments(text).map(document => {
    if (document.errors[0]) throw new Error(`${file}: ${document.errors[0].message}`)
    return { file, ...document.toJS({ maxAliasCount: 0 }) }
  })

const memo = new Map<Overlay, Promise<Manifest[]>>()

/** The objects of an overlay as `kubectl apply -k` would send them. Rendered once a process, out of the checkout. */
export const rendered = (overlay: Overlay): Promise<Manifest[]> => {
  const known = memo.get(overlay) ?? render(overlay)
  memo.set(overlay, known)
  return known
}

const render = async (overlay: Overlay) => {
  const folder = await clusterCopy()
  try {
    return objectsIn(await kustomize(join(folder, 'infra/cluster', overlay)), `infra/cluster/${overlay}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
