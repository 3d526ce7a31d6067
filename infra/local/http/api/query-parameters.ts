/** A query that names what the route does not take, or cannot be read; in words for the caller. */
export class NoSuchParameters extends Error {}

/**
 * The parameters of a query by name. Throws NoSuchParameters for a name that is not in `allowed`, one that is there twice, one
 * without a value, and for text that is not percent-encoded UTF-8, because a filter that is ignored answers another question.
 */
export const parametersIn = (search: string, allowed: readonly string[]): Record<string, string> => {
  const found: Record<string, string> = {}
  for (const pair of search.replace(/^\?/, '').split('&')) {
    if (pair === '') continue
    const [name, value] = pairIn(pair)
    if (!allowed.includes(name))
      throw new NoSuchParameters(`${name || '""'} is not a parameter here; ${listed(allowed)}`)
    if (Object.hasOwn(found, name)) throw new NoSuchParameters(`${name} is given twice; give it once`)
    if (value === '') throw new NoSuchParameters(`${name} has no value`)
    found[name] = value
  }
  return found
}

const listed = (allowed: readonly string[]) =>
  allowed.length === 0 ? 'this path takes no parameters' : `allowed: ${allowed.join(', ')}`

const pairIn = (pair: string): [name: string, value: string] => {
  const at = pair.indexOf('=')
  const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
  return [decoded(name), decoded(value)]
}

const decoded = (text: string): string => {
  let plain: string
  try {
    plain = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new NoSuchParameters(`${text} is not percent-encoded UTF-8`)
  }
  if (plain.includes('\0')) throw new NoSuchParameters(`${text} holds a NUL, which no attribute has`)
  return plain
}
