import type { Manifest, Untyped } from '../cluster/render/manifest-files.ts'
import { Expression } from './merge.ts'

/** The values that a user may set. The defaults come from the manifests. */
export interface Settings {
  cluster: string
  image: { repository: string; tag: string }
  revision: string
  domain: string
  configuration: Record<string, string>
  storage: { postgres: string; mongodb: string }
  /** The keys of minikube's Secrets. On other clusters, other tools create the Secrets. */
  secrets: string[]
  /** For onprem: what seal.sh wrote for one cluster, by Secret and key. */
  sealedSecrets: Record<string, Record<string, string>>
  functions: Record<string, FunctionSettings>
  /** Whether the chart includes the functions that publish, and the objects that refer to functions. */
  publishers: boolean
}

export interface FunctionSettings {
  minScale: number
  maxScale: number
  target: number
  concurrency: number
  resources: { requests: Record<string, string>; limits: Record<string, string> }
}

const scale = (key: string) => `autoscaling.knative.dev/${key}`
const isKnativeService = ({ kind, apiVersion }: Manifest) => kind === 'Service' && apiVersion.startsWith('serving.')
const find = (objects: Manifest[], kind: string, name: string): Untyped =>
  objects.find(one => one.kind === kind && one.metadata.name === name)
const claim = ({ volumeClaimTemplates }: Untyped) => volumeClaimTemplates[0].spec.resources.requests

/**
 * The settings with which the chart renders the objects of an overlay. Throws an Error if the overlay has no Grafana
 * route, because the domain is read from that route.
 */
export const settingsOf = (cluster: string, objects: Manifest[]): Settings => {
  const migrate = objects.find(({ kind }) => kind === 'Job')!
  const [, repository, tag] = /^(.+):([^:]+)$/.exec(migrate.spec.template.spec.containers[0].image)!
  const [console] = find(objects, 'HTTPRoute', 'grafana').spec.hostnames
  const postgres = find(objects, 'Cluster', 'vigia-postgres')
  const mongodb = find(objects, 'MongoDBCommunity', 'vigia-mongodb')
  return {
    cluster,
    image: { repository: repository!, tag: tag! },
    revision: migrate.metadata.annotations!['vigia.dev/revision']!,
    domain: console.replace(/^grafana\./, ''),
    configuration: find(objects, 'ConfigMap', 'vigia').data,
    storage: {
      postgres: postgres?.spec.storage.size ?? claim(find(objects, 'StatefulSet', 'postgres').spec).storage,
      mongodb: claim(mongodb?.spec.statefulSet.spec ?? find(objects, 'StatefulSet', 'mongodb').spec).storage,
    },
    secrets: objects.filter(({ kind }) => kind === 'Secret').flatMap(one => Object.keys((one as Untyped).data)),
    sealedSecrets: Object.fromEntries(
      objects
        .filter(({ kind, spec }) => kind === 'SealedSecret' && Object.keys(spec.encryptedData).length > 0)
        .map(({ metadata, spec }) => [metadata.name, spec.encryptedData]),
    ),
    publishers: true,
    functions: Object.fromEntries(
      objects.filter(isKnativeService).map(({ metadata, spec }) => {
        const { annotations } = spec.template.metadata
        const pod = spec.template.spec
        return [
          metadata.name,
          {
            minScale: Number(annotations[scale('min-scale')]),
            maxScale: Number(annotations[scale('max-scale')]),
            target: Number(annotations[scale('target')]),
            concurrency: pod.containerConcurrency,
            resources: pod.containers[0].resources,
          },
        ]
      }),
    ),
  }
}

/** The object with Expressions in the places that settings determine. */
export const parametrised = (object: Manifest, { image, domain, revision }: Settings): Manifest => {
  const { file: _, ...copy } = structuredClone(object) as Untyped
  for (const metadata of [copy.metadata, copy.spec?.template?.metadata]) {
    if (metadata?.labels?.['app.kubernetes.io/version'])
      metadata.labels['app.kubernetes.io/version'] = new Expression('.Values.image.tag | quote')
    if (metadata?.annotations?.['vigia.dev/revision'] === revision)
      metadata.annotations['vigia.dev/revision'] = new Expression('.Values.revision | quote')
  }
  for (const container of copy.spec?.template?.spec?.containers ?? [])
    if (container.image === `${image.repository}:${image.tag}`)
      container.image = new Expression('printf "%s:%s" .Values.image.repository .Values.image.tag | quote')
  special[isKnativeService(object) ? 'KnativeService' : object.kind]?.(copy)
  return inDomain(copy, domain)
}

/** Secrets that may be missing. Without them, failures are only logged. */
const optionalSecrets = ['TELEGRAM_OPS_BOT_TOKEN', 'TELEGRAM_OPS_CHAT_ID']

/** Functions that put Expressions into the other fields which settings determine, by kind. */
const special: Record<string, (object: Untyped) => void> = {
  KnativeService: ({ metadata, spec }) => {
    const of = (setting: string) => `(index .Values.functions "${metadata.name}").${setting}`
    const { annotations } = spec.template.metadata
    for (const [key, setting] of [
      ['min-scale', 'minScale'],
      ['max-scale', 'maxScale'],
      ['target', 'target'],
    ] as const)
      annotations[scale(key)] = new Expression(`${of(setting)} | quote`)
    spec.template.spec.containerConcurrency = new Expression(of('concurrency'))
    const [container] = spec.template.spec.containers
    container.resources = new Expression(`${of('resources')} | toJson`)
  },
  Job: ({ metadata }) => {
    metadata.name = new Expression('printf "migrate-%s" (.Values.image.tag | replace "." "-")')
  },
  ConfigMap: object => {
    if (object.metadata.name === 'vigia') object.data = new Expression('.Values.configuration | toJson')
  },
  Secret: object => {
    for (const key of Object.keys(object.data))
      object.data[key] = new Expression(
        `${optionalSecrets.includes(key) ? '' : `required "secrets.${key} is not set; values.yaml explains it" `}.Values.secrets.${key} | b64enc | quote`,
      )
  },
  SealedSecret: ({ metadata, spec }) => {
    const sealed = `(index .Values.sealedSecrets "${metadata.name}")`
    spec.encryptedData = new Expression(`${sealed} | default dict | toJson`)
    // The label value of Secrets that are not sealed is invalid, so that the API server refuses them.
    for (const [key, value] of Object.entries(metadata.labels ?? {}))
      if (key === 'vigia.dev/sealed')
        metadata.labels[key] = new Expression(`ternary "yes" "${value}" (not (empty ${sealed})) | quote`)
  },
  StatefulSet: object => {
    claim(object.spec).storage = new Expression(`.Values.storage.${object.metadata.name} | quote`)
  },
  Cluster: ({ spec }) => {
    spec.storage.size = new Expression('.Values.storage.postgres | quote')
  },
  MongoDBCommunity: ({ spec }) => {
    claim(spec.statefulSet.spec).storage = new Expression('.Values.storage.mongodb | quote')
  },
}

/** Replaces the domain at the end of every host name by the setting. */
const inDomain = (value: Untyped, domain: string): Untyped => {
  if (typeof value === 'string')
    return value.endsWith(`.${domain}`) && !value.includes('/')
      ? new Expression(`printf "${value.slice(0, -domain.length)}%s" .Values.domain | quote`)
      : value
  if (Array.isArray(value)) return value.map(one => inDomain(one, domain))
  if (typeof value !== 'object' || value === null || value instanceof Expression) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inDomain(one, domain)]))
}
