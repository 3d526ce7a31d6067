import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'

/** The address of an API server, its CA and our token. */
export interface Access {
  url: string
  /** PEM. */
  authority: string
  token: string
}

/** A Kubernetes object from the API server. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    uid: string
    resourceVersion: string
    creationTimestamp: string
    generation?: number
    deletionTimestamp?: string
    finalizers?: string[]
    ownerReferences?: { uid: string; kind: string; name: string }[]
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs by kind, and the API server has validated it.
  [part: string]: any
}

/** A kind of the API server with its path: `/apis/apps/v1` and `statefulsets`. */
export interface Resource {
  apiVersion: string
  kind: string
  base: string
  plural: string
  namespaced: boolean
  /** `list`, `watch`, `deletecollection` and so on. */
  verbs: string[]
}

/** A version of a group in the discovery document. */
interface Versioned {
  version: string
  resources: { resource: string; responseKind: { kind: string }; scope: string; verbs: string[] }[]
}

const discovery = 'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io'

interface RequestOptions {
  body?: unknown
  /** The content type of the body. */
  type?: string
  accept?: string
}

/** A minimal Kubernetes client for the fake controllers. */
export class ClusterClient {
  readonly #access: Access
  readonly #agent: Agent

  constructor(access: Access) {
    this.#access = access
    this.#agent = new Agent({ ca: access.authority, keepAlive: true })
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Sends a request; resolves with the status and the JSON of the response, also for errors of the server. */
  // biome-ignore lint/suspicious/noExplicitAny: see KubeObject.
  ask(method: string, path: string, options: RequestOptions = {}): Promise<{ status: number; body: any }> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(method, path, options)
      outgoing.once('error', reject)
      outgoing.once('response', response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString()
          const json = response.headers['content-type']?.startsWith('application/json')
          resolve({ status: response.statusCode!, body: json ? JSON.parse(text) : text })
        })
      })
    })
  }

  /** Every kind of the server, each in its preferred version. */
  async resources(): Promise<Resource[]> {
    const groups = await Promise.all(['/api', '/apis'].map(path => this.ask('GET', path, { accept: discovery })))
    const found: [string, Resource][] = groups
      .flatMap(({ body }) => body.items)
      .flatMap(({ metadata, versions }) =>
        versions.flatMap(({ version, resources }: Versioned) => {
          const apiVersion = metadata.name ? `${metadata.name}/${version}` : version
          const base = metadata.name ? `/apis/${apiVersion}` : `/api/${version}`
          return resources.map(({ resource: plural, responseKind: { kind }, scope, verbs }): [string, Resource] => [
            `${metadata.name}/${plural}`,
            { apiVersion, base, kind, plural, namespaced: scope === 'Namespaced', verbs },
          ])
        }),
      )
    // The preferred version is the first, and a Map keeps the last, so the list is reversed.
    return [...new Map(found.toReversed()).values()]
  }

  /**
   * Calls `onChange` for every existing object and for each change until `signal` aborts. Resolves when the server ends
   * the watch.
   */
  async watch(
    { base, plural, apiVersion, kind }: Resource,
    onChange: (change: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const outgoing = this.#open('GET', `${base}/${plural}?watch=true`)
    signal.addEventListener('abort', () => outgoing.destroy(), { once: true })
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('error', reject)
        outgoing.once('response', resolve)
      })
      let rest = ''
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        for (const line of lines) {
          const { type, object } = JSON.parse(line)
          if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED')
            onChange(type, { apiVersion, kind, ...object })
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** The path of an object, or without a name the path of its kind in the namespace. */
  pathOf({ base, plural, namespaced }: Resource, namespace?: string, name?: string): string {
    const inNamespace = namespaced && namespace ? ['namespaces', namespace] : []
    return [base, ...inNamespace, plural, ...(name ? [name] : [])].join('/')
  }

  #open(method: string, path: string, options: RequestOptions = {}) {
    const { body, type = 'application/json', accept = 'application/json' } = options
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const outgoing = request(new URL(path, this.#access.url), {
      method,
      agent: this.#agent,
      headers: {
        authorization: `Bearer ${this.#access.token}`,
        accept,
        // Node sets no length for a DELETE. Without a length the server would read the body as the start of the next
        // request.
        ...(bytes ? { 'content-type': type, 'content-length': bytes.length } : {}),
      },
    })
    outgoing.end(bytes)
    return outgoing
  }
}
