import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import type { Manifest } from './manifest-files.ts'

/** The overlays of infra/cluster: one folder for each kind of cluster. */
export const overlays = ['minikube', 'gke', 'onprem'] as const
export type Overlay = (typeof overlays)[number]

/**
 * Copies everything that the overlays are made of into a new temporary folder and returns its path. The copy also has
 * minikube's .env, which git does not have: it is a copy of .env.example. The caller removes the folder.
 */
export const copyClusterFiles = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-cluster-'))
  for (const part of ['knative', 'triggers', 'infra/cluster'])
    await cp(join(root, part), join(folder, part), { recursive: true, filter: path => !path.endsWith('/.env') })
  const minikube = join(folder, 'infra/cluster/minikube')
  await cp(join(minikube, '.env.example'), join(minikube, '.env'))
  return folder
}

/** Parses the output of `kubectl kustomize`. `file` is the name that the objects and the errors carry. */
export const parseManifests = (text: string, file: string): Manifest[] =>
  parseAllDocuments(text).map(document => {
    if (document.errors[0]) throw new Error(`${file}: ${document.errors[0].message}`)
    return { file, ...document.toJS({ maxAliasCount: 0 }) }
  })

const memo = new Map<Overlay, Promise<Manifest[]>>()

/**
 * The objects of an overlay as `kubectl apply -k` sends them. Each process renders an overlay once, from a copy of the
 * checkout.
 */
export const renderOverlay = (overlay: Overlay): Promise<Manifest[]> => {
  const known = memo.get(overlay) ?? render(overlay)
  memo.set(overlay, known)
  return known
}

const render = async (overlay: Overlay) => {
  const folder = await copyClusterFiles()
  try {
    return parseManifests(await kustomize(join(folder, 'infra/cluster', overlay)), `infra/cluster/${overlay}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
