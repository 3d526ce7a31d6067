import type { ClusterClient, KubeObject, Resource } from './cluster-client.ts'

/**
 * One round of deleting a namespace: deletes the objects in it, or finalizes the namespace when it is empty. Returns
 * false when another round is needed.
 */
export const finishNamespaceDeletion = async (
  client: ClusterClient,
  resources: Resource[],
  namespace: KubeObject,
): Promise<boolean> => {
  const { name } = namespace.metadata
  const inside = resources.filter(one => one.namespaced && one.verbs.includes('deletecollection'))
  const left = await Promise.all(
    inside.map(async one => {
      const path = client.pathOf(one, name)
      const { status, body } = await client.ask('GET', `${path}?limit=1`)
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.message ?? body}`)
      if (body.items.length === 0) return 0
      await client.ask('DELETE', path, { body: { propagationPolicy: 'Background' } })
      return 1
    }),
  )
  if (left.some(count => count > 0)) return false
  await client.ask('PUT', `/api/v1/namespaces/${name}/finalize`, { body: { ...namespace, spec: { finalizers: [] } } })
  return true
}
