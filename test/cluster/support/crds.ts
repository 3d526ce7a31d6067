import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { root } from '#test/support/manifests.ts'
import type { Ran, RunOptions } from '../api-server.ts'

const knative = process.env.KNATIVE_CRDS ?? join(root, '../shared/crds')
const folders = [knative, join(knative, 'platform')]

/** Why the kinds our objects are of cannot be taught to an API server here, or undefined. */
export const whyNoCrds = (): string | undefined =>
  folders.every(folder => existsSync(folder))
    ? undefined
    : 'no CRDs: set KNATIVE_CRDS to a folder that has them, and platform/ in it'

/** Teaches the API server the kinds of Knative and of the platform parts, and waits until it serves them. */
export const installCrds = async (kubectl: (args: string[], options?: RunOptions) => Promise<Ran>): Promise<void> => {
  const crds = folders.flatMap(folder =>
    readdirSync(folder)
      .filter(name => name.endsWith('.yaml'))
      .flatMap(name => parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(one => asStored(one.toJS()))),
  )
  const applied = await kubectl(['apply', '--server-side', '--validate=false', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: crds }),
  })
  if (applied.code !== 0) throw new Error(`the CRDs were refused: ${applied.stderr}`)
  const established = await kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=120s'])
  if (established.code !== 0) throw new Error(`CRDs that are not served: ${established.stderr}`)
}

interface Crd {
  spec: { conversion?: unknown; versions: { storage: boolean }[] }
  status?: unknown
}

/** In the version that is stored alone: whoever converts from and to the others is a webhook, and there are none here. */
const asStored = ({ status: _, spec: { conversion: __, ...spec }, ...crd }: Crd) => ({
  ...crd,
  spec: { ...spec, versions: spec.versions.filter(({ storage }) => storage) },
})
