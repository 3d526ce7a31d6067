import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { type ApiServer, expectSuccess } from '../api-server.ts'

/** Kinds in the folders platform/ whose CRDs the tests do not have, so the API server does not know them. */
const kindsWithoutCrd = ['ObjectStore']

/**
 * Applies what the administrator of a cluster applies before Vigia: the folders platform/ and volumes/ of the overlay.
 */
export const applyPlatform = async ({ kubectl }: ApiServer, overlay: string): Promise<void> => {
  // Envoy Gateway's installation creates this namespace.
  await apply(kubectl, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'envoy-gateway-system' } }])
  for (const folder of ['platform', 'volumes'].map(name => join(overlay, name)).filter(path => existsSync(path))) {
    const items = parseManifests(await kustomize(folder), folder)
      .filter(({ kind }) => !kindsWithoutCrd.includes(kind))
      .map(({ file: _, ...object }) => object)
    await apply(kubectl, items)
  }
}

const apply = async (kubectl: ApiServer['kubectl'], items: object[]) => {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  expectSuccess(
    await kubectl(['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'], { input }),
  )
}
