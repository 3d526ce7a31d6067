import { isMap, isScalar, parseDocument, visit } from 'yaml'
import { Refusal } from '#infra/refusal.ts'

/** The file that has the revision of each environment. */
export const environmentsFile = 'infra/argocd/applicationset.yaml'

/** An environment of the ApplicationSet, its revision, and the position of the revision in the text. */
export interface Environment {
  name: string
  revision: string
  range: [start: number, end: number]
}

/** The environments of an ApplicationSet: the elements with `env` and `revision`. */
export const environmentsIn = (text: string): Environment[] => {
  const found: Environment[] = []
  visit(parseDocument(text), {
    Map: (_, map) => {
      const [name, revision] = ['env', 'revision'].map(key => map.get(key, true))
      if (!isMap(map) || !isScalar(name) || !isScalar(revision) || !revision.range) return
      found.push({
        name: String(name.value),
        revision: String(revision.value),
        range: [revision.range[0], revision.range[1]],
      })
    },
  })
  return found
}

/** Replaces the revision of one environment and keeps everything else, comments included. */
export const withRevision = (text: string, environment: string, revision: string): string => {
  const known = environmentsIn(text)
  const found = known.find(({ name }) => name === environment)
  if (!found) {
    const names = known.map(({ name }) => name).join(', ') || 'none'
    throw new Refusal(`${environmentsFile} has no environment ${environment}; its environments are: ${names}`)
  }
  return text.slice(0, found.range[0]) + revision + text.slice(found.range[1])
}
