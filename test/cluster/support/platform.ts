import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { type ApiServer, succeeded } from '../api-server.ts'

/** Kinds of the clusters' platforms that nobody taught the API server: their CRDs are not among ours. */
const untaught = ['ObjectStore']

/** Puts under Vigia what whoever runs a cluster of this kind has there: the folders platform/ and volumes/ of its overlay. */
export const bringPlatform = async ({ kubectl }: ApiServer, overlay: string): Promise<void> => {
  // Envoy Gateway brings it.
  await apply(kubectl, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'envoy-gateway-system' } }])
  for (const folder of ['platform', 'volumes'].map(name => join(overlay, name)).filter(path => existsSync(path))) {
    const items = parseManifests(await kustomize(folder), folder)
      .filter(({ kind }) => !untaught.includes(kind))
      .map(({ file: _, ...object }) => object)
    await apply(kubectl, items)
  }
}

const apply = async (kubectl: ApiServer['kubectl'], items: object[]) => {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  succeeded(await kubectl(['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'], { input }))
}
