import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'

/** A value that Helm computes. `text` stands between the braces of the template. */
export class Expression {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** The variants of an object, by cluster. Leaves may be Expressions. */
export type Variants = Map<string, unknown>

/**
 * Makes one Helm template from the variants of an object. Fields that are equal in all variants appear once; fields
 * that differ stand in conditions on `.Values.cluster`. If not all of `clusters` have the object, a condition encloses
 * it.
 */
export const template = (variants: Variants, clusters: readonly string[]): string => {
  const scope = [...variants.keys()]
  const body = fields(variants, '')
  return ['---', ...conditional(scope, clusters, body)].join('\n').concat('\n')
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Expression)

/** The lines of a map's fields, in the order of the first variant that has each field. */
const fields = (variants: Variants, indent: string): string[] => {
  const maps = [...variants].map(([cluster, value]) => [cluster, value as Record<string, unknown>] as const)
  const keys = [...new Set(maps.flatMap(([, map]) => Object.keys(map)))]
  return keys.flatMap(key => {
    const having: Variants = new Map(maps.filter(([, map]) => key in map).map(([cluster, map]) => [cluster, map[key]]))
    return field(key, having, [...variants.keys()], indent)
  })
}

const field = (key: string, variants: Variants, scope: string[], indent: string): string[] => {
  const groups = alike(variants)
  if (groups.length > 1 && [...variants.values()].every(value => isMap(value) && Object.keys(value).length > 0)) {
    const lines = [`${indent}${plainKey(key)}:`, ...fields(variants, `${indent}  `)]
    return conditional([...variants.keys()], scope, lines)
  }
  return groups.flatMap(({ clusters, value }) => conditional(clusters, scope, yaml({ [key]: value }, indent)))
}

/** Groups the variants that are equal. */
const alike = (variants: Variants) => {
  const groups: { clusters: string[]; value: unknown }[] = []
  for (const [cluster, value] of variants) {
    const same = groups.find(group => isDeepStrictEqual(group.value, value))
    if (same) same.clusters.push(cluster)
    else groups.push({ clusters: [cluster], value })
  }
  return groups
}

const conditional = (clusters: string[], scope: readonly string[], lines: string[]): string[] => {
  if (scope.every(cluster => clusters.includes(cluster))) return lines
  const [only] = clusters
  const condition =
    clusters.length === 1
      ? `eq .Values.cluster "${only}"`
      : `has .Values.cluster (list ${clusters.map(cluster => `"${cluster}"`).join(' ')})`
  return [`{{- if ${condition} }}`, ...lines, '{{- end }}']
}

const plainKey = (key: string) => stringify(key).trimEnd()

/** YAML in which each Expression becomes a Helm action. Braces of the original text are escaped. */
const yaml = (value: unknown, indent: string): string[] => {
  const expressions: string[] = []
  const marked = mark(value, text => `vigia-expression-${expressions.push(text) - 1}-end`)
  return stringify(marked, { lineWidth: 0, aliasDuplicateObjects: false })
    .trimEnd()
    .split('\n')
    .map(line => (line === '' ? line : indent + line))
    .map(line => line.replace(/\{\{|\}\}/g, braces => `{{ "${braces}" }}`))
    .map(line => line.replace(/vigia-expression-(\d+)-end/g, (_, index) => `{{ ${expressions[Number(index)]} }}`))
}

const mark = (value: unknown, put: (text: string) => string): unknown => {
  if (value instanceof Expression) return put(value.text)
  if (Array.isArray(value)) return value.map(one => mark(one, put))
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mark(one, put)]))
  return value
}
