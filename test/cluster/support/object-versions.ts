import { type ApiServer, expectSuccess } from '../api-server.ts'

interface Listed {
  kind: string
  metadata: { name: string; uid: string; resourceVersion: string; generation?: number }
}

/** All objects in a namespace, as sorted lines `Kind/name uid version`, to compare before and after. */
export const objectVersions = async ({ controllers, kubectl }: ApiServer, namespace = 'vigia'): Promise<string[]> => {
  await controllers.settled()
  const kinds = expectSuccess(await kubectl(['api-resources', '--namespaced', '--verbs=list', '-o', 'name']))
  const names = kinds.split('\n').filter(name => name && !name.startsWith('events'))
  const found = JSON.parse(
    expectSuccess(await kubectl(['get', names.join(','), `--namespace=${namespace}`, '-o', 'json'])),
  )
  return found.items.map(versionOf).sort()
}

/**
 * `Kind/name uid version` of an object. Volume claims have no version here, because the API server writes an unchanged
 * claim once more when it is applied for the second time.
 */
export const versionOf = ({ kind, metadata }: Listed): string =>
  `${kind}/${metadata.name} ${metadata.uid} ${kind === 'PersistentVolumeClaim' ? '' : metadata.resourceVersion}`.trim()
