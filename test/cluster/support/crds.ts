import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '#test/support/manifests.ts'
import type { Ran } from '../api-server.ts'

const knative = process.env.KNATIVE_CRDS ?? join(root, '../shared/crds')
const folders = [knative, join(knative, 'platform')]

/** Why the kinds our objects are of cannot be taught to an API server here, or undefined. */
export const whyNoCrds = (): string | undefined =>
  folders.every(folder => existsSync(folder))
    ? undefined
    : 'no CRDs: set KNATIVE_CRDS to a folder that has them, and platform/ in it'

/** Teaches the API server the kinds of Knative and of the platform parts, and waits until it serves them. */
export const installCrds = async (kubectl: (args: string[]) => Promise<Ran>): Promise<void> => {
  const applied = await kubectl(['apply', '--server-side', ...folders.flatMap(folder => ['-f', folder])])
  if (applied.code !== 0) throw new Error(`the CRDs were refused: ${applied.stderr}`)
  const established = await kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s'])
  if (established.code !== 0) throw new Error(`CRDs that are not served: ${established.stderr}`)
}
