import type { YamlNode } from './yaml-node.ts'

const standard = ['id', 'type', 'source', 'subject', 'time', 'specversion', 'dataschema', 'datacontenttype', 'data']

/** `ceOverrides.extensions`: names as they go out, in lower case. */
export const readExtensions = (overrides: YamlNode | undefined): Record<string, string> =>
  Object.fromEntries(
    (overrides?.fields(['extensions']).extensions?.entries() ?? []).map(([name, value]) => {
      if (!/^[a-zA-Z0-9]+$/.test(name)) value.refuse('is not a valid extension name: letters and digits only')
      // Measured: Knative takes it, shows Ready, and the source never sends an event again.
      if (standard.includes(name.toLowerCase()))
        value.refuse('is a standard attribute; overriding it silences the source')
      if (!/^[\x21-\x7e]*$/.test(value.nonEmptyString()) || /["%]/.test(value.nonEmptyString()))
        value.refuse('should be printable ASCII without spaces, quotes and %')
      return [name.toLowerCase(), value.nonEmptyString()]
    }),
  )
