import type { YamlNode } from './yaml-node.ts'

const standardAttributes = [
  'id',
  'type',
  'source',
  'subject',
  'time',
  'specversion',
  'dataschema',
  'datacontenttype',
  'data',
]

/** Reads `ceOverrides.extensions`. The names are returned in lower case, because they are sent in lower case. */
export const readExtensions = (overrides: YamlNode | undefined): Record<string, string> =>
  Object.fromEntries(
    (overrides?.fields(['extensions']).extensions?.entries() ?? []).map(([name, value]) => {
      if (!/^[a-zA-Z0-9]+$/.test(name)) value.refuse('is not a valid extension name; write letters and digits only')
      // Measured: Knative accepts this override and reports the source as Ready, but the source never sends an event
      // again.
      if (standardAttributes.includes(name.toLowerCase()))
        value.refuse('is a standard attribute; overriding it silences the source, so remove it')
      if (!/^[\x21-\x7e]*$/.test(value.nonEmptyString()) || /["%]/.test(value.nonEmptyString()))
        value.refuse('should be printable ASCII without spaces, quotes and %')
      return [name.toLowerCase(), value.nonEmptyString()]
    }),
  )
