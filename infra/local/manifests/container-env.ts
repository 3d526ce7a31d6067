import type { EnvEntry } from './model.ts'
import { YamlNode } from './yaml-node.ts'

const reservedNames = ['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION', 'K_SINK', 'K_CE_OVERRIDES']

/** Reads the `env` of a container. */
export const readEnv = (env: YamlNode): EnvEntry[] => {
  const seen = new Set<string>()
  return env.list().map(entry => {
    const fields = entry.fields(['name', 'value', 'valueFrom'])
    const node = YamlNode.required(fields.name, entry, 'name')
    const name = node.nonEmptyString()
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      node.refuse(`is "${name}", which is not a valid variable name; write letters, digits and _`)
    if (reservedNames.includes(name)) node.refuse(`is ${name}, which Knative sets itself; remove it`)
    if (seen.has(name)) node.refuse(`is ${name} for the second time; remove one of the two`)
    seen.add(name)
    if (Boolean(fields.value) === Boolean(fields.valueFrom)) entry.refuse('needs a value or a valueFrom, and not both')
    return {
      ...entry.origin,
      name,
      ...(fields.value ? readValue(fields.value) : readReference(fields.valueFrom!)),
    }
  })
}

const readValue = (node: YamlNode) => {
  const value = node.string()
  if (value.includes('$('))
    node.refuse('has a $(…) reference, which is not expanded on one machine; write the value itself')
  return { value }
}

/**
 * Reads a reference to a Secret or ConfigMap. Neither exists on one machine, so the value is that of the environment
 * variable of `npm start` that has the reference's `key` as its name.
 */
const readReference = (node: YamlNode) => {
  const { secretKeyRef, configMapKeyRef } = node.fields(['secretKeyRef', 'configMapKeyRef'])
  const reference = secretKeyRef ?? configMapKeyRef
  if (!reference || (secretKeyRef && configMapKeyRef))
    return node.refuse('needs a secretKeyRef or a configMapKeyRef, and not both')
  const fields = reference.fields(['name', 'key', 'optional'])
  YamlNode.required(fields.name, reference, 'name').nonEmptyString()
  return {
    key: YamlNode.required(fields.key, reference, 'key').nonEmptyString(),
    optional: fields.optional?.boolean() ?? false,
  }
}
