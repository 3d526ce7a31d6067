/** The parts of Skaffold's configuration that the tests use. */
export interface SkaffoldConfig {
  apiVersion: string
  build: { artifacts: Artifact[]; tagPolicy?: Record<string, unknown>; local?: { push?: boolean } }
  manifests: { kustomize: { paths: string[] } }
  deploy: { kubectl: { hooks: { before: Hook[]; after: Hook[] } } }
  resourceSelector?: { allow?: { groupKind: string; image?: string[] }[] }
  portForward: { resourceType: string; resourceName: string; namespace: string; port: number; localPort: number }[]
  verify: {
    name: string
    container: { name: string; image: string }
    executionMode: { kubernetesCluster: { jobManifestPath: string } }
  }[]
  profiles: (Partial<Omit<SkaffoldConfig, 'profiles'>> & {
    name: string
    activation?: unknown[]
    patches?: { op?: string; path: string; value?: unknown }[]
  })[]
}

export interface Artifact {
  image: string
  context: string
  docker: { dockerfile: string; target: string; buildArgs: Record<string, string> }
  hooks?: { before: Hook['host'][] }
  sync?: { manual?: { src: string; dest: string; strip?: string }[]; infer?: string[]; auto?: boolean }
}

interface Hook {
  host: { os?: string[]; command: string[] }
}

/** The parts that Skaffold does not merge: the whole part of a profile replaces the part of the file. */
const replacedAsWhole = new Set(['tagPolicy', 'local'])

/**
 * The configuration that Skaffold uses with `-p <profile>`. Values of the profile replace those of the file (a list is
 * replaced as a whole), and then the patches of the profile are applied. As in Skaffold, a patch of a path that does
 * not exist is an error.
 */
export const withProfile = (config: SkaffoldConfig, profile: string): SkaffoldConfig => {
  const found = config.profiles.find(({ name }) => name === profile)
  if (!found) throw new Error(`there is no profile ${profile}`)
  const { name: _, activation: __, patches = [], ...parts } = found
  const merged = overlaid(structuredClone({ ...config, profiles: [] }), structuredClone(parts)) as SkaffoldConfig
  for (const { op = 'replace', path, value } of patches) {
    const keys = path.split('/').slice(1)
    const last = keys.pop()!
    // biome-ignore lint/suspicious/noExplicitAny: the value at a path may be of any type.
    const place = keys.reduce<any>((at, key) => at?.[key], merged)
    if (op !== 'replace' || place?.[last] === undefined) throw new Error(`invalid path: ${path}`)
    place[last] = value
  }
  return merged
}

const overlaid = (own: unknown, other: unknown, name = ''): unknown => {
  if (other === undefined) return own
  if (!isObject(own) || !isObject(other) || replacedAsWhole.has(name)) return other
  const keys = [...Object.keys(own), ...Object.keys(other)]
  return Object.fromEntries(keys.map(key => [key, overlaid(own[key], other[key], key)]))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
