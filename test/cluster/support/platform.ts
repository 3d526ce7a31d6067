import { join } from 'node:path'
import { kustomize } from '#test/support/kube-tools.ts'
import { objectsIn } from '#test/support/overlays.ts'
import { type ApiServer, succeeded } from '../api-server.ts'

/** Kinds of the clusters' platforms that nobody taught the API server: their CRDs are not among ours. */
const untaught = ['ObjectStore']

/** Puts under Vigia what whoever runs a cluster of this kind has there: the folder platform/ of its overlay. */
export const bringPlatform = async ({ kubectl }: ApiServer, overlay: string): Promise<void> => {
  const folder = join(overlay, 'platform')
  const items = objectsIn(await kustomize(folder), folder)
    .filter(({ kind }) => !untaught.includes(kind))
    .map(({ file: _, ...object }) => object)
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  succeeded(await kubectl(['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'], { input }))
}
