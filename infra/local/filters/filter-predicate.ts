import { cesqlErrors, cesqlPredicate } from './cesql.ts'
import type { Filter } from './filter.ts'

type Attributes = Readonly<Record<string, string>>
export type Predicate = (attributes: Attributes) => boolean

/** Whether an event passes all filters. An empty list lets every event pass. */
export const predicate = (filters: readonly Filter[]): Predicate => every(filters.map(compile))

/**
 * The only `type` that can pass these filters, or null when several types may pass. The broker looks up Triggers by
 * this type.
 */
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
    // In this dialect, if the filter's value is empty, the event's value must exist and not be empty.
    return every(
      Object.entries(filter.attributes).map(([name, value]) =>
        value === '' ? attributes => (attributes[name] ?? '') !== '' : attributes => attributes[name] === value,
      ),
    )
  if ('exact' in filter) return comparing(filter.exact, (actual, value) => actual === value)
  if ('prefix' in filter) return comparing(filter.prefix, (actual, value) => actual.startsWith(value))
  if ('suffix' in filter) return comparing(filter.suffix, (actual, value) => actual.endsWith(value))
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

const comparing = (values: Attributes, matches: (actual: string, value: string) => boolean): Predicate =>
  every(
    Object.entries(values).map(([name, value]) => attributes => {
      const actual = attributes[name]
      return actual !== undefined && matches(actual, value)
    }),
  )

/**
 * The errors of a filter that Knative would not apply as it is written, each with the path of the element. Knative
 * accepts these filters. Then every event passes, or no event passes, or the process that serves all brokers of the
 * cluster crashes (measured).
 */
export const filterErrors = (filter: Filter, path = 'filter'): string[] => {
  const dialects = Object.keys(filter)
  if (dialects.length !== 1) return [`${path} has ${dialects.length} dialects; an element must have exactly one`]
  const [dialect] = dialects
  if ('attributes' in filter) return attributeErrors(filter.attributes, `${path}.attributes`, true)
  if ('exact' in filter) return attributeErrors(filter.exact, `${path}.exact`, false)
  if ('prefix' in filter) return attributeErrors(filter.prefix, `${path}.prefix`, false)
  if ('suffix' in filter) return attributeErrors(filter.suffix, `${path}.suffix`, false)
  if ('all' in filter) return elementErrors(filter.all, `${path}.all`)
  if ('any' in filter) return elementErrors(filter.any, `${path}.any`)
  if ('not' in filter) return filterErrors(filter.not, `${path}.not`)
  if ('cesql' in filter) return cesqlErrors(filter.cesql).map(error => `${path}.cesql ${error}`)
  return [
    `${path}.${dialect} is not a filter dialect; use one of attributes, exact, prefix, suffix, all, any, not, cesql`,
  ]
}

const elementErrors = (filters: readonly Filter[], path: string): string[] =>
  filters.length === 0
    ? [`${path} is empty, which lets every event pass; remove it or add an element`]
    : filters.flatMap((filter, index) => filterErrors(filter, `${path}[${index}]`))

const attributeErrors = (values: Attributes, path: string, mayBeEmpty: boolean): string[] => {
  const names = Object.keys(values)
  if (names.length === 0) return [`${path} names no attribute, which lets every event pass; add an attribute`]
  return names.flatMap(name => {
    const error = attributeNameError(name)
    if (error !== null) return [`${path}.${name} ${error}`]
    if (values[name] === '' && !mayBeEmpty)
      return [`${path}.${name} is empty, and Knative skips an empty value: every event passes; write a value`]
    return []
  })
}

/**
 * Why an attribute of this name cannot be filtered on, or null. The message continues a sentence that begins with the
 * name.
 */
export const attributeNameError = (name: string): string | null => {
  if (!/^[a-z][a-z0-9]*$/.test(name))
    return 'is not a valid attribute name; write a small letter, then small letters and digits'
  if (name === 'knativebrokerttl')
    return 'never matches, because the broker removes this attribute before it filters; remove it'
  return null
}
