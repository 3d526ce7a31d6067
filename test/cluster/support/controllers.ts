import { until } from '#test/support/until.ts'
import type { ClusterClient, KubeObject, Resource } from './cluster-client.ts'
import { endNamespace } from './namespace-end.ts'
import { offspring } from './offspring.ts'
import { holds, judgedKinds, verdict } from './verdicts.ts'
import { keyOf, kindOf } from './world.ts'

/** What does here what the controllers do in a cluster, as far as somebody outside can see: no container ever runs. */
export interface StandIn {
  /** What the API server refused it: a fault of the stand-in. */
  complaints: readonly string[]
  /** Resolves once it has looked at everything and found nothing to do. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Kinds it looks at although it gives them no status: others refer to them, or it finishes their deletion. */
const alsoWatched = [
  'ConfigMap',
  'eventing.knative.dev/RabbitmqBrokerConfig',
  'Namespace',
  'PersistentVolume',
  'Secret',
  'ServiceAccount',
]

/** What the controllers of volumes take off once no pod uses the volume, and the garbage collector once it has looked after dependents. */
const ours = ['kubernetes.io/pvc-protection', 'kubernetes.io/pv-protection', 'foregroundDeletion', 'orphan']

const conflictOrGone = [404, 409]

/** Watches every kind it knows and brings each object to what its controller would say of it. */
export const standIn = async (client: ClusterClient): Promise<StandIn> => {
  const world = new Map<string, KubeObject>()
  const complaints: string[] = []
  const said = new Map<string, string>()
  const stopping = new AbortController()
  const { signal } = stopping
  let news = Promise.withResolvers<void>()
  const lookAgain = () => news.resolve()
  let writes = 0
  let quietRounds = 0

  const all = await client.resources()
  const watched = all.filter(one => judgedKinds.includes(kindOf(one)) || alsoWatched.includes(kindOf(one)))
  const places = new Map(watched.map(one => [kindOf(one), one]))

  const write = async (method: string, path: string, body: unknown, type?: string) => {
    writes++
    const { status, body: answer } = await client.ask(method, path, { body, ...(type ? { type } : {}) })
    if (status >= 400 && !conflictOrGone.includes(status) && !isEnding(status, answer))
      complaints.push(`${method} ${path}: ${status} ${answer.message ?? answer}`)
    return answer
  }

  const settle = async (object: KubeObject, place: Resource): Promise<void> => {
    const { name, namespace, deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata
    const path = client.pathOf(place, namespace, name)
    if (deletionTimestamp) {
      if (object.kind === 'Namespace' && !(await endNamespace(client, all, object))) {
        writes++
        setTimeout(lookAgain, 50)
      }
      const kept = finalizers.filter(one => !ours.includes(one))
      if (kept.length < finalizers.length)
        await write('PATCH', path, { metadata: { finalizers: kept } }, 'application/merge-patch+json')
      return
    }
    const owners = ownerReferences.filter(({ kind }) => watched.some(one => one.kind === kind))
    if (owners.length > 0 && owners.every(({ uid }) => !uids().has(uid))) {
      await write('DELETE', path, undefined)
      return
    }
    for (const draft of offspring(object))
      if (!world.has(keyOf(kindOf(draft), draft.metadata.namespace, draft.metadata.name)))
        await write('POST', client.pathOf(places.get(kindOf(draft))!, draft.metadata.namespace), draft)
    const status = verdict(object, world)
    if (!status || holds(object.status, status)) return
    // A kind may lack a field that the others have: then the same word again changes nothing.
    const word = `${object.metadata.resourceVersion} ${JSON.stringify(status)}`
    if (said.get(object.metadata.uid) === word) return
    said.set(object.metadata.uid, word)
    const written = await write('PATCH', `${path}/status`, { status }, 'application/merge-patch+json')
    // The API server sends no event for a write that changes nothing. Counted, it would keep this round from being
    // quiet, and no event would begin another.
    if (written.metadata?.resourceVersion === object.metadata.resourceVersion) writes--
  }

  const uids = () => new Set([...world.values()].map(({ metadata }) => metadata.uid))

  const watching = watched.map(async place => {
    while (!signal.aborted) {
      await client.watch(
        place,
        (change, object) => {
          const key = keyOf(kindOf(place), object.metadata.namespace, object.metadata.name)
          if (change === 'DELETED') world.delete(key)
          else world.set(key, object)
          lookAgain()
        },
        signal,
      )
    }
  })

  const settling = (async () => {
    while (!signal.aborted) {
      await news.promise
      news = Promise.withResolvers()
      const before = writes
      for (const object of [...world.values()]) {
        if (signal.aborted) return
        await settle(object, places.get(kindOf(object))!)
      }
      if (writes === before) quietRounds++
    }
  })()
  const over: Promise<void> = Promise.all([settling, ...watching]).then(
    () => {},
    (error: Error) => {
      if (!signal.aborted) complaints.push(error.stack ?? error.message)
    },
  )

  return {
    complaints,
    settled: async () => {
      const before = quietRounds
      lookAgain()
      await until(() => quietRounds > before, {
        timeoutMs: 60_000,
        what: 'a look at everything that finds nothing to do',
      })
    },
    stop: async () => {
      stopping.abort()
      lookAgain()
      await over
    },
  }
}

/** Nothing can be made in a namespace that is being deleted. */
// biome-ignore lint/suspicious/noExplicitAny: a Kubernetes Status.
const isEnding = (status: number, answer: any) => status === 403 && /being terminated/.test(answer.message)
