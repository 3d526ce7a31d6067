import { cesqlErrors, cesqlPredicate } from './cesql.ts'
import type { Filter } from './filter.ts'

type Attributes = Readonly<Record<string, string>>
export type Predicate = (attributes: Attributes) => boolean

/** Whether an event passes: all filters must agree, no filter lets everything through. */
export const predicate = (filters: readonly Filter[]): Predicate => every(filters.map(compile))

/** The one value of `type` that can pass, where the filters say so; a broker looks at its Triggers by that first. */
export const onlyType = (filters: readonly Filter[]): string | null => {
  for (const filter of filters) {
    const type = 'attributes' in filter ? filter.attributes.type : 'exact' in filter ? filter.exact.type : undefined
    if (type) return type
    const within = 'all' in filter ? onlyType(filter.all) : null
    if (within !== null) return within
  }
  return null
}

const every = (all: readonly Predicate[]): Predicate => {
  if (all.length === 1) return all[0]!
  return attributes => all.every(passes => passes(attributes))
}

const compile = (filter: Filter): Predicate => {
  if ('attributes' in filter)
    // Here the empty value means: there, and not empty.
    return every(
      Object.entries(filter.attributes).map(([name, value]) =>
        value === '' ? at => (at[name] ?? '') !== '' : at => at[name] === value,
      ),
    )
  if ('exact' in filter) return comparing(filter.exact, (said, value) => said === value)
  if ('prefix' in filter) return comparing(filter.prefix, (said, value) => said.startsWith(value))
  if ('suffix' in filter) return comparing(filter.suffix, (said, value) => said.endsWith(value))
  if ('all' in filter) return every(filter.all.map(compile))
  if ('any' in filter) {
    const some = filter.any.map(compile)
    return attributes => some.some(passes => passes(attributes))
  }
  if ('not' in filter) {
    const passes = compile(filter.not)
    return attributes => !passes(attributes)
  }
  return cesqlPredicate(filter.cesql)
}

const comparing = (values: Attributes, same: (said: string, value: string) => boolean): Predicate =>
  every(
    Object.entries(values).map(([name, value]) => attributes => {
      const said = attributes[name]
      return said !== undefined && same(said, value)
    }),
  )

/**
 * What would not filter as it looks, in words with the path of the element: Knative takes these and then lets everything pass,
 * nothing pass, or ends the process that serves every broker of the cluster (reference/knative-measured.md 7).
 */
export const filterErrors = (filter: Filter, path = 'filter'): string[] => {
  const dialects = Object.keys(filter)
  if (dialects.length !== 1) return [`${path} has ${dialects.length} dialects; an element has one`]
  const [dialect] = dialects
  if ('attributes' in filter) return attributeFaults(filter.attributes, `${path}.attributes`, true)
  if ('exact' in filter) return attributeFaults(filter.exact, `${path}.exact`, false)
  if ('prefix' in filter) return attributeFaults(filter.prefix, `${path}.prefix`, false)
  if ('suffix' in filter) return attributeFaults(filter.suffix, `${path}.suffix`, false)
  if ('all' in filter) return elementFaults(filter.all, `${path}.all`)
  if ('any' in filter) return elementFaults(filter.any, `${path}.any`)
  if ('not' in filter) return filterErrors(filter.not, `${path}.not`)
  if ('cesql' in filter) return cesqlErrors(filter.cesql).map(fault => `${path}.cesql ${fault}`)
  return [
    `${path}.${dialect} is not a filter dialect; use one of attributes, exact, prefix, suffix, all, any, not, cesql`,
  ]
}

const elementFaults = (filters: readonly Filter[], path: string): string[] =>
  filters.length === 0
    ? [`${path} is empty, which lets every event through`]
    : filters.flatMap((filter, index) => filterErrors(filter, `${path}[${index}]`))

const attributeFaults = (values: Attributes, path: string, emptyMeansThere: boolean): string[] => {
  const names = Object.keys(values)
  if (names.length === 0) return [`${path} names no attribute, which lets every event through`]
  return names.flatMap(name => {
    if (!/^[a-z][a-z0-9]*$/.test(name))
      return [`${path}.${name} is not a valid attribute name: a small letter, then letters and digits`]
    if (name === 'knativebrokerttl') return [`${path}.${name} never matches: the broker takes it off before it filters`]
    if (values[name] === '' && !emptyMeansThere)
      return [`${path}.${name} is empty, and an empty value is skipped: every event passes`]
    return []
  })
}
