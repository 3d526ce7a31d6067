import { until } from '#test/support/until.ts'
import type { ClusterClient, KubeObject, Resource } from './cluster-client.ts'
import { finishNamespaceDeletion } from './namespace-deletion.ts'
import { ownedObjects } from './owned-objects.ts'
import { keyOf, kindOf } from './state.ts'
import { contains, kindsWithStatus, statusFor } from './status-for.ts'

/** Replaces the controllers of a cluster as far as `kubectl` can see: it never runs a container. */
export interface FakeControllers {
  /** Requests that the API server refused. Each is a bug in these controllers. */
  errors: readonly string[]
  /** Resolves after a round in which all objects were looked at and nothing had to be done. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/**
 * Kinds without a status here that are watched too: other objects refer to them, or their deletion has to be finished.
 */
const alsoWatched = [
  'ConfigMap',
  'eventing.knative.dev/RabbitmqBrokerConfig',
  'Namespace',
  'PersistentVolume',
  'Secret',
  'ServiceAccount',
]

/**
 * Finalizers that real controllers remove: those of volumes when no pod uses them, and those of the garbage collector.
 */
const ourFinalizers = ['kubernetes.io/pvc-protection', 'kubernetes.io/pv-protection', 'foregroundDeletion', 'orphan']

const conflictOrGone = [404, 409]
const mergePatch = 'application/merge-patch+json'

/** Watches every known kind, and writes to each object what its controller would write. */
export const startControllers = async (client: ClusterClient): Promise<FakeControllers> => {
  const controllers = new Controllers(client, await client.resources())
  controllers.start()
  return controllers
}

class Controllers implements FakeControllers {
  readonly errors: string[] = []
  readonly #client: ClusterClient
  readonly #resources: Resource[]
  readonly #watched: Resource[]
  readonly #resourceByKind: Map<string, Resource>
  readonly #state = new Map<string, KubeObject>()
  /** By uid: the version and the status of the last write, so that a write without effect is not repeated. */
  readonly #lastStatus = new Map<string, string>()
  readonly #stopping = new AbortController()
  #changed = Promise.withResolvers<void>()
  #writes = 0
  #quietRounds = 0
  #ended: Promise<void> = Promise.resolve()

  constructor(client: ClusterClient, resources: Resource[]) {
    this.#client = client
    this.#resources = resources
    this.#watched = resources.filter(one => kindsWithStatus.includes(kindOf(one)) || alsoWatched.includes(kindOf(one)))
    this.#resourceByKind = new Map(this.#watched.map(one => [kindOf(one), one]))
  }

  start(): void {
    this.#ended = Promise.all([this.#reconcileAll(), ...this.#watched.map(one => this.#watch(one))]).then(
      () => {},
      (error: Error) => {
        if (!this.#stopping.signal.aborted) this.errors.push(error.stack ?? error.message)
      },
    )
  }

  async settled(): Promise<void> {
    const before = this.#quietRounds
    this.#changed.resolve()
    await until(() => this.#quietRounds > before, {
      timeoutMs: 60_000,
      what: 'a round over all objects in which nothing had to be done',
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#changed.resolve()
    await this.#ended
  }

  async #watch(resource: Resource) {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#client.watch(
        resource,
        (change, object) => {
          const key = keyOf(kindOf(resource), object.metadata.namespace, object.metadata.name)
          if (change === 'DELETED') this.#state.delete(key)
          else this.#state.set(key, object)
          this.#changed.resolve()
        },
        signal,
      )
    }
  }

  async #reconcileAll() {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#changed.promise
      this.#changed = Promise.withResolvers()
      const before = this.#writes
      for (const object of [...this.#state.values()]) {
        if (signal.aborted) return
        await this.#reconcile(object)
      }
      if (this.#writes === before) this.#quietRounds++
    }
  }

  async #reconcile(object: KubeObject) {
    const { name, namespace, deletionTimestamp } = object.metadata
    const path = this.#client.pathOf(this.#resourceByKind.get(kindOf(object))!, namespace, name)
    if (deletionTimestamp) return await this.#finishDeletion(object, path)
    if (this.#isOrphan(object)) return void (await this.#write('DELETE', path, undefined))
    await this.#createOwnedObjects(object)
    await this.#writeStatus(object, path)
  }

  async #finishDeletion(object: KubeObject, path: string) {
    const { finalizers = [] } = object.metadata
    if (object.kind === 'Namespace' && !(await finishNamespaceDeletion(this.#client, this.#resources, object))) {
      this.#writes++
      setTimeout(() => this.#changed.resolve(), 50)
    }
    const others = finalizers.filter(one => !ourFinalizers.includes(one))
    if (others.length < finalizers.length)
      await this.#write('PATCH', path, { metadata: { finalizers: others } }, mergePatch)
  }

  /** Whether all owners of the object are deleted, as far as their kinds are watched. */
  #isOrphan({ metadata: { ownerReferences = [] } }: KubeObject): boolean {
    const owners = ownerReferences.filter(({ kind }) => this.#watched.some(one => one.kind === kind))
    const uids = new Set([...this.#state.values()].map(({ metadata }) => metadata.uid))
    return owners.length > 0 && owners.every(({ uid }) => !uids.has(uid))
  }

  async #createOwnedObjects(object: KubeObject) {
    for (const owned of ownedObjects(object)) {
      const { namespace, name } = owned.metadata
      if (this.#state.has(keyOf(kindOf(owned), namespace, name))) continue
      await this.#write('POST', this.#client.pathOf(this.#resourceByKind.get(kindOf(owned))!, namespace), owned)
    }
  }

  async #writeStatus(object: KubeObject, path: string) {
    const { resourceVersion, uid } = object.metadata
    const status = statusFor(object, this.#state)
    if (!status || contains(object.status, status)) return
    // The API server drops fields that the kind's status does not have. Writing them again would change nothing.
    const write = `${resourceVersion} ${JSON.stringify(status)}`
    if (this.#lastStatus.get(uid) === write) return
    this.#lastStatus.set(uid, write)
    const written = await this.#write('PATCH', `${path}/status`, { status }, mergePatch)
    // A write without effect must not count, because the API server sends no event for it: this round would not be
    // quiet, and no event would start another.
    if (written.metadata?.resourceVersion === resourceVersion) this.#writes--
  }

  async #write(method: string, path: string, body: unknown, type?: string) {
    this.#writes++
    const { status, body: response } = await this.#client.ask(method, path, { body, ...(type ? { type } : {}) })
    if (status >= 400 && !conflictOrGone.includes(status) && !isNamespaceTerminating(status, response))
      this.errors.push(`${method} ${path}: ${status} ${response.message ?? response}`)
    return response
  }
}

/** The API server refuses to create objects in a namespace that is being deleted. */
// biome-ignore lint/suspicious/noExplicitAny: a Kubernetes Status.
const isNamespaceTerminating = (status: number, response: any) =>
  status === 403 && /being terminated/.test(response.message)
