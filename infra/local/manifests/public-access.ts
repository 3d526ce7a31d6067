import type { KubernetesObject } from './kubernetes-object.ts'
import type { EnvEntry, PublicAccess } from './model.ts'
import type { YamlNode } from './yaml-node.ts'

const publicLabel = 'vigia.dev/public'
/** The annotation that names the secret of callers: `<header>=<variable of the container>`. */
export const publicSecret = 'vigia.dev/public-secret'

/** The longest label value that Kubernetes allows, in characters. */
const maxLabelLength = 63
const segment = '[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?'
const labelValue = new RegExp(`^${segment}(?:\\.${segment})*$`)

/** First segments of the paths that the runtime, or the host of a function, answers itself. */
const reservedSegments = ['healthz', 'metrics', 'version', 'readyz', 'api', 'dead']

/** The HTTP API of the functions. The paths of the runtime's own API have no version. */
const publicApi = /^api\.v\d+$/

/**
 * Reads the label that makes a function reachable on PUBLIC_PORT, and the annotation with the secret that callers must
 * send. A label value cannot contain `/`, so a dot separates the segments of the path: `status.badge` is
 * `/status/badge`. Returns null when the label is absent.
 */
export const readPublic = (
  { node, labels, annotations }: KubernetesObject,
  isClusterLocal: boolean,
  env: readonly EnvEntry[],
): PublicAccess | null => {
  const value = labels[publicLabel]
  const secret = annotations[publicSecret]
  if (value === undefined) {
    secret?.refuse(`has no effect without the label ${publicLabel}; add the label or remove the annotation`)
    return null
  }
  if (value.length > maxLabelLength || !labelValue.test(value))
    node.refuse(
      `has the label ${publicLabel}: ${JSON.stringify(value)}; write the path without its first slash, in small letters, ` +
        `digits, - and _, with a dot between segments: status.badge is /status/badge (at most ${maxLabelLength} characters)`,
    )
  const first = value.split('.', 1)[0]!
  if (reservedSegments.includes(first) && !publicApi.test(value))
    node.refuse(`has the label ${publicLabel}: ${value}; /${first} is reserved, choose another path`)
  if (isClusterLocal) node.refuse(`has the label ${publicLabel} and is cluster-local; remove one of the two labels`)
  return { path: `/${value.replaceAll('.', '/')}`, secret: secret ? readSecret(secret, env) : null }
}

const readSecret = (annotation: YamlNode, env: readonly EnvEntry[]) => {
  const [, header, variable] = /^([A-Za-z0-9-]+)=([A-Za-z_][A-Za-z0-9_]*)$/.exec(annotation.nonEmptyString()) ?? []
  if (header === undefined || variable === undefined)
    return annotation.refuse('should be <header>=<variable of the container>, such as X-Secret=MY_SECRET')
  const entry = env.find(({ name }) => name === variable)
  if (!entry) return annotation.refuse(`names ${variable}, which is not in the container's env; add it there`)
  return { header: header.toLowerCase(), entry }
}
