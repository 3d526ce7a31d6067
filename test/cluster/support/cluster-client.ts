import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'

/** Where an API server is and who we are to it. */
export interface Access {
  url: string
  /** PEM. */
  authority: string
  token: string
}

/** A Kubernetes object as the API server has it. */
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
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs by kind, and the API server has checked it.
  [part: string]: any
}

/** A kind of object the API server knows, and where: `/apis/apps/v1` and `statefulsets`. */
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
const mergePatch = 'application/merge-patch+json'

/** The little of a Kubernetes client that the stand-in for controllers needs. */
export const clusterClient = ({ url, authority, token }: Access) => {
  const agent = new Agent({ ca: authority, keepAlive: true })

  const open = (
    method: string,
    path: string,
    { body = undefined as unknown, type = 'application/json', accept = 'application/json' } = {},
  ) => {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const asking = request(new URL(path, url), {
      method,
      agent,
      headers: {
        authorization: `Bearer ${token}`,
        accept,
        // Node gives a DELETE no length by itself, and the next request on the connection would begin with its body.
        ...(bytes ? { 'content-type': type, 'content-length': bytes.length } : {}),
      },
    })
    asking.end(bytes)
    return asking
  }

  /** The answer's status and JSON; a refusal is an answer. */
  const ask = (method: string, path: string, options: Parameters<typeof open>[2] = {}) =>
    // biome-ignore lint/suspicious/noExplicitAny: see KubeObject.
    new Promise<{ status: number; body: any }>((resolve, reject) => {
      const asking = open(method, path, options)
      asking.once('error', reject)
      asking.once('response', response => {
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

  /** Every kind the server knows, each in the version it prefers. */
  const resources = async (): Promise<Resource[]> => {
    const groups = await Promise.all(['/api', '/apis'].map(path => ask('GET', path, { accept: discovery })))
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
    // The first one counts, and a Map keeps the last.
    return [...new Map(found.toReversed()).values()]
  }

  /** Tells of every object there is and of each change until `signal` says enough; resolves when the server ends the watch. */
  const watch = async (
    { base, plural, apiVersion, kind }: Resource,
    tell: (change: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    const asking = open('GET', `${base}/${plural}?watch=true`)
    signal.addEventListener('abort', () => asking.destroy(), { once: true })
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        asking.once('error', reject)
        asking.once('response', resolve)
      })
      let rest = ''
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        for (const line of lines) {
          const { type, object } = JSON.parse(line)
          if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') tell(type, { apiVersion, kind, ...object })
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** The path of one object, or of its kind within its namespace. */
  const pathOf = ({ base, plural, namespaced }: Resource, namespace?: string, name?: string) =>
    [base, ...(namespaced && namespace ? ['namespaces', namespace] : []), plural, ...(name ? [name] : [])].join('/')

  return {
    ask,
    resources,
    watch,
    pathOf,
    /** Writes part of an object; `part` of its status where `subresource` says so. */
    merge: (path: string, part: unknown) => ask('PATCH', path, { body: part, type: mergePatch }),
    close: () => agent.destroy(),
  }
}

export type ClusterClient = ReturnType<typeof clusterClient>
