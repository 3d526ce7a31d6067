/** How deep objects are merged: the fields of a monitor, and the single settings and secrets. */
const depth = 2

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Applies a JSON Merge Patch (RFC 7396): null removes a field, except a field in which null is a value. A single
 * setting or secret is replaced as a whole.
 */
export const mergePatch = (
  before: unknown,
  patch: unknown,
  nullable: ReadonlySet<string> = new Set(),
  level = 0,
): unknown => {
  if (!isObject(patch) || level === depth) return patch
  const merged = new Map(Object.entries(isObject(before) ? before : {}))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null && !nullable.has(name)) merged.delete(name)
    else merged.set(name, mergePatch(merged.get(name), value, undefined, level + 1))
  }
  return Object.fromEntries(merged)
}
