import { type ApiServer, succeeded } from '../api-server.ts'

interface Listed {
  kind: string
  metadata: { name: string; uid: string; resourceVersion: string; generation?: number }
}

/** Every object there is in a namespace, as `Kind/name uid version`; of claims the uid alone. */
export const contents = async ({ controllers, kubectl }: ApiServer, namespace = 'vigia'): Promise<string[]> => {
  await controllers.settled()
  const kinds = succeeded(await kubectl(['api-resources', '--namespaced', '--verbs=list', '-o', 'name']))
  const names = kinds.split('\n').filter(name => name && !name.startsWith('events'))
  const found = JSON.parse(succeeded(await kubectl(['get', names.join(','), `--namespace=${namespace}`, '-o', 'json'])))
  return found.items.map(worded).sort()
}

/** What `contents` says of one object. The API server writes a claim once more when it is first applied again, word for word the same. */
export const worded = ({ kind, metadata }: Listed): string =>
  `${kind}/${metadata.name} ${metadata.uid} ${kind === 'PersistentVolumeClaim' ? '' : metadata.resourceVersion}`.trim()
